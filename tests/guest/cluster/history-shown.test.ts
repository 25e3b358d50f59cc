/**
 * Histories as a member on the wire tells them (docs/protocols/cluster-history.md): what `cloud events`, `history`,
 * `nodes` and `graph` make of them, and which events there cannot be.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { Counts } from "../net/packet-wire.ts";
import { HIGH, HIGHEST, LOW, LOWEST, report, type Scene, SELF, says, scene, view } from "./agreement-scene.ts";
import { EVENTS, HELLO, REPORT } from "./cluster-wire.ts";
import {
  CHANGED,
  DIED,
  ENDED,
  EVENT_BYTES,
  EVENT_ERA,
  type Event,
  eventBytes,
  FOUNDED,
  JOINED,
  LEFT,
  MOVED,
  UPGRADED,
} from "./history-wire.ts";

const ERA = EVENT_ERA;
/** A member of era 5 among two others, of which HIGH tells events. */
async function member(): Promise<Scene> {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
  await says(s, REPORT);
  await s.node.waitFor(PROMPT);
  return s;
}

async function tell(s: Scene, ...events: readonly Uint8Array[]): Promise<void> {
  const rest = new Uint8Array(events.reduce((sum, { length }) => sum + length, 0));
  events.reduce((at, event) => (rest.set(event, at), at + event.length), 0);
  s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: EVENTS, rest });
  await s.lab.advance("50ms");
}

const HISTORY: readonly Event[] = [
  { era: 4, number: 1, kind: FOUNDED, author: HIGH, subject: HIGH, detail: 3, second: 900, name: "high" },
  { era: 4, number: 1, kind: FOUNDED, author: LOW, subject: LOW, after: 5, detail: 2, second: 901, name: "low" },
  { era: 4, number: 2, kind: JOINED, subject: LOW, members: 2, after: 6, detail: 2, second: 901, name: "low" },
  { era: 4, number: 3, kind: CHANGED, subject: LOW, members: 2, after: 6, detail: 0x6102000a, second: 7, name: "motd" },
  { era: 4, number: 4, kind: JOINED, subject: HIGHEST, members: 3, after: 9, detail: 8, second: 902, name: "top" },
  { era: 4, number: 5, kind: MOVED, subject: LOW, members: 3, after: 9, detail: 0x2802000a, name: "low" },
  { era: 4, number: 6, kind: DIED, subject: HIGHEST, members: 2, after: 60, name: "top" },
  { era: 4, number: 7, kind: UPGRADED, subject: LOW, members: 2, after: 61, detail: 950, second: 901, name: "low" },
  { era: 4, number: 8, kind: LEFT, subject: LOW, members: 1, after: 62, name: "low" },
  { era: 4, number: 9, kind: ENDED, author: LOWEST, subject: LOWEST, after: 62, name: "lowest" },
  { number: 1, kind: FOUNDED, author: LOWEST, subject: LOWEST, after: 100, detail: 11, second: 960, name: "lowest" },
  { number: 2, kind: JOINED, subject: HIGH, members: 2, after: 101, detail: 4, second: 960, name: "high" },
  { number: 3, kind: JOINED, subject: SELF, members: 3, after: 101, detail: 1, second: 1000, name: "qure-1" },
];

