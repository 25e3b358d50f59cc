// What is built is made in a folder of its own and renamed into its place when it is whole: commands that run meanwhile
// keep what they began with, and two builds at once do not meet. A stamp says of what sources it is.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const PLACE = "build";
const NAME = /^work-(\d+)$/;

function isAlive(id) {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** A new folder for this process, which goes away with it; so does what processes that were killed have left. */
export function workFolder() {
  mkdirSync(PLACE, { recursive: true });
  for (const name of readdirSync(PLACE)) {
    const [, id] = NAME.exec(name) ?? [];
    if (id !== undefined && !isAlive(Number(id))) rmSync(join(PLACE, name), { recursive: true, force: true });
  }
  const folder = join(PLACE, `work-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Renames `made` to `place`; what was there goes to `old`, a name that nothing has. */
export function putInPlace(made, place, old) {
  for (;;) {
    try {
      // Nothing is there, or another build has just taken it away.
      renameSync(place, old);
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
    try {
      renameSync(made, place);
      return;
    } catch (error) {
      // Another build has put its own there.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      rmSync(old, { recursive: true, force: true });
    }
  }
}

/** Notes in `folder`, under `name`, that what lies in it now was made of these sources. */
export function writeStamp(folder, name, sources) {
  const files = readdirSync(folder, { recursive: true }).sort();
  writeFileSync(join(folder, name), `${[sources, ...files].join("\n")}\n`);
}

/** Whether the folder holds, whole, what was made of these sources. */
export function isCurrent(folder, name, sources) {
  if (!existsSync(join(folder, name))) return false;
  const [stamp, ...files] = readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
  return stamp === sources && files.every((file) => existsSync(join(folder, file)));
}

/** Where a package lies whose module has this path. */
const packageFolder = (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null;

/** Licences of all packages by others whose code is in bundles, by what esbuild says was put into them (`metafile`). */
export async function licencesOf(metafiles) {
  const folders = metafiles.flatMap(({ inputs }) => Object.keys(inputs).map(packageFolder));
  const texts = [...new Set(folders.filter((folder) => folder !== null))].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${folder} is bundled and has no file with its licence`);
    return `${name} ${version} (${license})\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}\n`;
  });
  return `The files in this folder contain code of these packages.\n\n${(await Promise.all(texts)).join("\n\n")}`;
}
