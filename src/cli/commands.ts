/** The commands of `qure` except the tools with the command lines of GNU (tools.ts), each a module that is loaded when it is called. */
import type { Command } from "commander";

/** A command's module declares its options on the command that it is given and says what to do. */
export interface CommandModule {
  declare(command: Command): void;
}

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
  /** Brings arguments into the command's own words, where it takes others as well. */
  readonly rewrite?: (args: readonly string[]) => Promise<readonly string[]>;
}

export const COMMANDS: readonly CommandEntry[] = [
  { name: "build", summary: "assemble and link boot/ and asm/ into boot images", load: () => import("./build.ts") },
  {
    name: "chaos",
    summary: "put machines through faults, seed after seed, and say what did not hold",
    load: () => import("./chaos.ts"),
  },
  { name: "disk", summary: "look into OOFS volumes in disk images, and change them", load: () => import("./disk.ts") },
  {
    name: "emu",
    summary: "boot machines in the emulator, alone or as a cluster",
    load: () => import("./emu.ts"),
    rewrite: async (args) => (await import("./emu/qemu-words.ts")).rewriteQemuWords(args),
  },
  { name: "explain", summary: "say what a diagnostic means and what to do", load: () => import("./explain.ts") },
  { name: "inspect", summary: "say what is in a boot image, disk or kernel image", load: () => import("./inspect.ts") },
  { name: "page", summary: "serve the page in which a cluster runs in a browser", load: () => import("./page.ts") },
  {
    name: "snapshot",
    summary: "save, restore, branch, list and delete whole clusters",
    load: () => import("./snapshot.ts"),
  },
];
