/**
 * The `qure` command without the tools (start.ts): one subcommand for each file here, loaded only when it is called.
 */
import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { COMMANDS } from "./commands.ts";
import { commandName, reportFailure } from "./fail.ts";
import { standardError, standardOutput } from "./streams.ts";
import { TOOLS } from "./tools.ts";

async function main(args: readonly string[]): Promise<void> {
  const program = new Command("qure")
    .description("An operating system for bare x86 PCs that form a cluster by themselves, and the workshop for it.")
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError("(see --help)")
    .configureOutput({ outputError: (text, write) => write(`${commandName()}: ${text}`) })
    .exitOverride();
  const asked =
    COMMANDS.find(({ name }) => name === args[0]) ??
    (args[0] === "help" ? COMMANDS.find(({ name }) => name === args[1]) : undefined);
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary).exitOverride();
    if (name === asked?.name) (await load()).declare(command);
  }
  for (const [name, summary] of TOOLS) program.command(name).description(summary);
  program.addHelpText("after", "\nExample:\n  qure build && qure emu --nodes 3\n");
  if (args.length === 0) program.help();
  const [name, ...rest] = args;
  const given = asked?.rewrite && name === asked.name ? [name, ...(await asked.rewrite(rest))] : args;
  await program.parseAsync([...given], { from: "user" });
}

standardOutput();
standardError();

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else reportFailure(error);
});
