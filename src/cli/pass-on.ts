/**
 * Makefiles that find our tools by PATH also build programs for the host, which is a 64-bit one: those calls go to the
 * next tool of the same name on PATH.
 */
import { delimiter, join } from "node:path";

/** What each tool is told when it shall work for another processor than the 386. */
const OTHER_TARGETS: Readonly<Record<string, RegExp>> = {
  as: /(^| )--(64|x32)( |$)/,
  ld: /(^| )-m ?elf(32)?_x86_64( |$)/,
};

/** Runs the other tool, and ends the process with its exit code; false when the call is ours. */
export function passOn(name: string, args: readonly string[], ownFolder: string): boolean {
  if (OTHER_TARGETS[name]?.test(args.join(" ")) !== true) return false;
  const { existsSync, realpathSync } = process.getBuiltinModule("node:fs");
  const other = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && existsSync(folder) && realpathSync(folder) !== ownFolder)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (other === undefined) return false;
  const { status, signal } = process
    .getBuiltinModule("node:child_process")
    .spawnSync(other, args, { stdio: "inherit" });
  process.exitCode = signal === null ? (status ?? 1) : 1;
  return true;
}
