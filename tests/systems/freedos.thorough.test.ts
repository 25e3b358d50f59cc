/**
 * FreeDOS on diskettes of all sizes, when their images are in build/systems/freedos/SIZE.img: no registry has them, so
 * they are fetched by hand (docs/systems.md) and the test is skipped without them, in CI too.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { ourFirmware, systemsFolder } from "./packages.ts";
import { System } from "./system.ts";

describe("FreeDOS", () => {
  test.for(["160K", "180K", "320K", "360K", "640K", "720K", "1200K", "1.4MB"])("boots from %s", (size, context) => {
    const path = join(systemsFolder, "freedos", `${size}.img`);
    if (!existsSync(path)) context.skip(`${path} is not here`);
    const system = new System({ firmware: ourFirmware(), diskettes: [new Uint8Array(readFileSync(path))] });
    system.untilScreen(/^A:\\>$/m, 10);
    system.type("ver\n");
    system.untilScreen(/FreeCom version/, 10);
    system.moveMouse(5, 3);
    system.type("echo still here\n");
    system.untilScreen(/^still here$/m, 10);
  });
});
