/** ISOLINUX of Debian's packages, from a CD: its loader checks its own sum, its menu and a module of its run. */
import { describe, test } from "vitest";
import { makeForeignIso, ourFirmware, packageFile } from "./packages.ts";
import { System } from "./system.ts";

const CONFIGURATION = `SAY hello from the configuration
PROMPT 1
DEFAULT memory
LABEL memory
  COM32 meminfo.c32
`;

describe("ISOLINUX", () => {
  test("reads its configuration and runs a module that asks for the memory map", (context) => {
    const module = (name: string): Uint8Array =>
      packageFile(`/usr/lib/syslinux/modules/bios/${name}`, "syslinux-common", context);
    const iso = makeForeignIso(
      {
        "isolinux/isolinux.bin": packageFile("/usr/lib/ISOLINUX/isolinux.bin", "isolinux", context),
        "isolinux/isolinux.cfg": CONFIGURATION,
        ...Object.fromEntries(
          ["ldlinux.c32", "libcom32.c32", "meminfo.c32"].map((name) => [`isolinux/${name}`, module(name)]),
        ),
      },
      "-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table".split(" "),
      context,
    );
    const system = new System({ firmware: ourFirmware(), cd: iso });
    system.untilScreen(/hello from the configuration\nboot:/);
    system.type("mem");
    system.moveMouse(5, 3);
    system.type("ory\n");
    system.untilScreen(/E801: 0x3c00[\s\S]*0000000000100000x [0-9a-fx ]+ 1 \[-\] usable/);
  });
});
