/**
 * Strangers (docs/protocols/cluster.md, "Freshness"): whom a node asks to show that it speaks now, how often, and who
 * of too many strangers is forgotten.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import {
  founded,
  HIGH,
  HIGHEST,
  hello,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  says,
  scene,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import {
  BYE,
  ENTRY_BYTES,
  HELLO,
  type Heard,
  JOINING,
  MEMBER,
  REPORT,
  type Said,
  VIEW,
  VIEW_BYTES,
} from "./cluster-wire.ts";

const ERA = 5;
const NAMED = 5;
const STRANGERS = 128;
const UNKNOWN = { echo: "0".repeat(16) };
const echo = ({ data }: Heard): string =>
  `${Buffer.from(data.subarray(88, 92)).toString("hex")} ${new DataView(data.buffer, data.byteOffset).getUint32(92, true)}`;

/** A member of which LOWEST coordinates. */
async function member(): Promise<Scene> {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say(view(LOWEST, ERA));
  await says(s, REPORT);
  for (const id of [LOW, HIGH, HIGHEST]) s.wire.appear(id);
  await s.node.waitFor(PROMPT);
  return s;
}

test("who says a view, and may be a recording, is asked alone to prove itself, at most each 250 ms", async () => {
  const s = await member();
  const fromMs = nowMs(s);
  let sequence = 40;
  for (let ms = 0; ms < 1500; ms += 20) {
    if (ms % 100 === 0) s.wire.say(view(LOWEST, ERA));
    s.wire.say({ ...view(HIGH, ERA, LOWEST), ...UNKNOWN, sequence: sequence++ });
    await s.lab.advance("20ms");
  }
  const asked = s.wire.of(HELLO, fromMs);
  expect(asked[0]!.atMs - fromMs).toBeLessThan(60 + 4 * TICK_MS);
  expect(asked.length).toBeGreaterThanOrEqual(5);
  for (const [index, { atMs }] of asked.slice(1).entries()) {
    expect(atMs - asked[index]!.atMs).toBeGreaterThanOrEqual(250 - TICK_MS);
    expect(atMs - asked[index]!.atMs).toBeLessThan(250 + 60 + 6 * TICK_MS);
  }
  for (const heard of asked) {
    expect(heard).toMatchObject({ state: MEMBER, era: ERA, to: "10.0.2.99" });
    // The last view that was looked at before.
    const [session, number] = echo(heard).split(" ");
    expect(session).toBe(HIGH.slice(0, 8));
    expect(Number(number)).toBeGreaterThanOrEqual(40);
    expect(Number(number)).toBeLessThanOrEqual(40 + (heard.atMs - fromMs) / 20);
  }
});

thoroughly("reports of the coordinator's that may be recordings have a member report no more often", async () => {
  const s = await member();
  const fromMs = nowMs(s);
  for (let ms = 0; ms < 2400; ms += 50) {
    s.wire.say(view(LOWEST, ERA));
    s.wire.say({ ...report(LOWEST, ERA), session: HIGHEST, sequence: 1 + ms, ...UNKNOWN });
    await s.lab.advance("50ms");
  }
  // Each 800 ms as the coordinator's member, and each 400 ms as the one before it in the ring.
  expect(s.wire.of(REPORT, fromMs).length).toBeLessThanOrEqual(3 + 6 + 2);
});

thoroughly("nobody is asked after `cloud stop`", async () => {
  const s = await member();
  s.wire.say({ ...view(HIGH, ERA, LOWEST), ...UNKNOWN });
  await s.node.enter("cloud stop", PROMPT);
  const stoppedMs = s.wire.of(BYE)[0]!.atMs;
  s.wire.say({ ...view(HIGH, ERA, LOWEST), ...UNKNOWN });
  await s.lab.advance("1s");
  expect(s.wire.heard.filter(({ atMs }) => atMs > stoppedMs)).toEqual([]);
});

/** Entries that name strangers, in views since a moment. */
const named = (s: Scene, fromMs: number): Uint8Array[] =>
  s.wire
    .of(VIEW, fromMs)
    .flatMap(({ data }) =>
      Array.from({ length: (data.length - VIEW_BYTES) / ENTRY_BYTES }, (_, index) =>
        data.slice(VIEW_BYTES + index * ENTRY_BYTES, VIEW_BYTES + (index + 1) * ENTRY_BYTES),
      ),
    )
    .filter((entry) => entry[17] === NAMED);

thoroughly("a stranger is named by the highest number that was heard of it, until it is forgotten", async () => {
  const s = await founded();
  const numberOf = async (said: Said): Promise<number> => {
    const fromMs = nowMs(s);
    s.wire.say({ ...said, ...UNKNOWN });
    const entry = await s.lab.until(() => named(s, fromMs).at(-1), "it is not named", { within: "1s" });
    return new DataView(entry.buffer).getUint32(64, true);
  };
  expect(await numberOf({ ...hello(HIGH), sequence: 9 })).toBe(9);
  expect(await numberOf({ ...hello(HIGH), sequence: 4 })).toBe(9);
  expect(await numberOf({ ...hello(HIGH), sequence: 10 })).toBe(10);
  // Another boot of it, and another node with that session, have numbers of their own.
  expect(await numberOf({ ...hello(HIGH), session: LOW, sequence: 3 })).toBe(3);
  expect(await numberOf({ ...hello(LOW), session: HIGH, sequence: 2 })).toBe(2);
  expect(await numberOf({ ...hello(HIGH), sequence: 5 })).toBe(10);
  // So many others that who was silent longest makes room: that is HIGH's other boot, then the one of LOW.
  const other = (index: number): Said => hello(`02${index.toString(16).padStart(12, "0")}62`);
  for (let index = 0; index < STRANGERS - 3 + 1; index++) {
    s.wire.say({ ...other(index), ...UNKNOWN });
    await s.lab.advance("12ms");
  }
  await s.lab.advance("300ms");
  expect(await numberOf({ ...hello(HIGH), sequence: 6 })).toBe(10);
  expect(await numberOf({ ...hello(LOW), session: HIGH, sequence: 1 })).toBe(2);
  expect(await numberOf({ ...hello(HIGH), session: LOW, sequence: 1 })).toBe(1);
});

thoroughly("a founder is not kept by a lower stranger that has left, though another with its id joins", async () => {
  const s = await scene();
  const begunMs = nowMs(s);
  await until(s, begunMs + 1300);
  s.wire.say(hello(LOW));
  s.wire.say({ ...hello(HIGH), session: HIGHEST });
  s.wire.say({ ...report(LOW, 1), kind: BYE, state: JOINING, era: 0, founder: "0".repeat(16), ...UNKNOWN });
  const first = await says(s, VIEW);
  expect(first.atMs - begunMs).toBeLessThan(1500 + 4 * TICK_MS);
});
