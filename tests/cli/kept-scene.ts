/** A copy of the command, with nothing kept, and a guest that counts in a loop for ever. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";

const ROOT = join(import.meta.dirname, "../..");

export class KeptScene {
  readonly folder = mkdtempSync(join(tmpdir(), "qure-kept-"));

  constructor() {
    mkdirSync(join(this.folder, "dist/scripts"), { recursive: true, mode: 0o755 });
    for (const name of ["package.json", "asm", "boot"]) symlinkSync(join(ROOT, name), join(this.folder, name));
    for (const name of [
      "qure.cjs",
      "scripts/machines.cjs",
      "interpreter-16.wasm",
      "interpreter-32.wasm",
      "firmware.bin",
    ])
      copyFileSync(join(ROOT, "dist", name), join(this.folder, "dist", name));
    const sector = new Uint8Array(512);
    // inc eax; jmp to it
    sector.set([0x66, 0x40, 0xeb, 0xfc]);
    sector.set([0x55, 0xaa], 510);
    writeFileSync(join(this.folder, "boot.img"), sector);
  }

  /** What a run prints. */
  run(virtualTime: string, environment: Record<string, string> = {}, ...more: string[]): string {
    const { folder } = this;
    const env = { HOME: folder, XDG_CACHE_HOME: folder, QURE_CODE_CACHE: "", NODE_OPTIONS: "", ...environment };
    const args = ["emu", "--hda", "boot.img", "--snapshot", "--for", virtualTime, ...more];
    return execaSync("node", [join(folder, "dist/qure.cjs"), ...args], { cwd: folder, env }).stdout;
  }

  /** What it says of the machine at its end, without the time that it took. */
  digest(virtualTime: string, environment: Record<string, string> = {}): string {
    return /^digest \w+$/m.exec(this.run(virtualTime, environment))![0];
  }

  /** Paths of what was kept under a name. */
  kept(name: string): string[] {
    const scripts = join(this.folder, "dist/scripts");
    return readdirSync(scripts)
      .filter((file) => file.startsWith(`${name}-`) && file.endsWith(".cache"))
      .map((file) => join(scripts, file));
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
