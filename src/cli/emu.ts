/** `qure emu`: boots machines, alone or as a cluster, and shows what becomes of them. The work is in emu/. */
import type { Command } from "commander";
import { EMU_OPTIONS } from "./emu/options.ts";
import { rewriteQemuWords } from "./emu/qemu-words.ts";
import { runEmu } from "./emu/run.ts";
import { declareOptions, readOptions } from "./option-table.ts";

export function declare(command: Command): void {
  declareOptions(command, EMU_OPTIONS)
    .addHelpText(
      "after",
      "\nExamples:\n  qure emu --nodes 3                          a cluster of three from build/qure.iso\n  qure emu --hda my-os.img --serial stdio     any disk image, its COM1 here\n",
    )
    .action((found: Record<string, unknown>) => runEmu(readOptions(EMU_OPTIONS, found)));
}

export const rewrite = rewriteQemuWords;
