/** The real gdb against a lab in this process: it runs its commands while the lab's virtual time goes on. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveGdb } from "../../../src/host/gdb-server.ts";
import type { LabCluster } from "../../../src/index.ts";
import { images } from "../../system/images.ts";

export interface GdbSession {
  /** Which node, counted from 0. */
  readonly node?: number;
  readonly commands: readonly string[];
  /** SIGINT goes to gdb so many ms after it has printed the text. */
  readonly interrupt?: { readonly after: string; readonly delayMs: number };
}

/**
 * Runs gdb sessions, at once when there are several, until all have ended; then virtual time stands. Returns what each
 * printed.
 */
export async function debug(
  lab: LabCluster,
  gdb: string,
  folder: string,
  sessions: readonly GdbSession[],
): Promise<string[]> {
  const elf = join(folder, "kernel.elf");
  writeFileSync(elf, images().kernelElf);
  writeFileSync(join(folder, "loader.elf"), images().loaderElf);
  const server = await serveGdb(lab.debug(true), 0);
  let running = sessions.length;
  const run = async (session: GdbSession, number: number): Promise<string> => {
    const script = join(folder, `session-${number}.gdb`);
    const setup = [
      "set pagination off",
      "set confirm off",
      "set remotetimeout 60",
      `target remote localhost:${server.ports[session.node ?? 0]}`,
    ];
    writeFileSync(script, [...setup, ...session.commands, ""].join("\n"));
    const child = spawn(gdb, ["-nx", "-batch", elf, "-x", script], { stdio: ["ignore", "pipe", "pipe"] });
    const kill = setTimeout(() => child.kill("SIGKILL"), 120_000);
    let output = "";
    let interrupted = false;
    const listen = (bytes: Buffer): void => {
      output += bytes.toString("utf8");
      if (session.interrupt && !interrupted && output.includes(session.interrupt.after)) {
        interrupted = true;
        setTimeout(() => child.kill("SIGINT"), session.interrupt.delayMs);
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    await new Promise((resolve) => child.on("close", resolve));
    clearTimeout(kill);
    running--;
    return output;
  };
  try {
    const outputs = Promise.all(sessions.map(run));
    while (running > 0) await lab.advance("1ms").catch((error: unknown) => Promise.reject(error));
    return await outputs;
  } finally {
    server.close();
  }
}

/** The value that gdb printed as `NAME = ...`. */
export function printedValue(output: string, name: string): string {
  const match = new RegExp(`^${name} = (.*)$`, "m").exec(output);
  if (!match) throw new Error(`gdb printed no ${name}:\n${output}`);
  return match[1]!;
}