test("a history is shown by its events, eras and nodes, and over time", async () => {
  const s = await member();
  await tell(s, ...HISTORY.map(eventBytes));
  const told = async (command: string): Promise<string[]> => (await outputAmong(s.node, command)).trim().split("\n");
  expect((await told("cloud events")).map((line) => line.replace(/^2024-03-01 12:0/, ""))).toEqual([
    "0:05  4.1  low founded the era, age 2, revision 901  (1 online)",
    "0:00  4.1  high founded the era, age 3, revision 900  (1 online)",
    "0:06  4.2  low joined, age 2, revision 901  (2 online)",
    "0:06  4.3  motd was changed by 10.0.2.97  (2 online)",
    "0:09  4.4  top joined, age 8, revision 902  (3 online)",
    "0:09  4.5  10.0.2.40 is at low  (3 online)",
    "1:00  4.6  top died  (2 online)",
    "1:01  4.7  low has revision 950, after 901  (2 online)",
    "1:02  4.8  low left  (1 online)",
    "1:02  4.9  the era ended  (1 online)",
    "1:40  5.1  lowest founded the era, age 11, revision 960  (1 online)",
    "1:41  5.2  high joined, age 4, revision 960  (2 online)",
    "1:41  5.3  qure-1 joined, age 1, revision 1000  (3 online)",
    "The last of them are not known to be on another member's disk.",
  ]);
  // Of two foundings that of the lower id counts.
  expect((await told("cloud history")).slice(0, 3).map((line) => line.replaceAll("2024-03-01 12:0", ""))).toEqual([
    "ERA FOUNDER          NAME            BEGAN                UNTIL                EVENTS",
    "   4 525400fffe000061 low             0:05  1:02  10",
    "   5 0200000000000062 lowest          1:40  1:41  3",
  ]);
  expect((await told("cloud nodes")).map((line) => line.replaceAll("2024-03-01 12:0", ""))).toEqual([
    "NODE            ID               BOOTS FIRST SEEN           LAST WORD",
    "low             525400fffe000061     2 0:05  left    1:02, era 4",
    "high            525400fffeff0063     4 0:00  joined  1:41, era 5",
    "top             fe00000000000064     8 0:09  died    1:00, era 4",
    "lowest          0200000000000062    11 1:40  founded 1:40, era 5",
    "qure-1          525400fffea4caff     1 1:41  joined  1:41, era 5",
  ]);
  // Of one second the last word counts, whatever else was said in it.
  expect((await told("cloud graph")).map((line) => line.replace("2024-03-01 12:0", ""))).toEqual([
    "TIME                 ERA ONLINE",
    "0:05    4      1 #",
    "0:00    4      1 #",
    "0:06    4      2 ##",
    "0:09    4      3 ###",
    "1:00    4      2 ##",
    "1:02    4      1 #",
    "1:40    5      1 #",
    "1:41    5      3 ###",
  ]);
});

test("an era of which nobody tells who founded it is shown with what is known", async () => {
  const s = await member();
  await tell(s, eventBytes({ era: 4, number: 7, kind: DIED, after: 3 }));
  const [, row] = (await outputAmong(s.node, "cloud history")).split("\n");
  expect(row).toBe("   4 ?                ?               2024-03-01 12:00:03  2024-03-01 12:00:03  1");
});

const GOOD: Event = { number: 1, kind: JOINED };
const withByte = (at: number, value: number): Uint8Array => {
  const bytes = eventBytes(GOOD);
  bytes[at] = value;
  return bytes;
};
const padded = (bytes: number): Uint8Array => {
  const longer = new Uint8Array(EVENT_BYTES + bytes);
  longer.set(eventBytes(GOOD));
  return longer;
};

const MALFORMED: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ["era 0", [eventBytes({ ...GOOD, era: 0 })]],
  ["an era above the last", [eventBytes({ ...GOOD, era: 0x80000000 })]],
  ["number 0", [eventBytes({ ...GOOD, number: 0 })]],
  ["a number above the last", [eventBytes({ ...GOOD, number: 0x80000000 })]],
  ["no author", [eventBytes({ ...GOOD, author: "0".repeat(16) })]],
  ["no subject", [eventBytes({ ...GOOD, subject: "0".repeat(16) })]],
  ["kind 0", [eventBytes({ ...GOOD, kind: 0 })]],
  ["kind 9", [eventBytes({ ...GOOD, kind: 9 })]],
  ["a byte that is 0", [withByte(25, 1)]],
  ["a name with a blank", [eventBytes({ ...GOOD, name: "some one" })]],
  ["a name without an end", [eventBytes({ ...GOOD, name: "n".repeat(32) })]],
  ["a second one that is not good", [eventBytes(GOOD), eventBytes({ ...GOOD, kind: 9 })]],
  ["a byte more", [padded(1)]],
  ["half an event more", [padded(36)]],
  ["nothing", [new Uint8Array(0)]],
];

test.each(rowsOf(MALFORMED, 3))(
  "a packet of events with %s is malformed, and nothing of it counts",
  async (_what, events) => {
    const s = await member();
    const counts = new Counts(s.node);
    const before = counts.read().get("cloud malformed")!;
    await tell(s, ...events);
    expect(counts.read().get("cloud malformed")! - before).toBe(1);
    expect(await outputAmong(s.node, "cloud events")).not.toContain("2024-03-01");
  },
);

thoroughly("18 events in a packet count, the highest era and number among them", async () => {
  const s = await member();
  const numbers = [...Array.from({ length: 17 }, (_, index) => index + 1), 0x7fffffff];
  await tell(s, ...numbers.map((number) => eventBytes({ ...GOOD, number, name: "n".repeat(31) })));
  expect((await outputAmong(s.node, "cloud events")).match(/n{31} joined/g)).toHaveLength(18);
});
