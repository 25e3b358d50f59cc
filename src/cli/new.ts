/** `qure new`: a folder with a system of one's own, which builds, boots and is tested at once. */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type Command, Option } from "commander";
import { asideOf, listFiles } from "../host/files.ts";
import { makeFolder } from "../host/folder.ts";
import { packageRoot } from "../host/package.ts";
import { CommandError, UsageError } from "./fail.ts";

interface NewOptions {
  readonly c?: boolean;
  readonly asm?: boolean;
  readonly from?: string;
}

const TEMPLATES = "vm/new";
const LONGEST_NAME = 32;
/** Of a host name with six digits after it, and of the label of a kernel image. */
const SHORT_NAME = 8;
/** Nobody writes for so long. */
const ABANDONED_MS = 600_000;

export function declare(command: Command): void {
  command
    .argument("<dir>", "the folder, which is not there or empty")
    .option("--asm", "boot sector and kernel in assembly; without an option, too")
    .addOption(new Option("--c", "a kernel in C, for which `qure build` needs gcc").conflicts("asm"))
    .addOption(new Option("--from <system>", "a variant of a whole system").choices(["qure"]).conflicts(["asm", "c"]))
    .addHelpText("after", "\nExample:\n  qure new hello && cd hello && qure build && qure emu && npm test\n")
    .action((folder: string, options: NewOptions) => {
      const path = resolve(folder);
      makeSystem(path, options);
      process.stdout.write(`${folder}: a system of your own; next: cd ${folder} && qure build && qure emu\n`);
    });
}

function makeSystem(path: string, { c, from }: NewOptions): void {
  const isThere = requireEmpty(path);
  const name = nameOf(path);
  const root = packageRoot();
  const words: Readonly<Record<string, string>> = {
    NAME: name,
    SHORT: name.slice(0, SHORT_NAME).replace(/-+$/, ""),
    PACKAGE: relative(path, root).replaceAll("\\", "/") || ".",
  };
  const folders = ["common", ...(from === undefined ? ["asm", ...(c ? ["c"] : [])] : [from])];
  clearAbandoned(path);
  makeFolder(dirname(path));
  const aside = asideOf(path);
  try {
    for (const folder of folders) copy(join(root, TEMPLATES, folder), aside, words);
    if (c) rmSync(join(aside, "kernel.s"));
    makeFolder(join(aside, "node_modules"));
    // As `npm install` makes it of the dependency; a junction needs no rights on Windows.
    symlinkSync(root, join(aside, "node_modules", "qure"), "junction");
    if (!isThere) renameSync(aside, path);
    else moveInto(aside, path);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Whether the folder is there; ends the command when something is in it. */
function requireEmpty(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (!stats.isDirectory()) throw new CommandError(`${path}: exists, and is not a folder`);
  const [first] = readdirSync(path);
  if (first !== undefined) throw new CommandError(`${path}: is not empty: ${first} is there; name another folder`);
  return true;
}

function nameOf(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/[^a-z\d]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, LONGEST_NAME)
    .replace(/-+$/, "");
  if (!/^[a-z]/.test(name)) throw new UsageError(`${path}: the system is called like its folder: begin with a letter`);
  return name;
}

function copy(from: string, to: string, words: Readonly<Record<string, string>>): void {
  for (const path of listFiles(from)) {
    const text = readFileSync(join(from, path), "utf8").replace(/\b(?:NAME|SHORT|PACKAGE)\b/g, (word) => words[word]!);
    const target = join(to, path.replace(/^gitignore$/, ".gitignore").replace(/\.jsonc$/, ".json"));
    makeFolder(dirname(target));
    writeFileSync(target, text);
  }
}

/** Into a folder that is there, which may be the one in which the command runs. The spec comes last. */
function moveInto(aside: string, path: string): void {
  const entries = readdirSync(aside).sort(
    (one, other) => Number(one === "build.json") - Number(other === "build.json"),
  );
  const moved: string[] = [];
  try {
    for (const entry of entries) {
      renameSync(join(aside, entry), join(path, entry));
      moved.push(entry);
    }
  } catch (error) {
    for (const entry of moved) rmSync(join(path, entry), { recursive: true, force: true });
    throw error;
  }
}

/** Takes away what a command has left beside this folder that was killed. */
function clearAbandoned(path: string): void {
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(`${basename(path)}.`) || !/\.[\da-f]{8}\.part$/.test(entry)) continue;
    const stats = statSync(join(folder, entry), { throwIfNoEntry: false });
    if (stats && stats.mtimeMs + ABANDONED_MS < Date.now())
      rmSync(join(folder, entry), { recursive: true, force: true });
  }
}
