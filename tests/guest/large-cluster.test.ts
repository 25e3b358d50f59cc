/** How patient a coordinator of a large cluster is with who is accused, and with all after a death (docs/protocols/cluster.md, "Death"). */
import { expect, test } from "vitest";
import { rowsOf } from "../setup/tier.ts";
import { founded, idBytes, nowMs, report, type Scene, SELF, TICK_MS } from "./agreement-scene.ts";
import { PROBE, VIEW } from "./cluster-wire.ts";

const SUSPECT = 12;
const ROLL = 16;
const TELL_MS = 80;
/** By the number of members: how long who is accused is asked, and how long all may take to report then. */
const PATIENCE: readonly (readonly [number, number, number])[] = [
  [34, 300, 500],
  [36, 300, 800],
  [33, 200, 500],
];

const idOf = (index: number): string => `fe000000000000${(0x80 + index).toString(16)}`;

function accuse(s: Scene, who: string, target: string): void {
  const rest = new Uint8Array(16);
  rest.set(idBytes(target));
  rest[8] = 1;
  s.wire.say({ ...report(who, 1, SELF), kind: SUSPECT, rest });
}

test.each(rowsOf(PATIENCE, 1))(
  "of %i members one that is accused is asked for %i ms, and then all for %i ms",
  async (members, lastMs, rollMs) => {
    const s = await founded();
    const others = Array.from({ length: members - 1 }, (_, index) => idOf(index));
    const [silent, mute] = [others[3]!, others[5]!];
    const live = async (ms: number, without: readonly string[]): Promise<void> => {
      for (let left = ms; left > 0; left -= 100) {
        if (left % 200 === 0) for (const id of others) if (!without.includes(id)) s.wire.say(report(id, 1, SELF));
        await s.lab.advance("100ms");
      }
    };
    await live(600, []);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(members);
    // Neither is watched by the coordinator: nobody misses them until one of them is accused.
    await live(2400, [silent, mute]);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(members);
    const atMs = nowMs(s);
    accuse(s, others[4]!, silent);
    await live(400, [silent, mute]);
    const gone = s.wire.of(VIEW, atMs).find((heard) => heard.members === members - 1)!;
    expect(gone.atMs - atMs).toBeGreaterThanOrEqual(lastMs - TICK_MS);
    expect(gone.atMs - atMs).toBeLessThan(lastMs + TELL_MS + 3 * TICK_MS);
    const asked = s.wire.of(PROBE, atMs).filter(({ to }) => to === `10.0.2.${0x80 + 3}`);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    await live(1600, [silent, mute]);
    const alone = s.wire.of(VIEW, gone.atMs).find((heard) => heard.members === members - 2)!;
    expect(alone.atMs - gone.atMs).toBeGreaterThanOrEqual(rollMs - TELL_MS - 2 * TICK_MS);
    expect(alone.atMs - gone.atMs).toBeLessThan(rollMs + TELL_MS + 3 * TICK_MS);
    const rolls = s.wire.of(VIEW, atMs).filter(({ flags }) => (flags & ROLL) !== 0);
    expect(rolls[0]!.atMs - gone.atMs).toBeLessThan(2 * TICK_MS);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(members - 2);
  },
);
