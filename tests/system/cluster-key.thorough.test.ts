/** The key of a cluster is replaced while the cluster runs; who knows the old one has nothing of the new one. */
import { describe, expect, test } from "vitest";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import {
  BYE,
  ClusterWire,
  HEADER_BYTES,
  HELLO,
  JOINING,
  MEMBER,
  REPORT,
  signed,
  VIEW,
} from "../guest/cluster/cluster-wire.ts";
import { GIVE, HAVE, NONCE_BYTES, Numbers, OFFER_KEY, proofOf, SHOW } from "../guest/cluster/key-scene.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { boot, CLOUD, images, inState, PROMPT } from "./images.ts";
import { peersOf, picture } from "./output.ts";

const KEY = keyOfSeed(1);
const OFFER_BYTES = 176;
const GIVE_BYTES = 224;
/** What stands behind a key that is given: zeros, or who is put out. */
const OUT_BYTES = 32;

type Three = [LabNode, LabNode, LabNode];

/** Three members with a key, which their machines were given. */
async function three(disks: boolean): Promise<{ lab: LabCluster; nodes: Three }> {
  const lab = await inState(`three with a key${disks ? " and disks" : ""}`, async () => {
    const content = disks ? await preparedDisk() : null;
    const booted = boot({
      nodes: [0, 1, 2].map(() => ({
        key: KEY,
        ...(content ? { disk: new SparseDisk(DISK_BYTES, { content: content.slice() }) } : { cdrom: images().iso }),
      })),
    });
    await booted.until(() => booted.nodes.every((node) => peersOf(node) === 2), "they did not agree");
    for (const node of booted.nodes) await node.waitFor(PROMPT);
    await booted.advance("2s");
    return booted;
  });
  return { lab, nodes: lab.nodes as Three };
}

function hear(nodes: readonly LabNode[], other: LabNode, hears: boolean): void {
  for (const node of nodes) {
    node.hear(other.index, hears);
    other.hear(node.index, hears);
  }
}

const lineCount = (node: LabNode): number => node.console.text.split("\n").filter((line) => CLOUD.test(line)).length;

