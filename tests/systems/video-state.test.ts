/** INT 10h about the display itself: what it can do, its palette, its state kept and restored, beside SeaBIOS. */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { type Answers, type Call, ours, type Reply, theirs } from "./video-calls.ts";

/** Where the guest has room at ES: what is seen of a call, and what stays. */
const SEEN = 0xa000;
const ROOM = 0xb000;
const MORE_ROOM = 0xb800;

const told = (calls: readonly Call[], replies: readonly Reply[]): string[] =>
  calls.map((call, index) => {
    const { ax, bx, cx, dx, bytes } = replies[index]!;
    return `${JSON.stringify(call)}: ${[ax, bx, cx, dx].map((word) => word.toString(16)).join(" ")} ${bytes.toString("hex")}`;
  });

const sizeOf = ({ system }: Answers): string => {
  const { width, height } = system.machine.screenshot();
  return `${width}x${height}`;
};

const PALETTE: readonly Call[] = [
  { ax: 0x0003 },
  { ax: 0x1009, dx: SEEN, seen: 17 },
  { ax: 0x1001, bx: 0x0500 },
  { ax: 0x1008 },
  { ax: 0x1013, bx: 0x0201 },
  { ax: 0x101a },
  { ax: 0x1013, bx: 0x0100 },
  { ax: 0x101a },
  { ax: 0x1013, bx: 0x0701 },
  { ax: 0x101a },
  { ax: 0x1013, bx: 0x0000 },
  { ax: 0x1013, bx: 0x0001 },
  { ax: 0x1018, bx: 0x003f },
  { ax: 0x1019 },
  { ax: 0x1018, bx: 0x00ff },
  { ax: 0x101b, bx: 1, cx: 6 },
  { ax: 0x1015, bx: 1 },
  { ax: 0x1015, bx: 4 },
  { ax: 0x1015, bx: 6 },
  { ax: 0x1015, bx: 7 },
  { ax: 0x1042 },
  // The CGA's colours: another three, bright ones, a background.
  { ax: 0x0004 },
  { ax: 0x1009, dx: SEEN, seen: 17 },
  { ax: 0x0b00, bx: 0x0100 },
  { ax: 0x1009, dx: SEEN, seen: 17 },
  { ax: 0x0b00, bx: 0x0009 },
  { ax: 0x1009, dx: SEEN, seen: 17 },
  { ax: 0x0b00, bx: 0x0011 },
  { ax: 0x0b00, bx: 0x0101 },
  { ax: 0x1009, dx: SEEN, seen: 17 },
  { ax: 0x0b00, bx: 0x0200 },
];

const DISPLAY: readonly Call[] = [
  { ax: 0x0003 },
  { ax: 0x1a01, bx: 0x0007 },
  { ax: 0x1a00 },
  { ax: 0x1a01, bx: 0x0008 },
  { ax: 0x1a02 },
  ...[0x30, 0x31, 0x36, 0x37].map((bx) => ({ ax: 0x1200, bx })),
  ...[4, 5, 6, 7, 0x0d, 0x0f, 0x12].flatMap((ax) => [{ ax }, { ax: 0x0f00 }]),
  { ax: 0x4f10, bx: 0x0000 },
  { ax: 0x4f10, bx: 0x0401 },
  { ax: 0x4f10, bx: 0x0002 },
  { ax: 0x4f10, bx: 0x0001 },
  { ax: 0x4f10, bx: 0x0002 },
  { ax: 0x4f10, bx: 0x0003 },
  { ax: 0x4f04, dx: 3, cx: 1 },
  { ax: 0x1c00, cx: 8 },
];

describe("INT 10h answers as SeaBIOS does", () => {
  test.for(
    rowsOf(
      [
        ["of colours", PALETTE],
        ["of the display", DISPLAY],
      ] as const,
      1,
    ),
  )("%s", ([, calls], context) => {
    expect(told(calls, ours(calls).replies)).toEqual(told(calls, theirs(context, calls).replies));
  });

  thoroughly("what the display can do and how it is", (context) => {
    const calls: Call[] = [{ ax: 0x0003 }, { ax: 0x0205, dx: 0x0713 }, { ax: 0x1b00, seen: 64 }];
    const [here, there] = [ours(calls).replies[2]!, theirs(context, calls).replies[2]!];
    expect(here.ax).toBe(there.ax);
    // Before that is the address of each firmware's own table.
    expect(here.bytes.subarray(4).toString("hex")).toBe(there.bytes.subarray(4).toString("hex"));
    // SeaBIOS says the same of all modes.
    const [, cga] = ours([{ ax: 0x0004 }, { ax: 0x1b00, seen: 64 }]).replies;
    expect([cga!.bytes.readUInt16LE(0x27), cga!.bytes[0x29], cga!.bytes[0x2a]]).toEqual([4, 1, 0]);
  });
});

describe("the display's state", () => {
  const scene = (mode: number): Call[] => [
    mode > 0xff ? { ax: 0x4f02, bx: mode } : { ax: mode },
    { ax: 0x1000, bx: 0x0501 },
    { ax: 0x1010, bx: 0x0005, cx: 0x2a15, dx: 0x1100 },
    { ax: 0x0205, dx: 0x0713 },
    { ax: 0x0e41, bx: 0x05 },
  ];

  test("blocks of 64 bytes hold it", () => {
    const sizes = (calls: readonly Call[]): number[] => ours(calls).replies.map(({ bx }) => bx);
    expect(sizes([1, 2, 4, 7].map((cx) => ({ ax: 0x1c00, cx })))).toEqual([1, 1, 13, 15]);
    expect(sizes([8, 15].map((cx) => ({ ax: 0x4f04, cx })))).toEqual([1, 16]);
  });

  // From each of them to others, and back.
  test.for(rowsOf([3, 4, 7, 0x0f, 0x12, 0x13, 0x8101, 0xc118], 1))("of mode %i comes back", (mode) => {
    for (const other of [0x83, 0x87, 0x8f, 0x93, 0x8115].filter((number) => number !== mode)) {
      const set: Call = other > 0xff ? { ax: 0x4f02, bx: other } : { ax: other };
      const there: Call[] = [
        ...scene(mode),
        { ax: 0x4f04, bx: ROOM, cx: 15, dx: 1 },
        set,
        { ax: 0x101b, cx: 256 },
        { ax: 0x4f04, bx: MORE_ROOM, cx: 15, dx: 1 },
        { ax: 0x4f04, bx: ROOM, cx: 15, dx: 2 },
      ];
      const facts: Call[] = [{ ax: 0x0f00 }, { ax: 0x0305 }, { ax: 0x1009, dx: SEEN, seen: 17 }, { ax: 0x4f03 }];
      const straight = ours([...scene(mode), ...facts]);
      const back = ours([...there, ...facts]);
      const last = ({ replies }: Answers): string[] => told(facts, replies.slice(-facts.length));
      expect(last(back)).toEqual(last(straight));
      expect(sizeOf(back)).toBe(sizeOf(straight));
    }
  });
});
