/**
 * Diskettes and what El Torito makes of a CD: a boot sector of ours reads the whole medium by INT 13h, writes to it,
 * and says what it found.
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { makeForeignIso, ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

const SECTOR = 512;
/** KiB, kind of the drive by INT 13h AH=08h, cylinders, heads, sectors a track. */
const SIZES = [
  [160, 1, 40, 1, 8],
  [180, 1, 40, 1, 9],
  [320, 1, 40, 2, 8],
  [360, 1, 40, 2, 9],
  [720, 3, 80, 2, 9],
  [1200, 2, 80, 2, 15],
  [1440, 4, 80, 2, 18],
  [2880, 5, 80, 2, 36],
] as const;

/** A medium whose sectors from 1 on begin with their number; sector 0 is the guest, told the geometry. */
function medium(code: Uint8Array, kib: number, heads: number, sectors: number): Uint8Array {
  const bytes = new Uint8Array(kib * 1024);
  bytes.set(code.subarray(0, SECTOR));
  const view = new DataView(bytes.buffer);
  view.setUint16(504, heads, true);
  view.setUint16(506, sectors, true);
  view.setUint16(508, (kib * 2) / (heads * sectors), true);
  for (let sector = 1; sector < kib * 2; sector++) view.setUint32(sector * SECTOR, sector, true);
  return bytes;
}

describe("diskettes", () => {
  test.each(rowsOf(SIZES, 1))(
    "%i KiB: every sector is read, one is written",
    (kib, kind, cylinders, heads, sectors) => {
      const code = guest("tests/guest/diskette.s");
      const system = new System({ firmware: ourFirmware(), diskettes: [medium(code, kib, heads, sectors)] });
      system.untilSerial(/end/, 20);
      expect(system.serial[0]).toMatch(
        new RegExp(
          `drive 00 kind 0${kind} all ${(cylinders * heads * sectors).toString(16).toUpperCase().padStart(4, "0")} written 00`,
        ),
      );
    },
  );
});

describe("one request over the ends of tracks", () => {
  const TWO_SIDED = SIZES.filter(([, , , heads]) => heads === 2);
  test.each(rowsOf(TWO_SIDED, 1))(
    "%i KiB: the other side follows, then the next cylinder",
    (kib, _kind, _, heads, sectors) => {
      const bytes = medium(new Uint8Array(SECTOR), kib, heads, sectors);
      bytes.set(guest("tests/guest/diskette-run.s").subarray(0, SECTOR));
      const system = new System({ firmware: ourFirmware(), diskettes: [bytes] });
      system.untilSerial(/end/, 20);
      expect(system.serial[0]).toContain("read 00 64 right 64 none 04 00");
    },
  );
});

test("a driver that never seeks reads other cylinders, after its own reset too", () => {
  const bytes = medium(new Uint8Array(SECTOR), 1440, 2, 18);
  bytes.set(guest("tests/guest/diskette-no-seek.s").subarray(0, SECTOR));
  const system = new System({ firmware: ourFirmware(), diskettes: [bytes] });
  system.untilSerial(/end/, 20);
  const number = (cylinder: number) => ((cylinder * 2 + 1) * 18 + 4).toString(16).toUpperCase().padStart(4, "0");
  expect(system.serial[0]).toContain(`st0 24 number ${number(7)}st0 24 number ${number(9)}`);
});

test("a request over the end of a disk reads what lies before it", () => {
  const SECTORS = 12;
  const disk = medium(guest("tests/guest/disk-end.s"), SECTORS / 2, 1, 1);
  new DataView(disk.buffer).setUint32(504, SECTORS, true);
  const system = new System({ firmware: ourFirmware(), disk });
  system.untilSerial(/end/, 20);
  expect(system.serial[0]).toContain("read 040B0B packet 040B0B beyond 040000");
});

describe("El Torito", () => {
  const EMULATED = [
    ["a diskette of 1200 KiB", 1200, 2, 15, "drive 00 kind 02 all 0960 written 03"],
    ["a diskette of 1440 KiB", 1440, 2, 18, "drive 00 kind 04 all 0B40 written 03"],
    ["a diskette of 2880 KiB", 2880, 2, 36, "drive 00 kind 05 all 1680 written 03"],
  ] as const;
  test.for(rowsOf(EMULATED, 1))("%s is emulated", ([_what, kib, heads, sectors, expected], context) => {
    const code = guest("tests/guest/diskette.s");
    const image = medium(code, kib, heads, sectors);
    const iso = makeForeignIso({ "boot.img": image }, ["-b", "boot.img", "-c", "boot.cat"], context);
    const system = new System({ firmware: ourFirmware(), cd: iso });
    system.untilSerial(/end/, 20);
    expect(system.serial[0]).toContain(expected);
  });

  thoroughly("a disk is emulated, with the geometry of its partition", (context) => {
    const code = guest("tests/guest/diskette.s");
    const image = medium(code, 4 * 1024, 4, 32);
    // A partition of everything: active, from cylinder 0, head 0, sector 1 to cylinder 63, head 3, sector 32.
    image.set([0x80, 0, 1, 0, 0x06, 3, 32, 63, 0, 0, 0, 0, 0, 0x20, 0, 0], 446);
    const iso = makeForeignIso({ "boot.img": image }, ["-b", "boot.img", "-c", "boot.cat", "-hard-disk-boot"], context);
    const system = new System({ firmware: ourFirmware(), cd: iso });
    system.untilSerial(/end/, 20);
    expect(system.serial[0]).toContain("drive 80 kind 00 all 2000 written 03");
  });
});
