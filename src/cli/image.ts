/** `qure image`: in what two images differ, part by part; the kernel that a node runs. */
import { closeSync, openSync } from "node:fs";
import type { Command } from "commander";
import { checkRaw, FORMAT_BYTES } from "../../emulator/disk/format.ts";
import { describeError } from "../host/describe-error.ts";
import { compareImages } from "../image/diff.ts";
import type { Difference } from "../image/difference.ts";
import { type ImageReader, inspectImage } from "../image/inspect.ts";
import { ImageError } from "../image/kernel-image.ts";
import { revisionOf } from "./build/signing.ts";
import { CommandError } from "./fail.ts";
import { readerOf } from "./image-file.ts";
import { pullImage } from "./image-pull.ts";

/** As of diff(1) and cmp(1): 0 for equal images, 1 for others, 2 when they cannot be compared. */
const DIFFERENT = 1;
const TROUBLE = 2;

export function declare(command: Command): void {
  command
    .command("diff <a> <b>")
    .description("say in what two images differ; exit code 0: equal, 1: different, 2: trouble")
    .exitOverride()
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExample:\n  qure image diff build/qure.img other/qure.img\n")
    .action((a: string, b: string, { json }: { json?: boolean }) => {
      const differences = compareFiles(a, b);
      const shown = json
        ? JSON.stringify({ equal: differences.length === 0, differences }, null, 2)
        : differences.map((one) => textOf(one, a, b)).join("\n");
      if (shown !== "") process.stdout.write(`${shown}\n`);
      if (differences.length > 0) process.exitCode = DIFFERENT;
    });
  command
    .command("pull <node> <file>")
    .description("get the kernel of a node, and prove that it is whole")
    .exitOverride()
    .option("--revision <n>", "get the kernel of this revision, which the node has in a slot")
    .option("--manifest <file>", "refuse another kernel than the one of this build's manifest.json")
    .addHelpText(
      "after",
      "\nExample:\n  qure image pull localhost:8080 running.kernel --manifest build/manifest.json\n",
    )
    .action(async (from: string, file: string, { manifest, revision }: { manifest?: string; revision?: string }) => {
      const said = await pullImage({
        ...{ from, file },
        ...(manifest === undefined ? {} : { manifest }),
        ...(revision === undefined ? {} : { revision: revisionOf(revision, "--revision") }),
      });
      process.stdout.write(`${said}\n`);
    });
}

function compareFiles(a: string, b: string): Difference[] {
  const files: number[] = [];
  try {
    const [one, other] = [a, b].map((path) => {
      try {
        const file = openSync(path, "r");
        files.push(file);
        const image = readerOf(file);
        checkRaw(path, image.read(0, FORMAT_BYTES));
        inspectImage(image);
        return image;
      } catch (error) {
        if (error instanceof ImageError) throw new CommandError(`${path}: ${error.message}`, TROUBLE);
        throw new CommandError(describeError(Object.assign(error as Error, { path })), TROUBLE);
      }
    }) as [ImageReader, ImageReader];
    return compareImages(one, other);
  } finally {
    for (const file of files) closeSync(file);
  }
}

function textOf({ part, name, a, b }: Difference, fileA: string, fileB: string): string {
  const what = name === "" ? part : `${part}: ${name}`;
  if (a === null) return `${what}: only in ${fileB} (${b})`;
  if (b === null) return `${what}: only in ${fileA} (${a})`;
  return a === b ? `${what} differs` : `${what}: ${a} | ${b}`;
}
