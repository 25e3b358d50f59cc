/** memtest86+ as Debian packages it: the ISO, whose boot image El Torito emulates. */
import { describe, test } from "vitest";
import { ourFirmware, packageFile } from "./packages.ts";
import { MIB, System } from "./system.ts";

/** Make code of the key for its menu. */
const F1 = 0x3b;

describe("memtest86+", () => {
  test("starts from its ISO and begins to test", (context) => {
    const cd = packageFile("/usr/lib/memtest86+/memtest86+ia32.iso", "memtest86+", context);
    const system = new System({ firmware: ourFirmware(), cd, ramBytes: 8 * MIB });
    system.untilScreen(/Memtest86\+ v\d/, 20);
    system.untilScreen(/Pass +1?\d%|Testing: +\S/, 20);
    system.moveMouse(5, 3);
    system.machine.key(F1, true);
    system.machine.key(F1, false);
    system.untilScreen(/Settings:/, 10);
  });
});
