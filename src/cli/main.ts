/**
 * The `qure` command without the tools (start.ts): the subcommand that a script brings along, and help on all of them.
 */
import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { COMMANDS, type CommandModule } from "./commands.ts";
import { commandName, reportFailure } from "./fail.ts";
import { TOOLS } from "./gnu/tools.ts";
import { standardError, standardOutput } from "./streams.ts";

async function runCommand(name: string, module: CommandModule | null, args: readonly string[]): Promise<void> {
  const program = new Command("qure")
    .description("An operating system for bare x86 PCs that form a cluster by themselves, and the workshop for it.")
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError("(see --help)")
    .configureOutput({ outputError: (text, write) => write(`${commandName()}: ${text}`) })
    .exitOverride();
  for (const [known, summary] of COMMANDS) {
    const command = program.command(known).description(summary).exitOverride();
    if (known === name) module?.declare(command);
  }
  for (const [tool, summary] of TOOLS) program.command(tool).description(summary);
  program.addHelpText("after", "\nExample:\n  qure build && qure emu --nodes 3\n");
  if (args.length === 0) program.help();
  const given = module?.rewrite && args[0] === name ? [name, ...module.rewrite(args.slice(1))] : args;
  await program.parseAsync([...given], { from: "user" });
}

/** Runs the command line of this process; `module` is the command of that name. Whatever fails is the exit code. */
export async function main(name: string, module: CommandModule | null): Promise<void> {
  standardOutput();
  standardError();
  try {
    await runCommand(name, module, process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else reportFailure(error);
  }
}
