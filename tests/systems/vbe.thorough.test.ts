/** VBE of the firmware as systems of others use it: a graphical boot menu, and Linux' frame buffer. */
import { describe, expect, test } from "vitest";
import { linuxIso } from "./linux.ts";
import { makeForeignIso, ourFirmware, packageFile } from "./packages.ts";
import { MIB, System } from "./system.ts";

const MENU = `UI vesamenu.c32
MENU TITLE Which one
MENU BACKGROUND #ff336699
LABEL first
  MENU LABEL The first
  KERNEL nothing
`;

/** How many pixels of the picture have a colour. */
function pixelsOf(system: System, [red, green, blue]: readonly [number, number, number]): number {
  const { rgba } = system.machine.screenshot();
  let count = 0;
  for (let at = 0; at < rgba.length; at += 4)
    if (rgba[at] === red && rgba[at + 1] === green && rgba[at + 2] === blue) count++;
  return count;
}

const sizeOf = (system: System): string => {
  const { width, height } = system.machine.screenshot();
  return `${width} x ${height}`;
};

describe("with the firmware's VBE", () => {
  test("ISOLINUX draws its graphical menu", (context) => {
    const module = (name: string): Uint8Array =>
      packageFile(`/usr/lib/syslinux/modules/bios/${name}`, "syslinux-common", context);
    const cd = makeForeignIso(
      {
        "isolinux/isolinux.bin": packageFile("/usr/lib/ISOLINUX/isolinux.bin", "isolinux", context),
        "isolinux/isolinux.cfg": MENU,
        ...Object.fromEntries(
          ["ldlinux.c32", "libcom32.c32", "libutil.c32", "vesamenu.c32"].map((name) => [
            `isolinux/${name}`,
            module(name),
          ]),
        ),
      },
      "-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table".split(" "),
      context,
    );
    const system = new System({ firmware: ourFirmware(), cd });
    system.until("a menu", () => sizeOf(system) === "640 x 480" && pixelsOf(system, [0x33, 0x66, 0x99]) > 50_000);
  });

  test("Linux has its console on a linear frame buffer", { timeout: 240_000 }, (context) => {
    const cd = linuxIso("console=tty0 console=ttyS0 vga=0x315", context);
    const system = new System({ firmware: ourFirmware(), cd, ramBytes: 128 * MIB });
    system.untilSerial(/frame buffer device/, 120);
    system.run(0.5);
    expect(sizeOf(system)).toBe("800 x 600");
    expect(pixelsOf(system, [0xaa, 0xaa, 0xaa])).toBeGreaterThan(1000);
  });
});
