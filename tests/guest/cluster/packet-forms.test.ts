/**
 * The form of the cluster's packets (docs/protocols/cluster.md, "Packet"): what is just right is taken, what is one off
 * is counted as malformed; and what a node says of itself in each packet.
 */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { parseIpv4 } from "../../../emulator/ether/packet.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import { Counts } from "../net/packet-wire.ts";
import {
  founded,
  greeting,
  HIGH,
  hello,
  idBytes,
  LOW,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  view,
} from "./agreement-scene.ts";
import {
  ENTRY_BYTES,
  HEADER_BYTES,
  HELLO,
  type Heard,
  MEMBER,
  OPEN,
  PROBE,
  REPORT,
  type Said,
  VERSION,
  VIEW,
  VIEW_BYTES,
} from "./cluster-wire.ts";
import { FORMS } from "./packet-form-rows.ts";

const DISKLESS = 1;

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

test("a packet is looked at to the byte, before anything else", async () => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("10ms");
  const counts = new Counts(s.node);
  const wrong: string[] = [];
  for (const [what, said, good] of FORMS) {
    const before = counts.read();
    s.wire.say(said);
    await s.lab.advance("4ms");
    const after = counts.read();
    const rise = (name: string): number => after.get(name)! - before.get(name)!;
    if (rise("cloud packets received") !== 1 || rise("cloud malformed") !== (good ? 0 : 1)) wrong.push(what);
  }
  expect(wrong).toEqual([]);
});

/** Holds a packet's header against what is known of the node. */
function checkHeader(
  { data, ...heard }: Heard,
  known: { era: number; founder: string; name: string; session: string },
): void {
  const fields = new DataView(data.buffer, data.byteOffset);
  expect(Buffer.from(data.subarray(0, 4)).toString("latin1")).toBe("QRCL");
  expect(data[4]).toBe(VERSION);
  expect(heard).toMatchObject({ era: known.era, age: 1, id: SELF, founder: known.founder, session: known.session });
  expect(heard.state).toBe(known.founder === "0".repeat(16) ? 1 : MEMBER);
  expect(heard.flags & ~2).toBe(DISKLESS | OPEN);
  expect(fields.getUint32(16, true)).toBe(1000);
  const name = new Uint8Array(32);
  name.set(text(known.name));
  expect(data.subarray(40, 72)).toEqual(name);
  expect(data.subarray(84, 88)).toEqual(parseIpv4("10.0.2.15"));
  const unsigned = data.slice();
  unsigned.fill(0, 96, 112);
  const open = createHmac("sha256", new Uint8Array(32)).update("QuRe cluster 6 packets open").digest();
  expect(data.subarray(96, 112)).toEqual(
    new Uint8Array(createHmac("sha256", open).update(unsigned).digest().subarray(0, 16)),
  );
}

test("a node's packets tell who it is, each, and are counted", async () => {
  const s = await scene();
  const first = await says(s, HELLO);
  const known = { era: 0, founder: "0".repeat(16), name: "qure-1", session: first.session };
  checkHeader(first, known);
  expect(first.sequence).toBe(1);
  expect(first.data).toHaveLength(HEADER_BYTES);
  s.wire.say({ ...view(LOW, 5, HIGH), members: [HIGH] });
  await says(s, REPORT);
  for (let time = 0; time < 6; time++) {
    s.wire.say({ ...view(LOW, 5, HIGH), members: [HIGH] });
    s.wire.say({ ...report(HIGH, 5), kind: PROBE });
    await s.lab.advance("200ms");
  }
  const since = s.wire.heard.filter(({ state }) => state === MEMBER);
  expect(since.length).toBeGreaterThan(8);
  for (const heard of since) {
    checkHeader(heard, { ...known, era: 5, founder: HIGH });
    // To one it names that one's session, and the highest number that it has heard of it.
    const id = heard.to === "10.0.2.97" ? LOW : HIGH;
    expect(Buffer.from(heard.data.subarray(88, 92)).toString("hex")).toBe(id.slice(0, 8));
  }
  const numbers = s.wire.heard.map(({ sequence }) => sequence);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

thoroughly(
  "names its session's second half in no packet, and another name from the moment on that it has it",
  async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    await s.node.enter(`hostname ${"n".repeat(15)}`, PROMPT);
    const fromMs = nowMs(s) + 400;
    await s.lab.advance("1500ms");
    const { session } = s.wire.heard[0]!;
    for (const heard of s.wire.of(VIEW, fromMs))
      checkHeader(heard, { era: 1, founder: SELF, name: "n".repeat(15), session });
  },
);

/** Echo and number in a packet. */
const echo = ({ data }: Heard): string =>
  `${Buffer.from(data.subarray(88, 92)).toString("hex")} ${new DataView(data.buffer, data.byteOffset).getUint32(92, true)}`;

thoroughly("a packet to the group names the stranger that was heard last, for two seconds", async () => {
  const s = await founded();
  const last = async (): Promise<string> => {
    const atMs = nowMs(s);
    return echo(await s.lab.until(() => s.wire.of(VIEW, atMs)[0], "no view"));
  };
  expect(await last()).toBe("00000000 0");
  const unknown = { echo: "0".repeat(16) };
  s.wire.say({ ...hello(HIGH), ...unknown, sequence: 7 });
  s.wire.say({ ...hello(LOW), ...unknown, sequence: 9 });
  expect(await last()).toBe(`${LOW.slice(0, 8)} 9`);
  // Numbers that come late do not lower what was heard.
  s.wire.say({ ...hello(HIGH), ...unknown, sequence: 5 });
  const atMs = nowMs(s);
  expect(await last()).toBe(`${HIGH.slice(0, 8)} 7`);
  await s.lab.advance("1500ms");
  const views = s.wire.of(VIEW, atMs);
  expect(views.map(echo)).toEqual(views.map(() => `${HIGH.slice(0, 8)} 7`));
  await s.lab.advance("900ms");
  const lateMs = atMs + 2000;
  for (const heard of s.wire.of(VIEW, atMs))
    expect([heard.atMs - atMs, echo(heard)]).toEqual([
      heard.atMs - atMs,
      heard.atMs < lateMs ? `${HIGH.slice(0, 8)} 7` : "00000000 0",
    ]);
  expect(s.wire.of(VIEW, lateMs)).not.toEqual([]);
});

/** Whom the node says anything to, of those who say a hello as members. */
async function answered(s: Scene, said: Said): Promise<string[]> {
  const fromMs = nowMs(s);
  s.wire.say(said);
  await s.lab.advance("150ms");
  return s.wire.heard.filter(({ atMs }) => atMs > fromMs).map(({ kind, to }) => `${kind} ${to}`);
}

thoroughly("a member that says hello is answered by a view that names it", async () => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("700ms"); // that it has joined is in the history
  expect(await answered(s, greeting(HIGH, 1, SELF))).toEqual(["2 239.255.81.82"]);
  const { data } = s.wire.of(VIEW).at(-1)!;
  const entry = data.subarray(VIEW_BYTES, VIEW_BYTES + ENTRY_BYTES);
  expect(data).toHaveLength(VIEW_BYTES + ENTRY_BYTES);
  const expected = new Uint8Array(ENTRY_BYTES);
  expected.set(idBytes(HIGH));
  expected[17] = 5;
  expected.set([10, 0, 2, 99], 20);
  expected.set(idBytes(HIGH), 56);
  expected[64] = 2;
  expect(entry).toEqual(expected);
});
