/**
 * The `qure` command but for the tools (start.ts): one subcommand for each file here, loaded only when it is called.
 */
import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { commandName, reportFailure } from "./fail.ts";
import { standardError, standardOutput } from "./streams.ts";
import { TOOLS } from "./tools.ts";

/** A command's module declares its options on the command that it is given and says what to do. */
export interface CommandModule {
  declare(command: Command): void;
}

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

const COMMANDS: readonly CommandEntry[] = [
  { name: "build", summary: "assemble and link boot/ and asm/ into boot images", load: () => import("./build.ts") },
  { name: "emu", summary: "boot machines in the emulator, alone or as a cluster", load: () => import("./emu.ts") },
  { name: "explain", summary: "say what a diagnostic means and what to do", load: () => import("./explain.ts") },
  { name: "inspect", summary: "say what is in a boot image, disk or kernel image", load: () => import("./inspect.ts") },
  {
    name: "snapshot",
    summary: "save, restore, branch, list and delete whole clusters",
    load: () => import("./snapshot.ts"),
  },
];

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
  await program.parseAsync([...args], { from: "user" });
}

standardOutput();
standardError();

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else reportFailure(error);
});
