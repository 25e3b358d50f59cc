/**
 * A copy of the sources in which a page's blocks are run one after the other, as its reader would. `qure` is the built
 * command; programs by others have shims that keep them from waiting for a person.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { oracle } from "../oracle.ts";
import { root } from "./page.ts";

/** Folders that a reader's commands may change; the others are linked. */
const COPIED = ["asm", "boot"];
const LINKED = [
  "dist",
  "emulator",
  "scripts",
  "src",
  "tests",
  "tsconfig.base.json",
  "package.json",
  "package-lock.json",
  "docs",
];
/** How long QEMU runs where it would wait for a person: it has started, opened its files and booted by then. */
const QEMU_SECONDS = 4;
/** TCP ports that the pages show: each becomes one that is free. */
const PORTS = ["1234", "4000"];

/** The package is a folder in node_modules there, as it is for its users; how fast this computer is does not matter. */
const VITEST_CONFIG = "export default { resolve: { preserveSymlinks: true }, test: { testTimeout: 120_000 } };\n";

function shims(): Record<string, string | null> {
  const gdb = oracle("gdb");
  const qemu = oracle("qemu-system-i386");
  return {
    qure: `exec node ${root}/dist/qure.cjs "$@"`,
    npx: `[ "$1" = qure ] && shift; exec qure "$@"`,
    // The copy is installed: only whether it could be is looked at.
    npm: `PATH=\${PATH#*:}; [ "$1" = ci ] && exec npm ci --dry-run --offline --ignore-scripts; exec npm "$@"`,
    gdb: gdb && `exec ${gdb} -nx -batch -ex 'set tcp connect-timeout 30' "$@" </dev/null`,
    "qemu-system-i386":
      qemu &&
      // One that waits for gdb is ended with the block.
      `set -- -display none "$@" </dev/null
case " $* " in *" -S "*) exec ${qemu} "$@" ;; esac
timeout ${QEMU_SECONDS} ${qemu} "$@"; [ $? -eq 124 ]`,
  };
}

/** Programs that a block calls and this computer does not have. */
export function missingPrograms(text: string): string[] {
  return ["gdb", "qemu-system-i386", "make", "ld", "as"].filter(
    (name) => new RegExp(`(?:^|[;&|] *| do *)${name} `, "m").test(text) && oracle(name) === null,
  );
}

export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), "qure-docs-"));
  /** What a page has last shown of a file. */
  readonly shown = new Map<string, string>();
  readonly #ports = new Map<string, string>();

  constructor() {
    for (const name of COPIED) cpSync(join(root, name), this.path(name), { recursive: true });
    for (const name of LINKED) if (existsSync(join(root, name))) symlinkSync(join(root, name), this.path(name));
    mkdirSync(this.path("node_modules"));
    for (const name of readdirSync(join(root, "node_modules")))
      symlinkSync(join(root, "node_modules", name), this.path(`node_modules/${name}`));
    symlinkSync(root, this.path("node_modules/qure"));
    writeFileSync(this.path("vitest.config.mjs"), VITEST_CONFIG);
    mkdirSync(this.path("bin"));
    mkdirSync(this.path("home"));
    mkdirSync(this.path("home/run"), { mode: 0o700 });
    for (const [name, script] of Object.entries(shims())) {
      if (script === null) continue;
      writeFileSync(this.path(`bin/${name}`), `#!/bin/sh\n${script}\n`);
      chmodSync(this.path(`bin/${name}`), 0o755);
    }
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Puts back a file of the sources. */
  restore(name: string): void {
    cpSync(join(root, name), this.path(name));
  }

  /** The text with each port that pages show as a free one. */
  async withPorts(text: string): Promise<string> {
    let result = text.replace(/(?<=^qemu-system-i386.*) -s(?= )/m, " -gdb tcp::1234");
    for (const port of PORTS) {
      if (!result.includes(port)) continue;
      if (!this.#ports.has(port)) this.#ports.set(port, await freePort());
      result = result.replaceAll(port, this.#ports.get(port)!);
    }
    return result;
  }

  /** Runs a script; what it leaves in the background ends with it. Returns everything that it prints. */
  async run(script: string): Promise<{ exitCode: number | null; output: string }> {
    const text = `set -eo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${await this.withPorts(script)}`;
    const child = spawn("bash", ["-c", text], {
      cwd: this.folder,
      env: {
        ...process.env,
        PATH: `${this.path("bin")}:${process.env["PATH"]}`,
        NO_COLOR: "1",
        // What a reader keeps at home is this page's alone.
        XDG_DATA_HOME: this.path("home/data"),
        XDG_STATE_HOME: this.path("home/state"),
        XDG_RUNTIME_DIR: this.path("home/run"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (piece: string) => (output += piece));
    const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { exitCode, output };
  }

  async remove(): Promise<void> {
    // Machines go on when a page's commands are over.
    if (existsSync(this.path("home/data/qure/machines"))) await this.run("qure vm stop --kill all");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
