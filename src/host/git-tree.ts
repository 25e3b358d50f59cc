/**
 * Sources as they were at a commit of the repository that a folder belongs to: what git keeps is read, nothing is
 * checked out.
 */
import { spawnSync } from "node:child_process";

interface GitTree {
  list(folder: string): string[];
  read(path: string): Uint8Array | null;
}

const MOST_BYTES = 256 << 20;

function git(root: string, words: readonly string[], input = ""): Uint8Array {
  const { status, stdout, stderr, error } = spawnSync("git", ["-C", root, ...words], { input, maxBuffer: MOST_BYTES });
  if (error) throw new RangeError(`git: ${error.message}`);
  if (status !== 0) throw new RangeError(new TextDecoder().decode(stderr).trim().split("\n")[0]);
  // Node gives its own kind of bytes.
  return new Uint8Array(stdout);
}

/** The sources below some folders, as `buildSystem` wants them. Throws a RangeError when there is no such commit. */
export function gitTree(root: string, name: string, folders: readonly string[]): GitTree {
  // What begins with a hyphen would be an option.
  const commit = new TextDecoder()
    .decode(git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]))
    .trim();
  const paths = new TextDecoder()
    .decode(git(root, ["ls-tree", "-r", "-z", "--full-tree", "--name-only", commit, "--", ...folders]))
    .split("\0")
    .filter((path) => path !== "");
  const files = new Map(
    contentsOf(git(root, ["cat-file", "--batch"], paths.map((path) => `${commit}:${path}\n`).join(""))).map(
      (bytes, index) => [paths[index]!, bytes],
    ),
  );
  return {
    list: (folder) => [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort(),
    read: (path) => files.get(path) ?? null,
  };
}

/** What `git cat-file --batch` writes: for each object a line that ends with its size, its bytes, and a line's end. */
function contentsOf(batch: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < batch.length; ) {
    const end = batch.indexOf(10, at);
    const size = Number(new TextDecoder().decode(batch.subarray(at, end)).split(" ").at(-1));
    if (!Number.isInteger(size)) throw new RangeError("git cat-file: an object is missing");
    found.push(batch.slice(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return found;
}
