/** A program of the host's that is asked something and answers: `virsh`, `vmrun`. */
import { execFile } from "node:child_process";
import { type Environment, MachineError } from "./home.ts";

const MOST_BYTES = 16 << 20;

export interface Asked {
  readonly env: Environment;
  readonly withinMs: number;
  /** What to do where it is not installed. */
  readonly missing: string;
  /** The line that counts of what it says when it fails. */
  reason(said: string): string;
}

/** What it prints. Rejects with a MachineError. */
export function ask(
  program: string,
  args: readonly string[],
  { env, withinMs, missing, reason }: Asked,
): Promise<string> {
  return new Promise((done, fail) => {
    const options = {
      env: { ...env, LC_ALL: "C" },
      timeout: withinMs,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) done(stdout);
      else if (error.code === "ENOENT" || error.code === "EACCES") fail(new MachineError(missing));
      else if (error.killed)
        fail(new MachineError(`${program} ${args.join(" ")} does not answer within ${withinMs / 1000} s`));
      else fail(new MachineError(`${program}: ${reason(`${stderr}\n${stdout}`.trim()) || error.message}`));
    });
    child.stdin?.end();
  });
}
