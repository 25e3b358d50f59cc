/**
 * Sources from several folders as one tree: those of a system, under them those of a base, and over both the folders
 * that take the place of single modules.
 */
import { existsSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { listFiles } from "./files.ts";

/** What a folder takes the place of. */
export interface Replacement {
  readonly module: string;
  /** Where its files go in the tree. */
  readonly folder: string;
  /** Where they are. */
  readonly from: string;
  /** What they take the place of. */
  owns(path: string): boolean;
}

export class SourceLayers {
  readonly #roots: readonly string[];
  readonly #replacements: readonly Replacement[];

  constructor(roots: readonly string[], replacements: readonly Replacement[] = []) {
    this.#roots = roots;
    this.#replacements = replacements;
  }

  /** The folders that take the place of modules. */
  get replacing(): string[] {
    return this.#replacements.map(({ from }) => from);
  }

  /** All files below a folder, sorted. */
  list(folder: string): string[] {
    const paths = new Set(
      this.#roots
        .flatMap((root) => listFiles(join(root, folder)).map((path) => `${folder}/${path}`))
        .filter((path) => !this.#replacements.some(({ owns }) => owns(path))),
    );
    for (const { folder: place, from } of this.#replacements)
      for (const path of listFiles(from))
        if (`${place}/${path}`.startsWith(`${folder}/`)) paths.add(`${place}/${path}`);
    return [...paths].sort();
  }

  /** The module from whose folder a file is; null: it is not from one. */
  moduleOf(path: string): string | null {
    const file = this.locate(path);
    return this.#replacements.find(({ from }) => file.startsWith(`${resolve(from)}${sep}`))?.module ?? null;
  }

  /** The file of the host that has this path in the tree, or would have it. */
  locate(path: string): string {
    for (const { folder, from, owns } of this.#replacements) {
      if (!path.startsWith(`${folder}/`)) continue;
      const inside = resolve(from, path.slice(folder.length + 1));
      if (owns(path) || existsSync(inside)) return inside;
    }
    const [first, ...others] = this.#roots.map((root) => resolve(root, path));
    return others.length === 0 || existsSync(first!) ? first! : (others.find((file) => existsSync(file)) ?? first!);
  }
}
