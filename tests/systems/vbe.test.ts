/** VBE: the firmware's linear and banked modes, beside those of SeaBIOS' video BIOS on the same board. */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { MIB, type System } from "./system.ts";
import { type Call, ours, type Reply, theirs } from "./video-calls.ts";

const OK = 0x4f;

/** The numbers of the list that an information block leads to. */
function modesOf({ system, replies }: { system: System; replies: readonly Reply[] }): number[] {
  const { bytes } = replies[0]!;
  const start = bytes.readUInt16LE(16) * 16 + bytes.readUInt16LE(14);
  const modes: number[] = [];
  for (let address = start; ; address += 2) {
    const read = Buffer.alloc(2);
    system.machine.memory.dma.read(address, read);
    if (read.readUInt16LE(0) === 0xffff) return modes;
    modes.push(read.readUInt16LE(0));
  }
}

describe("VBE", () => {
  test("says what there is, to callers of version 1 and 2", () => {
    const [reply] = ours([{ ax: 0x4f00, seen: 512 }], "VBE2").replies;
    expect(reply!.ax).toBe(OK);
    expect(reply!.bytes.toString("latin1", 0, 4)).toBe("VESA");
    expect([reply!.bytes.readUInt16LE(4), reply!.bytes.readUInt16LE(18)]).toEqual([0x300, 256]);
    const [old] = ours([{ ax: 0x4f00, seen: 512 }], "\xff".repeat(512)).replies;
    expect([...old!.bytes.subarray(256)]).toEqual(Array(256).fill(0xff));
  });

  test("has the list of modes in the caller's block, for a program may map other memory over the ROM", () => {
    const answers = ours([{ ax: 0x4f00, seen: 256 }]);
    const { bytes } = answers.replies[0]!;
    const modes = modesOf(answers);
    expect(bytes.readUInt16LE(16) * 16 + bytes.readUInt16LE(14)).toBeLessThan(0xa0000);
    expect(modes).toEqual(modes.map((_, index) => bytes.readUInt16LE(34 + 2 * index)));
    expect(modes).toContain(0x101);
  });

  thoroughly("its modes are those of SeaBIOS, as far as the board shows them", (context) => {
    const list = ours([{ ax: 0x4f00, seen: 512 }], "VBE2");
    const modes = modesOf(list);
    const calls = [...modes, 0x1ff, 0x13f].map((cx) => ({ ax: 0x4f01, cx, seen: 256 }));
    const [here, there] = [ours(calls).replies, theirs(context, calls).replies];
    modes.forEach((mode, index) => {
      for (const reply of [here[index]!, there[index]!]) {
        // Where the far call leads, and the highest clock, are each firmware's own; SeaBIOS leaves out what version 3
        // says of the banked and the linear form one by one.
        for (const [from, to] of [
          [0x0c, 0x10],
          [0x34, 0x42],
        ] as const)
          reply.bytes.fill(0, from, to);
        // A second page for which there is no room is counted by SeaBIOS.
        if (reply.bytes.readUInt16LE(0x10) * reply.bytes.readUInt16LE(0x14) > 8 * MIB) reply.bytes[0x1d] = 0;
      }
      expect([mode.toString(16), here[index]!.ax, here[index]!.bytes.toString("hex")]).toEqual([
        mode.toString(16),
        there[index]!.ax,
        there[index]!.bytes.toString("hex"),
      ]);
    });
    for (const reply of here.slice(modes.length)) expect(reply.ax).toBe(0x14f);
  });

  thoroughly("sets modes, tells them, moves window and picture, as SeaBIOS does", (context) => {
    const calls: Call[] = [
      { ax: 0x4f03 },
      { ax: 0x4f02, bx: 0x1ff },
      ...[0x4101, 0x8115, 0x144, 0x4105, 0x118].flatMap((bx) => [
        { ax: 0x4f02, bx },
        { ax: 0x4f03 },
        { ax: 0x4f06, bx: 1 },
        { ax: 0x4f06, bx: 0, cx: 1280 },
        { ax: 0x4f06, bx: 2, cx: 7680 },
        { ax: 0x4f06, bx: 1 },
        { ax: 0x4f07, bx: 0, cx: 8, dx: 16 },
        { ax: 0x4f07, bx: 1 },
      ]),
      { ax: 0x4f05, dx: 3 },
      { ax: 0x4f05, bx: 0x100 },
      { ax: 0x4f02, bx: 0x103 },
      { ax: 0x4f08, bx: 0x800 },
      { ax: 0x4f08, bx: 1 },
      { ax: 0x0003 },
      { ax: 0x4f03 },
      { ax: 0x4f42 },
    ];
    const relevant = ({ ax, bx, cx, dx }: Reply): string => [ax, bx, cx, dx].map((word) => word.toString(16)).join(" ");
    const told = (replies: readonly Reply[]): string[] =>
      calls.map((call, index) => `${JSON.stringify(call)}: ${relevant(replies[index]!)}`);
    expect(told(ours(calls).replies)).toEqual(told(theirs(context, calls).replies));
  });

  test("colours have the order blue, green, red, and 8 bits a component when they are wanted", () => {
    const seen = { ax: 0x4f09, bx: 1, cx: 2, dx: 6, seen: 8 };
    const { replies } = ours(
      [{ ax: 0x4f02, bx: 0x103 }, { ax: 0x4f09, cx: 2, dx: 6 }, seen, { ax: 0x4f08, bx: 0x800 }, { ...seen, dx: 5 }],
      "\x01\x02\x03\0\x3f\x3e\x3d\0",
    );
    expect(replies.map(({ ax }) => ax)).toEqual(Array(5).fill(OK));
    expect(replies[2]!.bytes.toString("hex")).toBe("010203003f3e3d00");
    expect(replies[4]!.bytes.toString("hex").slice(8)).toBe("01020300");
  });

  test("says which functions a mode does not have", () => {
    const { replies } = ours([
      { ax: 0x4f05 },
      { ax: 0x4f06, bx: 1 },
      { ax: 0x4f02, bx: 0x4115 },
      { ax: 0x4f05, dx: 3 },
      { ax: 0x4f08, bx: 1 },
      { ax: 0x4f06, bx: 0, cx: 0xffff },
      { ax: 0x4f07, bx: 0, cx: 0, dx: 0xffff },
    ]);
    expect(replies.map(({ ax }) => ax.toString(16))).toEqual(["34f", "34f", "4f", "34f", "34f", "24f", "14f"]);
  });

  test("a picture is drawn through the window and through the linear frame buffer", () => {
    for (const bx of [0x143, 0x4143]) {
      const { system } = ours([
        { ax: 0x4f01, cx: 0x143, seen: 44 },
        { ax: 0x4f02, bx },
        { ax: 0x4f05, dx: 2 },
      ]);
      const { board } = system.machine;
      const last = (599 * 800 + 799) * 4;
      if (bx === 0x4143) board.writeMmio(0xfd000000 + last, 4, 0x00336699);
      const { width, height, rgba } = system.machine.screenshot();
      expect([width, height]).toEqual([800, 600]);
      if (bx === 0x4143) expect([...rgba.subarray(last, last + 3)]).toEqual([0x33, 0x66, 0x99]);
      else {
        board.writeMmio(0xa0000, 4, 0x00112233);
        const { rgba: after } = system.machine.screenshot();
        expect([...after.subarray(2 << 16, (2 << 16) + 3)]).toEqual([0x11, 0x22, 0x33]);
      }
    }
  });

  test("a mode of the VGA comes back, and its text", () => {
    const { system } = ours([{ ax: 0x4f02, bx: 0x4118 }, { ax: 0x4f02, bx: 3 }, { ax: 0x0e41 }, { ax: 0x4f03 }]);
    expect(system.screen.lines.join("\n")).toContain("A");
    expect(system.screen.rows).toBe(25);
  });
});
