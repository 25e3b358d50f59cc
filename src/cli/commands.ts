/**
 * The commands of `qure` except the tools with the command lines of GNU (tools.ts), and what the help says of each. A
 * command is a module of its name beside this one.
 */
import type { Command } from "commander";

/** What knows no command more than by its name: for help, the version, and what is none. */
export const NO_COMMAND = "none";

export interface CommandModule {
  /** Declares the command's options, and says what to do. */
  declare(command: Command): void;
  /** Brings arguments into the command's own words, where it takes others as well. */
  rewrite?(args: readonly string[]): readonly string[];
}

export const COMMANDS: ReadonlyMap<string, string> = new Map([
  ["backup", "write nodes, disks and volumes into archives, and prove these"],
  ["build", "assemble and link boot/ and asm/ into boot images"],
  ["chaos", "put machines through faults, seed after seed, and say what did not hold"],
  ["cloud", "look at a cluster of this host's machines, and set what it agrees on"],
  ["completion", "print what has a shell complete these commands"],
  ["disk", "look into OOFS volumes in disk images, and change them"],
  ["emu", "boot machines in the emulator, alone or as a cluster"],
  ["explain", "say what a diagnostic means and what to do"],
  ["image", "say in what two images differ, and get the kernel that a node runs"],
  ["inspect", "say what is in a boot image, disk or kernel image"],
  ["key", "make and show the keys by which kernels are signed"],
  ["new", "make a folder with a system of one's own"],
  ["page", "serve the page in which a cluster runs in a browser"],
  ["push", "put a module into machines that run, as it is in this folder"],
  ["restore", "bring back nodes, disks and volumes from archives"],
  ["snapshot", "save, restore, branch, list and delete whole clusters"],
  ["storage", "start and stop the processes that serve volumes, and say which run"],
  ["vm", "make machines that go on when the command is over, and look after them"],
  ["vlmc", "volumes in the words of Archipelago's manual"],
  ["volume", "make, snapshot, clone, lock, serve and check copy-on-write volumes"],
]);

/**
 * Scripts of more than one command or tool, which share most of what they are made of; each other one is a script of
 * its own. To have all in one is smaller still, and each start takes ten milliseconds longer.
 */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  machines: ["emu", "snapshot", "chaos", "vm", "cloud", "push", "backup", "restore"],
  builders: ["build", "as", "ld", "objdump"],
  files: [
    ...["volume", "vlmc", "storage", "disk", "completion"],
    ...["image", "inspect", "key", "new", "page", "explain", NO_COMMAND],
    ...["nm", "size", "readelf", "objcopy", "strip", "ar", "ranlib"],
  ],
};

/** The name of the script that has a command or tool. */
export function scriptOf(name: string): string {
  return Object.keys(SHARED).find((script) => SHARED[script]!.includes(name)) ?? name;
}
