/** INT 10h AX=1100h and 1110h: a font that a program gives is the one that is shown. */
import { describe, expect, test } from "vitest";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { MIB, System } from "./system.ts";

describe("a font of the program's own", () => {
  test.for([0x1100, 0x1110])("is shown by AX=%i", (ax) => {
    const disk = guest("tests/guest/programs/user-font.s");
    new DataView(disk.buffer, disk.byteOffset).setUint16(508, ax, true);
    const system = new System({ firmware: ourFirmware(), disk, diskBytes: MIB });
    system.run(0.5);
    const { width, rgba } = system.machine.screenshot();
    const line = (y: number): string =>
      Array.from({ length: 8 }, (_, x) => (rgba[(y * width + x) * 4]! > 0 ? 1 : 0)).join("");
    // The blank in the last row, too.
    expect([0, 1, 384, 385].map(line)).toEqual(["01010101", "10101010", "01010101", "10101010"]);
  });
});
