/** What a coordinator's views say of those who change (docs/protocols/cluster.md, "Packet"), entry by entry. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { founded, HIGH, HIGHEST, LOW, nowMs, report, type Scene, SELF, TICK_MS } from "./agreement-scene.ts";
import { BYE, ENTRY_BYTES, type Said, VIEW, VIEW_BYTES } from "./cluster-wire.ts";

const [DISKLESS, BUSY] = [1, 128];
const [MEMBER, OFFLINE, LEFT] = [2, 3, 4];
const TELL_MS = 80;
const LATER = "7777777777777777";

interface Told {
  readonly id: string;
  readonly age: number;
  readonly revision: number;
  readonly flags: number;
  readonly state: number;
  readonly address: string;
  readonly name: string;
  readonly session: string;
}

/** The entries of the views that the node has said since a moment. */
function told(s: Scene, fromMs: number): Told[] {
  return s.wire.of(VIEW, fromMs).flatMap(({ data }) =>
    Array.from({ length: (data.length - VIEW_BYTES) / ENTRY_BYTES }, (_, index) => {
      const bytes = Buffer.from(
        data.subarray(VIEW_BYTES + index * ENTRY_BYTES, VIEW_BYTES + (index + 1) * ENTRY_BYTES),
      );
      expect([bytes[18], bytes[19]]).toEqual([0, 0]);
      return {
        id: bytes.toString("hex", 0, 8),
        age: bytes.readUInt32LE(8),
        revision: bytes.readUInt32LE(12),
        flags: bytes[16]!,
        state: bytes[17]!,
        address: bytes.subarray(20, 24).join("."),
        name: bytes.toString("latin1", 24, 56).replace(/\0+$/, ""),
        session: bytes.toString("hex", 56, 64),
      };
    }),
  );
}

/** What is told of HIGH after it has said something, within 80 ms of the view before. */
async function toldAfter(s: Scene, said: Partial<Said>): Promise<Told[]> {
  const before = s.wire.of(VIEW).length;
  await s.lab.until(() => s.wire.of(VIEW).length > before, "it says no view");
  const fromMs = nowMs(s) + 1;
  s.wire.say({ ...report(HIGH, 1, SELF), ...said });
  await s.lab.advance((TELL_MS + 2 * TICK_MS) * 1e6);
  const entries = told(s, fromMs);
  s.wire.say({ ...report(HIGH, 1, SELF), ...said });
  return entries;
}

test("each change of a member is said once: its age, its kernel, whether it is busy or has no disk, and its boot", async () => {
  const s = await founded();
  const entry: Told = {
    id: HIGH,
    age: 1,
    revision: 1,
    flags: 0,
    state: MEMBER,
    address: "10.0.2.99",
    name: "stranger",
    session: HIGH,
  };
  const steps: readonly (readonly [Partial<Said>, Partial<Told>])[] = [
    [{}, {}],
    [{ age: 0x01020304 }, { age: 0x01020304 }],
    [{ age: 2 }, { age: 2 }],
    [
      { age: 2, revision: 0x0a0b0c },
      { age: 2, revision: 0x0a0b0c },
    ],
    [{ flags: DISKLESS }, { flags: DISKLESS }],
    [{ flags: BUSY }, { flags: BUSY }],
    [{ flags: DISKLESS | BUSY | 2 | 32 | 64 }, { flags: DISKLESS | BUSY }],
    [{ session: LATER }, { session: LATER }],
  ];
  for (const [said, expected] of steps) {
    const entries = (await toldAfter(s, said)).filter(({ id }) => id === HIGH);
    // Who asks for it, or was not believed, is told of others too.
    expect(entries[0], JSON.stringify(said)).toEqual({ ...entry, ...expected });
    const againMs = nowMs(s);
    await s.lab.advance("200ms");
    s.wire.say({ ...report(HIGH, 1, SELF), ...said });
    await s.lab.advance("300ms");
    if (said.flags === undefined || (said.flags & 2) === 0)
      expect(told(s, againMs).filter(({ id }) => id === HIGH)).toEqual([]);
  }
});

thoroughly("who leaves and who dies is said once, with the number of those who are left", async () => {
  const s = await founded();
  for (const id of [LOW, HIGH, HIGHEST]) s.wire.say(report(id, 1, SELF));
  await s.lab.advance("100ms");
  const fromMs = nowMs(s);
  s.wire.say({ ...report(HIGH, 1, SELF), kind: BYE });
  for (let ms = 0; ms < 2500; ms += 100) {
    s.wire.say(report(HIGHEST, 1, SELF));
    await s.lab.advance("100ms");
  }
  const states = told(s, fromMs).map(({ id, state }) => [id, state]);
  expect(states).toEqual([
    [HIGH, LEFT],
    [LOW, OFFLINE],
  ]);
  const counts = s.wire.of(VIEW, fromMs).map(({ members }) => members);
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  expect(counts.at(-1)).toBe(2);
});
