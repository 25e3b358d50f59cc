/** The `qure` command: one subcommand for each file here, loaded only when it is called. */
import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { CommandError, describeError } from "./fail.ts";

/** A command's module declares its options on the command that it is given and says what to do. */
export interface CommandModule {
  declare(command: Command): void;
}

/** A command that takes its arguments as the GNU tool of its name does (gnu-options.ts). */
export interface GnuCommandModule {
  run(args: readonly string[]): void | Promise<void>;
}

interface GnuCommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<GnuCommandModule>;
}

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** As a program that SIGPIPE ended. */
const EXIT_NO_READER = 141;

const COMMANDS: readonly CommandEntry[] = [
  { name: "as", summary: "assemble, with the command line of GNU as", load: () => import("./as.ts") },
  { name: "build", summary: "assemble and link boot/ and asm/ into boot images", load: () => import("./build.ts") },
  { name: "emu", summary: "boot machines in the emulator, alone or as a cluster", load: () => import("./emu.ts") },
  { name: "explain", summary: "say what a diagnostic means and what to do", load: () => import("./explain.ts") },
  { name: "inspect", summary: "say what is in a boot image, disk or kernel image", load: () => import("./inspect.ts") },
  { name: "snapshot", summary: "save, restore, branch, list and delete whole clusters", load: () => import("./snapshot.ts") },
];

const GNU_COMMANDS: readonly GnuCommandEntry[] = [
  { name: "ld", summary: "link objects and archives, as GNU ld does", load: () => import("./ld.ts") },
  { name: "nm", summary: "list symbols, as GNU nm does", load: () => import("./nm.ts") },
  { name: "objdump", summary: "show what is in objects and programs, as GNU objdump does", load: () => import("./objdump.ts") },
  { name: "objcopy", summary: "make flat images of programs, leave sections out, as GNU objcopy does", load: () => import("./objcopy.ts") },
  { name: "size", summary: "print the sizes of sections, as GNU size does", load: () => import("./size.ts") },
];

async function main(args: readonly string[]): Promise<void> {
  const gnu = GNU_COMMANDS.find(({ name }) => name === args[0]);
  if (gnu) return (await gnu.load()).run(args.slice(1));
  const program = new Command("qure")
    .description("An operating system for bare x86 PCs that form a cluster by themselves, and the workshop for it.")
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError("(see --help)")
    .exitOverride();
  const asked = COMMANDS.find(({ name }) => name === args[0]) ?? (args[0] === "help" ? COMMANDS.find(({ name }) => name === args[1]) : undefined);
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary).exitOverride();
    if (name === asked?.name) (await load()).declare(command);
  }
  for (const { name, summary } of GNU_COMMANDS) program.command(name).description(summary);
  program.addHelpText("after", "\nExample:\n  qure build && qure emu --nodes 3\n");
  if (args.length === 0) program.help();
  await program.parseAsync([...args], { from: "user" });
}

// Whoever reads our output may leave (`qure inspect ... | head`): then there is nobody left to tell, and nothing went wrong.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT_NO_READER);
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    if (error instanceof CommandError && error.message === "") process.exitCode = error.exitCode;
    else {
      process.stderr.write(`qure: ${describeError(error)}\n`);
      process.exitCode = error instanceof CommandError ? error.exitCode : 1;
    }
    if (process.env["QURE_DEBUG"] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  }
});
