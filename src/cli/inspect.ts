/** `qure inspect FILE`: what is in an image. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Command } from "commander";
import { checkRaw, FORMAT_BYTES } from "../../emulator/disk/format.ts";
import { hex, type Inspection, inspectImage } from "../image/inspect.ts";
import { ImageError } from "../image/kernel-image.ts";
import { CommandError } from "./fail.ts";

export function declare(command: Command): void {
  command
    .argument("<file>", "ISO, raw disk or kernel image")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExample:\n  qure inspect build/qure.iso\n")
    .action((path: string, options: { json?: boolean }) => {
      const found = inspectFile(path);
      process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : describe(path, found));
      if (found.problems.length > 0)
        throw new CommandError(found.problems.map((text) => `${path}: ${text}`).join("\nqure inspect: error: "));
    });
}

function inspectFile(path: string): Inspection {
  const file = openSync(path, "r");
  try {
    const sizeBytes = fstatSync(file).size;
    const read = (offset: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - offset)));
      return bytes.subarray(0, bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, offset));
    };
    checkRaw(path, read(0, FORMAT_BYTES));
    return inspectImage({ sizeBytes, read });
  } catch (error) {
    if (error instanceof ImageError) throw new CommandError(`${path}: ${error.message}`);
    // Reading an open file gives no path.
    throw Object.assign(error as Error, { path });
  } finally {
    closeSync(file);
  }
}

function describe(path: string, found: Inspection): string {
  const lines: string[] = [];
  const kinds = { disk: "hard disk", iso: "ISO 9660 CD", kernel: "kernel image" };
  lines.push(
    `${path}: ${kinds[found.kind]}, ${found.sizeBytes} bytes${found.volume ? `, volume ${found.volume}` : ""}`,
  );
  if (found.elToritoOffset !== undefined)
    lines.push(
      "",
      `El Torito    boot image at byte ${found.elToritoOffset}, ${found.elToritoSectors} sectors are loaded by the BIOS`,
    );
  if (found.partitions.length > 0) {
    lines.push("", "Partitions   boot  type       first     sectors");
    found.partitions.forEach(({ active, type, startLba, sectors }, index) => {
      lines.push(
        `             ${index}  ${active ? "*" : " "}   ${type.toString(16).padStart(2, "0")}  ${String(startLba).padStart(12)} ${String(sectors).padStart(11)}`,
      );
    });
  }
  if (found.bootRecord) {
    const { version, loaderSectors, imageLba, kernelSector, kernelSectors, imageSectors } = found.bootRecord;
    lines.push(
      "",
      `Boot record  version ${version}, image of ${imageSectors} sectors from sector ${imageLba} on: loader ${loaderSectors}, kernel image ${kernelSectors} from its sector ${kernelSector} on`,
    );
  }
  const { kernel } = found;
  if (kernel) {
    const { parts } = kernel;
    lines.push(
      "",
      `Kernel       ${kernel.label}, revision ${kernel.revision}, image version ${kernel.version}, ${kernel.sizeBytes} bytes`,
    );
    lines.push(
      `             checksum ${hex(kernel.checksum)}, ${kernel.checksum === kernel.checksumFound ? "correct" : `WRONG: the content gives ${hex(kernel.checksumFound)}`}`,
      "",
    );
    lines.push("             part                  offset       bytes");
    const row = (name: string, { offset, sizeBytes }: { offset: number; sizeBytes: number }, more = ""): void =>
      void lines.push(
        `             ${name.padEnd(18)} ${String(offset).padStart(9)} ${String(sizeBytes).padStart(11)}${more}`,
      );
    row("16-bit part", parts.code16, `  entry ${hex(kernel.entry16)}`);
    row("32-bit part", parts.code32, `  entry ${hex(kernel.entry)}, ${kernel.bssBytes} bytes of bss after it`);
    row("relocation table", parts.relocations, `  ${kernel.relocations} relocations`);
    row("symbol table", parts.symbols, `  ${kernel.symbols} symbols`);
    row("source-line table", parts.lines, `  ${kernel.lines} lines of ${kernel.sourceFiles} files`);
  }
  return `${lines.join("\n")}\n`;
}
