/**
 * `qure` in the process of the tests, of the sources as they are: to start Node and to read the bundle takes a quarter
 * of a second, which is more than most commands need. It is for what ends by itself, reads no standard input and takes
 * no signal; that a bundle does the same is shown by the tests that start one.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { vi } from "vitest";
import { COMMANDS, type CommandModule } from "../../src/cli/commands.ts";
import { runTool, type Tool } from "../../src/cli/gnu/tool.ts";
import { TOOLS } from "../../src/cli/gnu/tools.ts";
import { main } from "../../src/cli/main.ts";

declare global {
  var QURE_BUILDER_HASH: string;
}

// Of the sources that build: outputs of others are made anew. There are no others here.
globalThis.QURE_BUILDER_HASH = "tests";

export const bundle = join(import.meta.dirname, "../../dist/qure.cjs");

/** Progress, on a slow machine. */
export const PROGRESS = /^ *\d+\.\d s {2}.*\n/gm;

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd: string;
  /** The whole environment; that of the tests when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Takes what is written to a stream, until `restore` is called. */
function capture(stream: NodeJS.WriteStream): { text: () => string; restore: () => void } {
  const pieces: Uint8Array[] = [];
  const spy = vi.spyOn(stream, "write").mockImplementation(((piece: string | Uint8Array, ...rest: unknown[]) => {
    pieces.push(typeof piece === "string" ? Buffer.from(piece) : Uint8Array.from(piece));
    const written = rest.find((one) => typeof one === "function") as (() => void) | undefined;
    if (written) queueMicrotask(written);
    return true;
  }) as typeof stream.write);
  return { text: () => Buffer.concat(pieces).toString("utf8"), restore: () => spy.mockRestore() };
}

async function run(args: readonly string[]): Promise<void> {
  const name = args[0] ?? "";
  if (TOOLS.has(name)) return runTool((await import(`../../src/cli/gnu/${name}.ts`)) as Tool, args.slice(1));
  const isCommand = COMMANDS.has(name);
  await main(name, isCommand ? ((await import(`../../src/cli/${name}.ts`)) as CommandModule) : null);
}

export async function qure(args: readonly string[], { cwd, env = process.env }: Surroundings): Promise<Ended> {
  const before = { argv: process.argv, env: process.env, cwd: process.cwd(), exitCode: process.exitCode };
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => [signal, process.listeners(signal)] as const);
  const [output, errors] = [capture(process.stdout), capture(process.stderr)];
  try {
    process.argv = [process.execPath, bundle, ...args];
    process.env = { ...env };
    process.chdir(cwd);
    process.exitCode = 0;
    await run(args);
    return { status: Number(process.exitCode), stdout: output.text(), stderr: errors.text() };
  } finally {
    output.restore();
    errors.restore();
    process.chdir(before.cwd);
    Object.assign(process, { argv: before.argv, env: before.env, exitCode: before.exitCode });
    for (const [signal, ours] of listeners)
      for (const one of process.listeners(signal)) if (!ours.includes(one)) process.removeListener(signal, one);
  }
}

/** The same in a process of its own. */
export const spawned = (args: readonly string[], { cwd, env = process.env }: Surroundings): Ended =>
  spawnSync("node", [bundle, ...args], { cwd, env: { ...env }, encoding: "utf8" }) as Ended;
