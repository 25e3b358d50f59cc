/** What a cluster keeps together, as an observer hears of it: values, service addresses, history; and its key. */
import { expect, test } from "vitest";
import { Observer } from "../../src/cloud/observer.ts";
import type { LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { eventDigest, type HistoryEvent } from "../../src/wire/cluster-packet.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { membersWithKey, rotate } from "../system/cluster-parts.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { ADDRESS, keyOfLine, MAC, Watched } from "./watched.ts";

const LINE = keyOfSeed(1);
const HISTORY_COUNT = 8;

/** How many events a node has, and their digest. */
function historyOf(node: LabNode): readonly number[] {
  const bytes = node.readMemory(addressOf("history") + HISTORY_COUNT, 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint32(0, true), view.getUint32(4, true)];
}

async function replaceKey(node: LabNode): Promise<void> {
  node.type("\n");
  await rotate(node);
}

const heardOf = (events: readonly HistoryEvent[]): readonly number[] => [
  events.length,
  events.reduce((sum, event) => (sum + eventDigest(event)) >>> 0, 0),
];

test("values are known once they are told, and while they are the ones that count", async () => {
  const { lab, nodes } = await membersWithKey(3);
  const w = new Watched(lab, "switch", keyOfLine(LINE));
  await w.advance(2000);
  expect(w.observer.settings).toEqual(new Map());
  nodes[1]!.type('cloud set colour "deep blue"\n');
  await w.advance(1500);
  expect(w.observer.settings).toEqual(new Map([["colour", "deep blue"]]));
  nodes[2]!.type("cloud set colour\n");
  await w.advance(1500);
  expect(w.observer.settings).toEqual(new Map());
  const { changes } = w.observer;
  await w.advance(3000);
  expect(w.observer.changes).toBe(changes);
});

test("values of which it has not heard are null", async () => {
  const { lab, nodes } = await membersWithKey(3);
  nodes[0]!.type("cloud set colour blue\n");
  await lab.advance("3s");
  const w = new Watched(lab, "socket", keyOfLine(LINE));
  await w.advance(2000);
  expect(w.observer.settings).toBe(null);
});

test("a service address is where its holder says, and then where its next one says", async () => {
  const { lab, nodes } = await membersWithKey(3);
  const w = new Watched(lab, "switch", keyOfLine(LINE));
  await w.advance(2000);
  nodes[0]!.type("cloud address add 10.0.2.250\n");
  await w.advance(4000);
  const [service] = w.observer.services;
  expect(service?.address).toBe("10.0.2.250");
  const holder = w.observer.members.find(({ id }) => id === service!.holder);
  const machine = nodes.find(({ name }) => name === holder!.name)!;
  machine.powerOff();
  await w.advance(260);
  expect(w.observer.services).not.toContainEqual(service);
  await w.advance(1000);
  expect(w.observer.services.map(({ address }) => address)).toEqual(["10.0.2.250"]);
  expect(w.observer.services[0]!.holder).not.toBe(service!.holder);
});

test("the history that is heard from the beginning is the nodes' own, to the digest", async () => {
  const w = new Watched(boot({ nodes: Array.from({ length: 3 }, () => ({ cdrom: images().iso })) }), "socket");
  await w.advance(8000);
  const [, node] = w.lab.nodes;
  await node!.waitFor(PROMPT);
  node!.type("cloud set colour blue\n");
  await w.advance(2000);
  w.lab.nodes[2]!.powerOff();
  await w.advance(4000);
  expect(w.observer.events.map(({ kind }) => kind)).toEqual(expect.arrayContaining([1, 3, 5, 7]));
  expect(heardOf(w.observer.events)).toEqual(historyOf(node!));
});

test("an observer without the key, with another, or with another name knows nobody", async () => {
  const { lab } = await membersWithKey(3);
  const { key, name } = keyOfLine(LINE);
  const other = key.slice();
  other[0]! ^= 1;
  const strangers = [{}, { key: other, name }, { key, name: `${name}0` }].map((one) => new Watched(lab, "socket", one));
  for (const w of strangers) await w.advance(1500);
  for (const { observer } of strangers)
    expect([observer.members, observer.parts, observer.services, observer.changes]).toEqual([[], [], [], 0]);
  // Whoever has a key wonders whether it was replaced.
  expect(strangers.map(({ said }) => said.length)).toEqual([0, 1, 1]);
});

thoroughly(
  "an observer of an open cluster wants no key, and one with a key does not hear an open cluster",
  async () => {
    const lab = boot({ nodes: [{ cdrom: images().iso }] });
    const open = new Watched(lab, "socket");
    await open.advance(12_000);
    expect(open.observer.members).toHaveLength(1);
    const keyed = new Watched(lab, "socket", keyOfLine(LINE));
    await keyed.advance(2000);
    expect(keyed.observer.members).toEqual([]);
  },
);

test("a new key leaves the observer out, and it is told", async () => {
  const { lab, nodes } = await membersWithKey(3);
  const w = new Watched(lab, "socket", keyOfLine(LINE));
  await w.advance(2000);
  expect([w.observer.isOutdated, w.observer.parts.length]).toEqual([false, 1]);
  await replaceKey(nodes[0]!);
  await w.advance(4000);
  expect(w.observer.isOutdated).toBe(true);
  await w.advance(6000);
  expect([w.observer.members, w.observer.parts]).toEqual([[], []]);
});

thoroughly("an observer that comes with a key that was replaced is told, too", async () => {
  const { lab, nodes } = await membersWithKey(3);
  await replaceKey(nodes[0]!);
  const w = new Watched(lab, "socket", keyOfLine(LINE));
  await w.advance(2000);
  expect([w.observer.isOutdated, w.observer.members]).toEqual([true, []]);
  // A hello, and where it is, by ARP.
  expect(w.said).toHaveLength(2);
});

thoroughly("that is no invitation to ask more often than once in 250 ms", async () => {
  const { lab, nodes } = await membersWithKey(3);
  const w = new Watched(lab, "socket", keyOfLine(LINE));
  await w.advance(2000);
  await replaceKey(nodes[0]!);
  const before = w.said.length;
  await w.advance(10_000);
  expect(w.said.length - before).toBeLessThanOrEqual(40);
});

const options = {
  session: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  station: { mac: MAC, address: ADDRESS },
  send: (): void => {},
  now: (): number => 0,
};

test.each([
  ["a key of 31 bytes", { key: new Uint8Array(31), name: "a" }, "a cluster's key has a name and 32 bytes: a, 31 bytes"],
  ["a key without a name", { key: new Uint8Array(32) }, "a cluster's key has a name and 32 bytes: no name, 32 bytes"],
  ["a short session", { session: Uint8Array.of(1) }, "an observer's session has eight random bytes"],
  ["a session that begins with zeros", { session: new Uint8Array(8) }, "an observer's session has eight random bytes"],
  ["half a MAC address", { station: { mac: MAC.slice(3), address: ADDRESS } }, "a MAC address has six bytes, not 3"],
  ["an address that is none", { station: { mac: MAC, address: "10.0.2" } }, "10.0.2 is not an IPv4 address"],
])("%s is refused", (_what, wrong, message) => {
  expect(() => new Observer({ ...options, ...wrong })).toThrow(new RangeError(message));
});