describeThoroughly("a new key", () => {
  test("is on the disks of all members, and nobody was missed meanwhile", async () => {
    const { lab, nodes } = await three(true);
    const lines = nodes.map(lineCount);
    await nodes[1].enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m);
    await lab.advance("3s");
    for (const node of nodes) expect(node.console.text).toMatch(/^cluster: qure-2 has replaced the key$/m);
    expect(nodes.map(lineCount)).toEqual(lines);
    await nodes[0].enter("cloud events", /cluster\.key was changed by/);
    await nodes[0].enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m);
    await lab.advance("1s");
    for (const node of nodes) expect(node.console.text).toMatch(/^cluster: qure-1 has replaced the key$/m);
    await nodes[1].enter("cloud key rotate", /^cluster: qure-2 has replaced the key[\s\S]*has a new key\.$/m);
    for (const node of nodes) node.powerOff();
    for (const node of nodes) node.powerOn();
    await lab.until(() => nodes.every((node) => / age 2 peers 2/.test(node.console.text)), "they did not meet again");
    const shown = [];
    for (const node of nodes) {
      await node.waitFor(PROMPT);
      const [, key] = await node.enter("cloud key", /^([0-9a-f]{64})$/m);
      shown.push(key);
    }
    expect(new Set(shown).size).toBe(1);
    expect(shown[0]).not.toBe(KEY.trim().split(" ")[1]);
  });

  test("reaches by itself who was cut off and has not rebooted", async () => {
    const { lab, nodes } = await three(false);
    const [first, second, third] = nodes;
    hear([first, second], third, false);
    await lab.until(() => peersOf(third) === 0 && peersOf(first) === 1, "it was not cut off");
    await first.enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m);
    await lab.advance("1s");
    expect(third.console.text).not.toContain("has replaced the key");
    hear([first, second], third, true);
    await lab.until(() => nodes.every((node) => peersOf(node) === 2), "they did not meet", { within: "10s" });
    expect(third.console.text).toMatch(/was replaced while this node was away, and qure-1 has given it the new one$/m);
  });

  test("is not given to who comes back with the old one: both sides say what to do", async () => {
    const { lab, nodes } = await three(false);
    const [first, second, third] = nodes;
    third.powerOff();
    await lab.until(() => peersOf(first) === 1 && peersOf(second) === 1, "it was not missed");
    await second.enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m);
    third.powerOn();
    await third.waitFor(/^cluster: the key was replaced while this node was away, or it was put out/m);
    await lab.until(
      () => nodes.some(({ console }) => /qure-3 \S+ has the key that was replaced/.test(console.text)),
      "nobody said that it has the old key",
    );
    await lab.advance("5s");
    expect(nodes.map(peersOf)).toEqual([1, 1, 0]);
    await third.enter("cloud", /^cluster: the key was replaced while this node was away/m);
    const [, code] = await first.enter("cloud invite", /cloud join (\S+)$/m);
    await third.enter(`cloud join ${code}`, /This node has the key of the cluster seed-1 now/);
    await lab.until(() => nodes.every((node) => peersOf(node) === 2), "it did not join", { within: "10s" });
  });

  test("leaves one cluster, or one that knows what to do, whenever the power of one fails", async () => {
    const outcomes: string[] = [];
    for (const victim of [0, 2])
      for (const afterMs of [1010, 1050, 1100, 1300]) {
        const { lab, nodes } = await three(true);
        nodes[0].type("cloud key rotate\n");
        await lab.advance(`${afterMs}ms`);
        nodes[victim]!.powerOff();
        await lab.advance("4s");
        nodes[victim]!.powerOn();
        const told = (): boolean =>
          nodes[victim]!.console.text.includes("the key was replaced while this node was away");
        await lab.until(
          () => nodes[victim]!.console.text.includes("age 2") && (told() || nodes.every((node) => peersOf(node) === 2)),
          `node ${victim + 1}, without power after ${afterMs} ms, neither joined nor knew why`,
        );
        outcomes.push(told() ? "told" : "joined");
        // Whoever gives the key has it on the disk before anybody uses it.
        if (victim === 0) expect(outcomes.at(-1)).toBe("joined");
      }
    expect(new Set(outcomes)).toEqual(new Set(["joined", "told"]));
  });

  test("is refused in an open cluster, and for a node that nobody knows", async () => {
    const { nodes } = await three(false);
    await nodes[0].enter("cloud expel nobody", /no other node of this name or address is known/);
    await nodes[0].enter("cloud key forget", /The machine was given the key from outside/);
    await nodes[0].enter("cloud key rotate", /this node is no member now|members come or go just now/);
  });
});

test("a new key is given to a member as the protocol's page says", async () => {
  const lab = boot({ nodes: [{ key: KEY, cdrom: images().iso }] });
  const node = lab.nodes[0]!;
  await node.waitFor(/^cloud: .* era 1 .*peers 0$/m, { within: "10s" });
  await node.waitFor(PROMPT);
  await lab.advance("2s");
  const wire = new ClusterWire(lab, KEY);
  await lab.advance("2s");
  const { id: founder } = wire.of(VIEW)[0]!;

  const own = new Numbers(0x40);
  const id = "fe00000000000064";
  const said = { state: MEMBER, era: 1, id, founder, session: own.session };
  wire.appear(id);
  const live = async (until: () => boolean): Promise<void> => {
    for (let beat = 0; beat < 40 && !until(); beat++) {
      wire.say({ ...said, kind: REPORT });
      await lab.advance("100ms");
    }
    expect(until()).toBe(true);
  };
  await live(() => peersOf(node) === 1);
  node.type("cloud key rotate\n");
  await live(() => wire.of(OFFER_KEY).length > 0);
  const offer = wire.of(OFFER_KEY)[0]!.data.subarray(HEADER_BYTES);
  expect(offer).toHaveLength(OFFER_BYTES - HEADER_BYTES);
  const nonce = offer.subarray(0, NONCE_BYTES);
  const giver = offer.subarray(NONCE_BYTES);

  wire.say({ ...said, kind: SHOW, rest: Buffer.concat([nonce, own.shown]) });
  await live(() => wire.of(GIVE).length > 0);
  const given = wire.of(GIVE)[0]!.data.subarray(HEADER_BYTES);
  expect(given).toHaveLength(GIVE_BYTES - HEADER_BYTES);
  const opened = own.seal(giver, false, nonce).open(given);
  expect(opened, "it is not enclosed as the page says").not.toBeNull();
  const { key, rest } = opened!;
  expect(rest).toEqual(Buffer.alloc(OUT_BYTES));

  const proof = proofOf(key, nonce, Buffer.from(id, "hex"));
  wire.say({ ...said, kind: HAVE, rest: Buffer.concat([nonce, proof.map((byte) => byte ^ 1)]) });
  await live(() => true);
  await lab.advance("300ms");
  expect(node.console.text).not.toMatch(/has a new key/);
  wire.say({ ...said, kind: HAVE, rest: Buffer.concat([nonce, proof]) });
  await node.waitFor(/^The cluster seed-1 has a new key\.$/m, { within: "2s" });
  await node.enter("cloud key", new RegExp(`^${key.toString("hex")}$`, "m"));
});

