/**
 * The commands of `qure` except the tools with the command lines of GNU (tools.ts), and what the help says of each. A
 * command is a module of its name beside this one.
 */
import type { Command } from "commander";

export interface CommandModule {
  /** Declares the command's options, and says what to do. */
  declare(command: Command): void;
  /** Brings arguments into the command's own words, where it takes others as well. */
  rewrite?(args: readonly string[]): readonly string[];
}

export const COMMANDS: ReadonlyMap<string, string> = new Map([
  ["build", "assemble and link boot/ and asm/ into boot images"],
  ["chaos", "put machines through faults, seed after seed, and say what did not hold"],
  ["disk", "look into OOFS volumes in disk images, and change them"],
  ["emu", "boot machines in the emulator, alone or as a cluster"],
  ["explain", "say what a diagnostic means and what to do"],
  ["inspect", "say what is in a boot image, disk or kernel image"],
  ["page", "serve the page in which a cluster runs in a browser"],
  ["snapshot", "save, restore, branch, list and delete whole clusters"],
]);

/** The script that knows no command more than by its name: for help, the version, and what is none. */
export const NO_COMMAND = "none";
