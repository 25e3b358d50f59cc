/** INT 13h AH=48h: our firmware says what SeaBIOS says on the same board of a drive and the way to it. */
import { expect, test } from "vitest";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

const zeros = (count: number): string => " 0000".repeat(count);
const WAY = "0000 4350 2049 5441 2041 2020 2020 0100 0001";
/**
 * Version and abilities; then, for each room that is given: CF, size, flags, sectors, and the path with its sum. The
 * drive is a disk of 2048 sectors, master of the first channel of device 1, function 1.
 */
const ANSWERS = `3000 0005
FFFF 0019${zeros(24)}
0000 001A 0002 0800${zeros(22)}
0000 001E 0002 0800${zeros(22)}
0000 001E 0002 0800${zeros(22)}
0000 0042 0002 0800 BEDD 0024 ${WAY}${zeros(6)} CD00${zeros(4)}
0000 004A 0002 0800 BEDD 002C ${WAY}${zeros(10)} C500
!`;

test.for(rowsOf(["our firmware", "SeaBIOS"], 1))("%s tells the way to a disk", (name, context) => {
  const isOurs = name === "our firmware";
  const firmware = isOurs ? ourFirmware() : seabios("bios.bin");
  if (firmware === null) return context.skip("seabios is not installed");
  const system = new System({ firmware, disk: guest("tests/guest/programs/disk-parameters.s"), diskBytes: 1 << 20 });
  system.untilSerial(/!/, 8);
  // SeaBIOS gives a path, and says that it does not.
  const expected = isOurs ? ANSWERS : ANSWERS.replace(/ 00(42|4A) /g, " 001E ");
  expect(system.serial[0].replaceAll(" \n", "\n")).toContain(expected);
});