describe("who is put out", () => {
  test("is out at once, and cannot come back with what it knows", async () => {
    const { lab, nodes } = await three(false);
    const [first, second, third] = nodes;
    const [, code] = await second.enter("cloud invite", /cloud join (\S+)$/m);
    // It has all that was said to all, and the key.
    const wire = new ClusterWire(lab, KEY);
    await lab.advance("2s");
    await first.enter("cloud expel qure-3", /^The cluster seed-1 has a new key\.$/m);
    for (const node of [first, second]) expect(node.console.text).toMatch(/^cluster: qure-3 \S+ is put out$/m);
    await lab.until(() => nodes.map(peersOf).join() === "1,1,0", "it is still there", { within: "5s" });
    await third.enter("cloud", /^cluster: the key was replaced while this node was away, or it was put out/m);
    // Nor does a code help it that was drawn before.
    await third.enter(`cloud join ${code}`, /nobody who has given this code/, { within: "10s" });

    const before = [await picture(first), await picture(second)];
    const tape = wire.heard.map(({ data }) => data);
    expect(tape.length).toBeGreaterThan(5);
    const [seen] = wire.of(VIEW);
    for (const data of tape) {
      wire.sayBytes(data, data[87]!);
      await lab.advance("10ms");
    }
    const { id, founder, session, sequence } = seen!;
    for (let round = 0; round < 3; round++) {
      const ahead = { session, sequence: sequence + 1000 + round };
      for (const kind of [VIEW, BYE, REPORT]) wire.say({ kind, state: MEMBER, era: 9, id, founder, ...ahead });
      wire.say({ kind: HELLO, state: JOINING, era: 9, id: "0200000000000061" });
      // At once, for what the node itself says may mend it.
      await lab.advance("20ms");
      expect(await picture(first)).toEqual(before[0]);
      await lab.advance("300ms");
    }
    expect([await picture(first), await picture(second)]).toEqual(before);
    third.powerOff();
    third.powerOn();
    await lab.advance("15s");
    expect(nodes.map(peersOf)).toEqual([1, 1, 0]);
  });

  thoroughly("cannot give a key in the name of another, while it still belongs to them", async () => {
    const { lab, nodes } = await three(false);
    const wire = new ClusterWire(lab, KEY);
    await lab.advance("1s");
    const said = wire.of(VIEW)[0]!.data;
    const from = said[87]!;
    // The coordinator's own header, in order and signed with the key, around numbers that are not its own.
    const forged = (kind: number, bytes: number, sequence: number): Uint8Array => {
      const data = new Uint8Array(bytes).fill(0x5a);
      data.set(said.subarray(0, HEADER_BYTES));
      data[5] = kind;
      data[7] = 0;
      new DataView(data.buffer).setUint32(
        80,
        new DataView(said.buffer, said.byteOffset).getUint32(80, true) + sequence,
        true,
      );
      return signed(data, KEY);
    };
    const witness = nodes.find((node) => !node.console.text.includes(`.${from} era`))!;
    const [, before] = await witness.enter("netstat -a", /^ *(\d+) {2}cloud +forged, or made with another key$/m);
    wire.sayBytes(forged(OFFER_KEY, OFFER_BYTES, 20), from);
    wire.sayBytes(forged(GIVE, GIVE_BYTES, 21), from);
    await lab.advance("100ms");
    await witness.enter(
      "netstat -a",
      new RegExp(`^ *${Number(before) + 2} {2}cloud +forged, or made with another key$`, "m"),
    );
    await nodes[0].enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m);
    await lab.advance("1s");
    for (const node of nodes) expect(node.console.text).toMatch(/^cluster: qure-1 has replaced the key$/m);
  });
});
