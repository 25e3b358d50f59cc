/** `qure completion`: scripts by which shells complete its commands, and what they ask while somebody types. */
import { Argument, type Command } from "commander";
import { complete } from "./completion/answer.ts";
import { liveOf } from "./completion/live.ts";
import { linesOf, SHELLS } from "./completion/scripts.ts";
import type { KnownCommand } from "./completion/tree.ts";

/** All commands of this build (tree.ts): put in by the bundler. */
declare const QURE_COMMANDS: KnownCommand;

export function declare(command: Command): void {
  const hints = Object.entries(SHELLS).map(([shell, { hint }]) => `  ${shell.padEnd(6)}${hint}\n`);
  command
    .addArgument(new Argument("<shell>", "for which one the script is printed").choices(Object.keys(SHELLS)))
    .argument("[words...]", "of the script: what has been typed after qure, the last of it not ended")
    .addHelpText("after", `\nWhere it goes:\n${hints.join("")}\nExample:\n  eval "$(qure completion bash)"\n`)
    .action(async (shell: string, given: readonly string[]) => {
      const { script } = SHELLS[shell]!;
      process.stdout.write(given.length === 0 ? script : await answer(shell, given));
    });
}

/** Whatever is wrong with what is there: whoever types is not told in the middle of a line. */
async function answer(name: string, given: readonly string[]): Promise<string> {
  const shell = SHELLS[name]!;
  const { words, kept } = shell.read(given);
  const found = await complete(QURE_COMMANDS, words, liveOf(process.env)).catch(() => null);
  return linesOf(shell, found ?? { candidates: [], files: true }, kept);
}
