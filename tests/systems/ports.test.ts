/** Serial ports and a printer as a firmware finds them, ours beside SeaBIOS on the same board. */
import { expect, test } from "vitest";
import { MOST_SERIAL_PORTS } from "../../emulator/board-config.ts";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

const NAMED = "03F8 02F8 03E8 02E8 0378 0000 0000 4800";

test.for(rowsOf(["our firmware", "SeaBIOS"], 1))("%s finds four serial ports and a printer", (name, context) => {
  const firmware = name === "SeaBIOS" ? seabios("bios.bin") : ourFirmware();
  if (firmware === null) return context.skip("seabios is not installed");
  const parts = { serialPorts: MOST_SERIAL_PORTS, parallelPort: true };
  const system = new System({ firmware, disk: guest("tests/guest/programs/ports.s"), diskBytes: 1 << 20, ...parts });
  system.untilSerial(/end/, 20);
  expect(system.serial[0].split("\n").slice(-5)).toEqual([`${NAMED} `, "0000 0000 0000 ", "9000 1000 ", "end", ""]);
  expect(system.serial.slice(1)).toEqual(["B", "C", "D", "Paper"]);
});

test("where there are two serial ports and no printer, that is said", () => {
  const system = new System({
    firmware: ourFirmware(),
    disk: guest("tests/guest/programs/ports.s"),
    diskBytes: 1 << 20,
  });
  system.untilSerial(/end/, 20);
  expect(system.serial[0].split("\n").slice(-5)).toEqual([
    "03F8 02F8 0000 0000 0000 0000 0000 0400 ",
    "0000 8000 8000 ",
    "0100 0100 ",
    "end",
    "",
  ]);
});
