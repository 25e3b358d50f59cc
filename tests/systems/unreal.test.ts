/** Services of the BIOS leave FS and GS alone, and the limits of DS and ES: what loaders in "unreal mode" rely on. */
import { expect, test } from "vitest";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

const FIRMWARES = [
  { name: "our firmware", load: ourFirmware },
  { name: "SeaBIOS", load: () => seabios("bios.bin") },
];

test.for(rowsOf(FIRMWARES, 1))(
  "$name leaves the segments of a caller in unreal mode as they are",
  ({ load }, context) => {
    const firmware = load();
    if (firmware === null) return context.skip("seabios is not installed");
    const system = new System({
      firmware,
      disk: guest("tests/guest/programs/unreal.s"),
      diskBytes: 1 << 20,
      cd: new Uint8Array(64 * 2048),
    });
    system.untilSerial(/!/, 8);
    expect(system.serial[0]).toContain("\nDCTVPSMKZ!");
  },
);
