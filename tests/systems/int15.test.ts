/** The mouse and power management by INT 15h: our firmware says what SeaBIOS says on the same board. */
import { expect, test } from "vitest";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

/** Rows of AX BX CX DX SI DI and CF, in the order in which the guest asks. */
const MOUSE = `0004
0305 0400 0000 1111 2222 3333 0001
0005 00AA 0000 1111 2222 3333 0000
0500 0100 0000 1111 2222 3333 0001
0007 HAND 0000 1111 2222 3333 0000
0004 0000 0000 1111 2222 3333 0000
0003 0200 0000 1111 2222 3333 0000
0203 0400 0000 1111 2222 3333 0001
0002 0400 0000 1111 2222 3333 0000
0202 0700 0000 1111 2222 3333 0001
0006 0000 0002 1150 2222 3333 0000
0006 0200 0000 1111 2222 3333 0000
0006 0010 0002 1150 2222 3333 0000
0106 0300 0000 1111 2222 3333 0001
0108 0000 0000 1111 2222 3333 0001
0100 0200 0000 1111 2222 3333 0001
0000 0100 0000 1111 2222 3333 0000
!`;
/** Status, X, Y and 0 as words: moved to the right and up, the left button down, and up again. */
const PACKETS = `0008 0005 0003 0000
0009 0000 0000 0000
0008 0000 0000 0000`;
const OFF = `0000 0000 0000 1111 2222 3333 0000
0007 0000 0000 1111 2222 3333 0000
0001 00AA 0000 1111 2222 3333 0000`;
const POWER = `0102 504D 0003 1111 2222 3333 0000
5304 0000 0000 1111 2222 3333 0000
5301 0000 0000 1111 2222 3333 0000
5304 0000 0000 1111 2222 3333 0000
F000 0000 F000 1111 FFF0 FFF0 0000
5304 0000 0000 1111 2222 3333 0000
F000 0000 F000 F000 FFF0 FFF0 0000
FFF0
5305 0000 0000 1111 2222 3333 0000
5306 0000 0000 1111 2222 3333 0000
5307 0001 0001 1111 2222 3333 0000
5307 0002 0003 1111 2222 3333 0000
5308 0001 0001 1111 2222 3333 0000
530A 01FF 80FF FFFF 0000 3333 0000
800B 0000 0000 1111 2222 3333 0001
0102 0000 0102 1111 2222 3333 0000
530F 0001 0001 1111 2222 3333 0000
5310 0000 0000 1111 2222 3333 0000`;
/** From 32-bit and from 16-bit protected mode. */
const ENTRIES = `0102 0001 80FF FFFF 0000 3333 0000
530A 01FF 80FF FFFF 0000 3333 0000
`;

/** A machine with the guest, which has heard of the mouse what the test does with it. */
function asked(firmware: Uint8Array): System {
  const system = new System({ firmware, disk: guest("tests/guest/programs/int15.s"), diskBytes: 1 << 20 });
  const { machine } = system;
  system.untilSerial(/!\n/, 8);
  machine.moveMouse(5, -3, 0);
  system.untilSerial(/!\n.*\n/, 1);
  machine.holdMouseButtons(1);
  system.untilSerial(/!\n(.*\n){2}/, 1);
  machine.holdMouseButtons(0);
  return system;
}

function said({ serial: [text] }: System): string {
  return text
    .slice(text.indexOf("0004"))
    .replace(/ \n/g, "\n")
    .replace(/^0007 (?!0000)..../m, "0007 HAND");
}

test.for(rowsOf(["our firmware", "SeaBIOS"], 1))("%s has a mouse and power management", (name, context) => {
  const firmware = name === "SeaBIOS" ? seabios("bios.bin") : ourFirmware();
  if (firmware === null) return context.skip("seabios is not installed");
  const system = asked(firmware);
  system.untilSerial(/^5310.*\n/m, 1);
  expect(said(system)).toContain([MOUSE, PACKETS, OFF, POWER].join("\n"));
});

test("power management answers in protected mode, and switches the machine off", () => {
  const system = asked(ourFirmware());
  system.untilOff(1);
  expect(said(system).endsWith(`${POWER}\n${ENTRIES}`)).toBe(true);
});
