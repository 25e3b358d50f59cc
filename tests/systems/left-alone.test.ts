/** Programs that do without the BIOS, or over it: what they find is a PC as any other firmware leaves it. */
import { expect, test } from "vitest";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { MIB, System } from "./system.ts";

/** A medium whose first byte tells which it is. */
function medium(sizeBytes: number, first: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  bytes[0] = first;
  return bytes;
}

test("a mouse driver of the program's own gets its interrupts, and the keyboard lives on", () => {
  const system = new System({
    firmware: ourFirmware(),
    disk: guest("tests/guest/programs/own-mouse.s"),
    diskBytes: MIB,
  });
  system.untilSerial(/Rm/, 2);
  system.machine.moveMouse(5, 3, 0);
  system.untilSerial(/Rmmmm/, 1);
  system.type("k");
  system.untilSerial(/Rmmmmk/, 1);
  system.machine.moveMouse(-5, 0, 0);
  system.type("l");
  system.until("three more of the mouse, and a key", () => /Rmmmmk(mmml|lmmm)/.test(system.serial[0]), 1);
});

test("a program that fills memory up to 640 KiB loses no drive and no mouse", () => {
  const disk = new Uint8Array(16 * MIB);
  disk.set(guest("tests/guest/programs/over-ebda.s"));
  const diskettes = [medium(1_474_560, 0xa1)];
  const system = new System({ firmware: ourFirmware(), disk, cd: medium(MIB, 0xcd), diskettes });
  system.untilSerial(/!/, 5);
  expect(system.serial[0]).toMatch(new RegExp(`\n00A1 00${disk[0]!.toString(16).toUpperCase()} 1F3F 0F01 00CD 00AA !`));
});
