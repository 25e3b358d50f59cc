/**
 * Systems of others that the tests boot: files of Debian's packages. Those that one installs lie where the package puts
 * them; those of another architecture are unpacked by `tests/systems/fetch` into `build/systems`, or into the folder
 * that QURE_SYSTEMS names. A test whose files are not there is skipped and says so, except in CI, where that is a
 * failure.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildFirmware, folderTree, formatDiagnostic } from "../../src/index.ts";
import { requireOracle, type SkippableContext, withFolder } from "../oracle.ts";

/** From here as a part of a benchmark's bundle in build/, and from the sources, the tree is one level up or two. */
const here = import.meta.dirname;
const root = [join(here, ".."), join(here, "../..")].find((folder) => existsSync(join(folder, "package.json"))) ?? here;
export const systemsFolder = process.env["QURE_SYSTEMS"] ?? join(root, "build/systems");

let firmware: Uint8Array | null = null;

/** QuRe's firmware, built from this repository by QuRe's own tools: by the global setup where there is one. */
export function ourFirmware(): Uint8Array {
  if (firmware) return firmware;
  const built = process.env["QURE_TEST_FIRMWARE"];
  if (built !== undefined) return (firmware = new Uint8Array(readFileSync(built)));
  const { files, diagnostics } = buildFirmware(folderTree(root));
  if (!files)
    throw new Error(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { colour: false })).join("\n"));
  return (firmware = files[0]!.content);
}

/** A file of a Debian package, by its path on a system or below `systemsFolder`; skips the test when it is absent. */
export function packageFile(path: string, packageName: string, context: SkippableContext): Uint8Array {
  for (const place of [path, join(systemsFolder, path)])
    if (existsSync(place)) return new Uint8Array(readFileSync(place));
  const why = `${path} of Debian's package ${packageName} is not here (tests/systems/fetch)`;
  if (process.env["CI"]) throw new Error(`CI needs ${why}`);
  context.skip(why);
  throw new Error("unreachable: skip ends the test");
}

/** An ISO of these files, made by xorriso; `options` are those of its mkisofs emulation. */
export function makeForeignIso(
  files: Readonly<Record<string, Uint8Array | string>>,
  options: readonly string[],
  context: SkippableContext,
): Uint8Array {
  const xorriso = requireOracle("xorriso", context);
  return withFolder((folder) => {
    const tree = join(folder, "tree");
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      writeFileSync(join(tree, name), content);
    }
    const iso = join(folder, "x.iso");
    const run = spawnSync(xorriso, ["-as", "mkisofs", "-quiet", "-o", iso, ...options, tree], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(`xorriso failed: ${run.stderr}`);
    return new Uint8Array(readFileSync(iso));
  });
}
