/** A host that invites machines, and is invited by one: src/cloud with the kernel on the other side. */
import { expect, test } from "vitest";
import { codeBytes, codeText } from "../../src/cloud/invitation.ts";
import type { LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { clusterPacketOf } from "../../src/wire/cluster.ts";
import { JOIN, KIND, WELCOME } from "../../src/wire/cluster-layout.ts";
import { signedWith } from "../guest/cluster/cluster-wire.ts";
import { keyOfCode } from "../guest/cluster/key-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { keyAt, rotate } from "../system/cluster-parts.ts";
import { boot, images, inState, PROMPT } from "../system/images.ts";
import { peersOf } from "../system/output.ts";
import { frameWith, keyOfLine, Watched } from "./watched.ts";

const LINE = keyOfSeed(1);
const { name: NAME, key: KEY } = keyOfLine(LINE);
const DIGITS = Buffer.from(KEY).toString("hex");
const CODE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
const OTHER = CODE.map((byte) => byte ^ 0x55);
const NONCE = new Uint8Array(16).fill(0x77);
const HAS_KEY = /^This node has the key of the cluster seed-1 now\.$/m;
const NOBODY = /^cluster: nobody who has given this code in the last ten minutes answers/m;

interface Scene {
  readonly w: Watched;
  readonly members: readonly LabNode[];
  readonly blank: readonly LabNode[];
}

/** Two members with a key, and two machines that have none, on the Ethernet of an observer that has it. */
async function sceneOf(): Promise<Scene> {
  const lab = await inState("two members with a key and two blank machines", async () => {
    const keys = [{ key: LINE }, { key: LINE }, {}, {}];
    const booted = boot({ nodes: keys.map((key) => ({ cdrom: images().iso, ...key })) });
    await booted.until(() => booted.nodes.every((node) => peersOf(node) === 1), "they did not agree");
    for (const node of booted.nodes) await node.waitFor(PROMPT);
    await booted.advance("2s");
    return booted;
  });
  const w = new Watched(lab, "switch", { name: NAME, key: KEY });
  await w.advance(2000);
  const { nodes } = lab;
  return { w, members: nodes.slice(0, 2), blank: nodes.slice(2) };
}

/** Types a code at a machine, and waits for what is said. */
async function joins({ w }: Scene, node: LabNode, code: string): Promise<boolean> {
  const { length } = node.console.text;
  node.type(`cloud join ${code}\n`);
  for (let passed = 0; passed < 8000; passed += 100) {
    await w.advance(100);
    const said = node.console.text.slice(length);
    if (HAS_KEY.test(said) || NOBODY.test(said)) return HAS_KEY.test(said);
  }
  throw new Error(node.console.text.slice(length));
}

const sentOf = (frames: readonly Uint8Array[], kind: number): Uint8Array[] =>
  frames.filter((frame) => clusterPacketOf(frame)?.[KIND] === kind);

test("codes are written as the kernel writes them, and read as people type them", () => {
  expect(codeText(CODE)).toBe("0410-6105-0r3g-g28a");
  expect(codeBytes("0410-6105-0R3G-g28a")).toEqual(CODE);
  for (const wrong of ["", "0410-6105-0r3g-g28", "0410-6105-0r3g-g28u", "0410-6105-0r3g-g28a-0"])
    expect([wrong, codeBytes(wrong)]).toEqual([wrong, null]);
});

test("a blank machine is known as one, is invited, and is a member", async () => {
  const s = await sceneOf();
  const { w, blank } = s;
  expect(w.observer.blank).toHaveLength(2);
  const code = w.observer.invite(CODE, NONCE)!;
  expect(await joins(s, blank[0]!, code)).toBe(true);
  expect(keyAt(blank[0]!)).toBe(DIGITS);
  await w.advance(6000);
  expect(w.observer.members).toHaveLength(3);
  expect(w.observer.blank).toHaveLength(1);
  // Nothing of the key is on the wire in clear.
  const wire = Buffer.concat(w.heard.concat(w.said)).toString("hex");
  expect(wire.includes(DIGITS.slice(0, 16))).toBe(false);
  // The code counts once.
  expect(await joins(s, blank[1]!, code)).toBe(false);
  expect(keyAt(blank[1]!)).not.toBe(DIGITS);
});

thoroughly("two machines are invited at once, each by a code of its own", async () => {
  const s = await sceneOf();
  const codes = [CODE, OTHER].map((code) => s.w.observer.invite(code, NONCE)!);
  s.blank.forEach((node, index) => node.type(`cloud join ${codes[index]}\n`));
  await s.w.advance(8000);
  expect(s.blank.map(keyAt)).toEqual([DIGITS, DIGITS]);
  expect(s.w.observer.members).toHaveLength(4);
});

thoroughly("an invitation is over after ten minutes, and an open cluster has none to give", async () => {
  const s = await sceneOf();
  const code = s.w.observer.invite(CODE, NONCE)!;
  await s.w.lab.advance("601s");
  await s.w.advance(1000);
  expect(await joins(s, s.blank[0]!, code)).toBe(false);
  expect(new Watched(s.w.lab, "socket").observer.invite(CODE, NONCE)).toBe(null);
});

test("nobody is given a key that was replaced, before the host knows that it was", async () => {
  const s = await sceneOf();
  const { w, members, blank } = s;
  const code = w.observer.invite(CODE, NONCE)!;
  members[0]!.type("\n");
  await rotate(members[0]!);
  expect(w.observer.isOutdated).toBe(false);
  expect(await joins(s, blank[0]!, code)).toBe(false);
  expect(keyAt(blank[0]!)).not.toBe(DIGITS);
  expect(sentOf(w.said, WELCOME)).toEqual([]);
  await w.advance(3000);
  expect(w.observer.isOutdated).toBe(true);
  expect(w.observer.invite(CODE, NONCE)).toBe(null);
});

thoroughly("nor while no coordinator speaks", async () => {
  const s = await sceneOf();
  const code = s.w.observer.invite(CODE, NONCE)!;
  for (const node of s.members) node.powerOff();
  await s.w.advance(2000);
  expect(await joins(s, s.blank[0]!, code)).toBe(false);
});

test("whoever offers itself without the code gets nothing, and takes nothing from the one who has it", async () => {
  const s = await sceneOf();
  const { w, blank } = s;
  const code = w.observer.invite(CODE, NONCE)!;
  const before = blank[0]!.console.text.length;
  blank[0]!.type(`cloud join ${code}\n`);
  for (let passed = 0; passed < 3000 && sentOf(w.heard, JOIN).length === 0; passed += 10) await w.advance(10);
  const [asked] = sentOf(w.heard, JOIN);
  const packet = clusterPacketOf(asked!)!;
  for (const forged of [
    signedWith(packet.slice(), keyOfCode(codeText(OTHER), 1)),
    signedWith(packet.with(130, packet[130]! ^ 1), keyOfCode(codeText(OTHER), 1)),
    packet.with(130, packet[130]! ^ 1),
  ])
    w.observer.receive(frameWith(asked!, forged));
  await w.advance(4000);
  expect(blank[0]!.console.text.slice(before)).toMatch(HAS_KEY);
  const count = sentOf(w.said, WELCOME).length;
  // Its own question, recorded, has its own answer: of no use without the code, and of another asker none.
  w.observer.receive(asked!);
  await w.advance(1500);
  expect(sentOf(w.said, WELCOME)).toHaveLength(count + 1);
  const other = signedWith(packet.with(130, packet[130]! ^ 1), keyOfCode(code, 1));
  w.observer.receive(frameWith(asked!, other));
  await w.advance(1500);
  expect(sentOf(w.said, WELCOME)).toHaveLength(count + 1);
});

test("a machine takes no key from whoever answers in the host's place", async () => {
  const s = await sceneOf();
  const { w, blank } = s;
  const { plug } = w;
  const { send } = plug;
  plug.send = (frame) => {
    const packet = clusterPacketOf(frame);
    if (packet?.[KIND] !== WELCOME) return send.call(plug, frame);
    send.call(plug, frameWith(frame, signedWith(packet.slice(), keyOfCode(codeText(OTHER), 1))));
    send.call(plug, frameWith(frame, packet.with(170, packet[170]! ^ 1)));
    // To another question.
    send.call(plug, frameWith(frame, signedWith(packet.with(130, packet[130]! ^ 1), keyOfCode(codeText(CODE), 1))));
  };
  const before = keyAt(blank[0]!);
  expect(await joins(s, blank[0]!, w.observer.invite(CODE, NONCE)!)).toBe(false);
  expect(sentOf(w.said, WELCOME).length).toBeGreaterThan(0);
  expect(keyAt(blank[0]!)).toBe(before);
});

test("a host gets the key by the code of an invitation at a member, and from nobody else", async () => {
  const { w, members } = await sceneOf();
  const stranger = new Watched(w.lab, "socket");
  const asks = async (code: Uint8Array): Promise<unknown> => {
    let found: unknown = "nothing yet";
    stranger.observer.join(code, NONCE, (given) => {
      found = given;
    });
    await stranger.advance(6000);
    return found;
  };
  expect(await asks(CODE)).toBe(null);
  const [, code] = await members[1]!.enter("cloud invite", /cloud join (\S+)$/m);
  expect(await asks(codeBytes(code!)!)).toEqual({ name: NAME, key: KEY });
  expect(await asks(codeBytes(code!)!)).toEqual({ name: NAME, key: KEY });
  expect(sentOf(stranger.said, JOIN).every((frame) => !Buffer.from(frame).includes(Buffer.from(CODE)))).toBe(true);
});
