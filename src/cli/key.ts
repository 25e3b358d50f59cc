/** `qure key`: the keys by which kernels are signed. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { writeFileAside } from "../host/files.ts";
import { keyFolder, newSigningKey } from "../host/signing-key.ts";
import { MOST_TRUSTED, makeKeyList } from "../image/key-list.ts";
import { hexOf, PRODUCT } from "../image/signature.ts";
import { CommandError, UsageError } from "./fail.ts";
import { signerIn, trustedKey } from "./key-files.ts";
import {
  declareOptions,
  flag,
  type OptionValues,
  optional,
  readOptions,
  text,
  wholeNumber,
  withDefault,
} from "./option-table.ts";

const SUFFIX = ".key";
const DEFAULT_NAME = `sign${SUFFIX}`;

const OPTIONS = { json: flag({ flags: "--json", help: "as one JSON value", group: "Output" }) };

const FOLLOW_OPTIONS = {
  by: optional({ flags: "--by <key>", help: "private key that was trusted before", group: "List", parse: text }),
  sequence: optional({
    flags: "--sequence <n>",
    help: "number of the list, higher than that of the one before",
    group: "List",
    parse: wholeNumber(1, 0xffff_ffff),
  }),
  product: withDefault({
    flags: "--product <name>",
    help: "whose kernels take it over",
    group: "List",
    parse: text,
    default: "qure",
  }),
};

interface ListedKey {
  readonly file: string;
  readonly key: string;
}

const fileOf = (given: string | undefined): string => given ?? join(keyFolder(process.env), DEFAULT_NAME);

export function declare(command: Command): void {
  const sign = command.command("sign").description("keys by which kernels are signed").exitOverride();
  const add = (usage: string, summary: string): Command => sign.command(usage).description(summary).exitOverride();

  add("new [file]", "make a key, in a file that only its owner may read, and print the public key").action(
    (given: string | undefined) => makeKey(fileOf(given)),
  );
  declareOptions(add("list [folder]", "show the keys that a folder holds"), OPTIONS).action(
    (folder: string | undefined, found: Readonly<Record<string, unknown>>) =>
      listKeys(folder ?? keyFolder(process.env), readOptions(OPTIONS, found).json),
  );
  add("show [file]", "print the public key of a private one").action((given: string | undefined) => {
    process.stdout.write(`${hexOf(trustedKey(fileOf(given)))}\n`);
  });
  declareOptions(
    add("follow <file> <keys...>", "write a list of the keys to trust from now on"),
    FOLLOW_OPTIONS,
  ).action((file: string, keys: readonly string[], found: Readonly<Record<string, unknown>>) =>
    follow(file, keys, readOptions(FOLLOW_OPTIONS, found)),
  );
  command.addHelpText(
    "after",
    "\nExample:\n  qure key sign new release.key\n  qure build --sign release.key --trust release.key\n",
  );
}

function makeKey(file: string): void {
  let key: Uint8Array;
  try {
    key = newSigningKey(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new CommandError(`${file}: is there already; remove it yourself, or name another file`);
  }
  process.stdout.write(`${hexOf(key)}\n`);
}

function follow(
  file: string,
  named: readonly string[],
  { by, sequence, product }: OptionValues<typeof FOLLOW_OPTIONS>,
): void {
  if (by === null || sequence === null) throw new UsageError("give --by and --sequence");
  if (named.length > MOST_TRUSTED) throw new UsageError(`a list has at most ${MOST_TRUSTED} keys`);
  if (!PRODUCT.test(product))
    throw new UsageError(`--product ${product}: 1 to 31 letters a to z, digits, dots and hyphens`);
  writeFileAside(file, makeKeyList({ product, sequence, keys: named.map(trustedKey) }, signerIn(by)));
}

function listKeys(folder: string, json: boolean): void {
  const names = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
  const keys: ListedKey[] = names.sort().map((name) => {
    const file = join(folder, name);
    return { file, key: hexOf(trustedKey(file)) };
  });
  if (json) process.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
  else for (const { file, key } of keys) process.stdout.write(`${key}  ${file}\n`);
}
