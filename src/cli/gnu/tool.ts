/** Runs a command that takes its arguments as the GNU tool of its name does, as a program of its own. */
import { reportFailure } from "../fail.ts";

export interface Tool {
  run(args: readonly string[]): void | Promise<void>;
}

/** Sets the exit code; never throws. */
export async function runTool(tool: Tool, args: readonly string[]): Promise<void> {
  try {
    // A tool that does its work at once is done before anything else of the event loop gets its turn.
    const work = tool.run(args);
    if (work !== undefined) await work;
  } catch (error) {
    reportFailure(error);
  }
}
