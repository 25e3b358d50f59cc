/** Programs of Debian's in a Linux guest, with the libraries that they are linked with. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SkippableContext } from "../../tests/oracle.ts";
import type { RootFile } from "../../tests/systems/linux.ts";
import { packageFile, systemsFolder } from "../../tests/systems/packages.ts";

/** What is not there ends a benchmark. */
export const NOBODY_SKIPS: SkippableContext = {
  skip(reason) {
    process.stderr.write(`bench: ${reason}\n`);
    process.exit(2);
  },
};

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A folder that `tests/systems/fetch` has filled: these of it are programs, all else are libraries. */
export function programFiles(folder: string, programs: readonly string[]): RootFile[] {
  const file = (name: string): Uint8Array => packageFile(join(folder, name), `${programs[0]}:i386`, NOBODY_SKIPS);
  for (const name of programs) file(name);
  const libraries = readdirSync(join(systemsFolder, folder)).filter((name) => !programs.includes(name));
  return [
    ["lib", null],
    ...libraries.map((name): RootFile => [`lib/${name}`, file(name)]),
    ...programs.map((name): RootFile => [`bin/${name}`, file(name)]),
  ];
}
