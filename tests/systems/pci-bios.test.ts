/** The PCI BIOS by INT 1Ah and from protected mode: our firmware says what SeaBIOS says on the same board. */
import { expect, test } from "vitest";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

/** Rows of AX BX ECX EDX and CF, in the order in which the guest asks. */
const ANSWERS = `0001 0210 0000 0000 2049 4350 0000
0002 0008 0000 7000 0000 8086 0000
8602 0000 0000 7000 0000 8086 0001
8302 0000 0000 7000 0000 FFFF 0001
0003 0009 0001 0180 0000 0000 0000
8603 0000 0001 0180 0000 0000 0001
0008 0008 0000 0080 0000 0000 0000
0009 0008 0000 7000 0000 0000 0000
8709 0008 0000 0000 0000 0000 0001
000A 0008 7000 8086 0000 0000 0000
870A 0008 0000 0000 0000 0000 0001
000A 00F8 FFFF FFFF 0000 0000 0000
000B 0009 0000 0055 0000 0000 0000
0008 0009 0000 0000 0000 0000 0000
870C 0009 0000 1234 0000 0000 0001
8104 0000 0000 0000 0000 0000 0001
8106 0000 0000 0000 0000 0000 0001
-
`;
/**
 * A buffer that is too small and one that is not, and the links of the first slot; the directory's sum and statuses.
 */
const ROUTING = "8900 0000 0000 0060 0061 0062 0063\n";
const DIRECTORY = "0000 8081 0000\n";

/** SeaBIOS looks neither at a register's number nor at a vendor that cannot be, nor at the directory's function. */
const lenient = (text: string): string =>
  text
    .replaceAll("8302", "8602")
    .replaceAll("8709 0008 0000 0000 0000 0000 0001", "0009 0008 0000 7000 0000 0000 0000")
    .replaceAll("870A 0008 0000 0000 0000 0000 0001", "000A 0008 7000 8086 0000 0000 0000")
    .replaceAll("870C 0009 0000 1234 0000 0000 0001", "000C 0009 0000 1234 0000 0000 0000")
    .replace(DIRECTORY, "0000 8000 0000\n");

test.for(rowsOf(["our firmware", "SeaBIOS"], 1))("%s answers for PCI in both modes", (name, context) => {
  const isOurs = name === "our firmware";
  const firmware = isOurs ? ourFirmware() : seabios("bios.bin");
  if (firmware === null) return context.skip("seabios is not installed");
  const system = new System({ firmware, disk: guest("tests/guest/pci-bios.s"), diskBytes: 1 << 20 });
  system.untilSerial(/!/, 8);
  const expected = `${ANSWERS}${ROUTING}${DIRECTORY}${ANSWERS}!`;
  expect(system.serial[0].replaceAll(" \n", "\n")).toContain(isOurs ? expected : lenient(expected));
});

test("the table of interrupt routing adds up to zero, and names each slot once", () => {
  const firmware = ourFirmware();
  const view = new DataView(firmware.buffer, firmware.byteOffset, firmware.length);
  let at = 0;
  while (view.getUint32(at, true) !== 0x52495024) at += 16; // "$PIR"
  const table = firmware.subarray(at, at + view.getUint16(at + 6, true));
  expect(table.reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
  const slots = Array.from({ length: (table.length - 32) / 16 }, (_, index) => table[32 + index * 16 + 1]! >> 3);
  expect(slots).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
});
