/** What programs look for at fixed places of the BIOS: our firmware has it where SeaBIOS has it. */
import { expect, test } from "vitest";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

/** SeaBIOS has left the rates out, and video is another ROM's there. */
const FIRMWARES = [
  { name: "our firmware", load: ourFirmware, rates: "0417", video: "5003" },
  { name: "SeaBIOS", load: () => seabios("bios.bin"), rates: "0000", video: "0F00" },
];

test.for(rowsOf(FIRMWARES, 1))("$name has entries and tables at their places", ({ load, rates, video }, context) => {
  const firmware = load();
  if (firmware === null) return context.skip("seabios is not installed");
  const system = new System({ firmware, disk: guest("tests/guest/programs/bios-places.s"), diskBytes: 1 << 20 });
  system.untilSerial(/!/, 8);
  expect(system.serial[0]).toContain(
    `\nF000 E2C3 F000 FF53 F000 E6F5 2502 ${rates} 0001 ${video} 0000 0000 0000 0001 0000 0000 !`,
  );
});
