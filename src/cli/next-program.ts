/**
 * The next tool of a name on PATH that is not QuRe's. A folder of ours may be there twice: under two names, as a copy,
 * or through links to its files; none of them is anybody else's tool.
 */
import { delimiter, join } from "node:path";

/** What is in each script of `dist/bin`, which is a few lines long. */
const MARK = 'require("../qure.cjs")';
const MARK_WITHIN_BYTES = 512;

/** `own`: the file that runs now. */
export function nextProgram(name: string, own: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find((path) => isOfOthers(path, own));
}

function isOfOthers(path: string, own: string): boolean {
  const { closeSync, constants, accessSync, openSync, readSync, realpathSync, statSync } =
    process.getBuiltinModule("node:fs");
  try {
    const real = realpathSync(path);
    const file = statSync(real);
    accessSync(real, constants.X_OK);
    if (!file.isFile() || real === realpathSync(own)) return false;
    const self = statSync(own);
    if (file.ino === self.ino && file.dev === self.dev) return false;
    const head = new Uint8Array(MARK_WITHIN_BYTES);
    const handle = openSync(real, "r");
    const sizeBytes = readSync(handle, head, 0, head.length, 0);
    closeSync(handle);
    return !Buffer.from(head.subarray(0, sizeBytes)).includes(MARK);
  } catch {
    return false;
  }
}
