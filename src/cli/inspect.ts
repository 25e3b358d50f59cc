/** `qure inspect FILE`: what is in an image. */

import { closeSync, openSync } from "node:fs";
import type { Command } from "commander";
import { checkRaw, FORMAT_BYTES } from "../../emulator/disk/format.ts";
import { nodeCrypto } from "../host/signing-key.ts";
import { hex, type ImageReader, type Inspection, inspectImage } from "../image/inspect.ts";
import { inspectSignature, inspectSignatureFile } from "../image/inspect-signature.ts";
import { ImageError } from "../image/kernel-image.ts";
import { isKeyList, MOST_LIST_BYTES, readKeyList, type SignedKeyList } from "../image/key-list.ts";
import { hexOf, type Signature } from "../image/signature.ts";
import { describeSlots } from "../image/slot-record.ts";
import { CommandError } from "./fail.ts";
import { readerOf } from "./image-file.ts";

export function declare(command: Command): void {
  command
    .argument("<file>", "ISO, raw disk, kernel image or signature")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExample:\n  qure inspect build/qure.iso\n")
    .action((path: string, options: { json?: boolean }) => {
      const { image, signature, keys, problems } = inspectFile(path);
      const shown = signature && shownAs(signature);
      const list = keys && { ...keys, keys: keys.keys.map(hexOf), signer: hexOf(keys.signer) };
      if (options.json)
        process.stdout.write(`${JSON.stringify(list ?? { ...image, signature: shown, problems }, null, 2)}\n`);
      else if (list)
        process.stdout.write(
          `${path}: trusted keys of ${list.product}, number ${list.sequence}\n\n${list.keys.join("\n")}\n\nsigned by ${list.signer}\n`,
        );
      else process.stdout.write((image ? describe(path, image) : `${path}: signature\n`) + describeSignature(shown));
      if (problems.length > 0)
        throw new CommandError(problems.map((text) => `${path}: ${text}`).join("\nqure inspect: error: "));
    });
}

interface Found {
  /** Null of a file that is a signature. */
  readonly image: Inspection | null;
  readonly signature: Signature | null;
  /** Of a file that is a list of keys. */
  readonly keys?: SignedKeyList;
  readonly problems: readonly string[];
}

function inspectFile(path: string): Found {
  const file = openSync(path, "r");
  try {
    const reader = readerOf(file);
    checkRaw(path, reader.read(0, FORMAT_BYTES));
    return inspected(reader);
  } catch (error) {
    if (error instanceof ImageError) throw new CommandError(`${path}: ${error.message}`);
    // Reading an open file gives no path.
    throw Object.assign(error as Error, { path });
  } finally {
    closeSync(file);
  }
}

function inspected(reader: ImageReader): Found {
  const first = reader.read(0, MOST_LIST_BYTES);
  if (isKeyList(first)) return { image: null, signature: null, keys: readKeyList(first, nodeCrypto), problems: [] };
  const alone = inspectSignatureFile(reader, nodeCrypto);
  if (alone) return { image: null, ...alone };
  const image = inspectImage(reader);
  const found = inspectSignature(reader, image, nodeCrypto);
  return { image, signature: found?.signature ?? null, problems: [...image.problems, ...(found?.problems ?? [])] };
}

type Shown = Omit<Signature, "key" | "hashes"> & { readonly key: string; readonly chunks: number };

const shownAs = ({ key, hashes, ...rest }: Signature): Shown => ({ ...rest, key: hexOf(key), chunks: hashes.length });

function describeSignature(shown: Shown | null): string {
  if (!shown) return "";
  const { product, revision, floor, wire, disk, imageBytes, chunks, key } = shown;
  return [
    `\nSignature    ${product}, revision ${revision}, may be installed from revision ${floor} on`,
    `             image of ${imageBytes} bytes in ${chunks} chunks`,
    `             cluster protocol ${wire.own}, understands ${wire.oldest}; OOFS ${disk.own}, reads ${disk.oldest}`,
    `             by the key ${key}\n`,
  ].join("\n");
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
  const { kernel, slots } = found;
  if (slots)
    lines.push("", ...describeSlots(slots).map((line, at) => `${at === 0 ? "Kernels" : ""}`.padEnd(13) + line));
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
