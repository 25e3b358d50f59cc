/**
 * What a build makes of sources, as a spec says it (src/spec): which of them, by which script, into which files. What
 * nobody says is as QuRe has it.
 */
import type { VolumeFile } from "./volume.ts";

export interface SystemShape {
  /** Of the files: `qure.iso`. */
  readonly name: string;
  readonly product: string;
  /** QuRe's boot image, or one flat program that begins with the boot sector. */
  readonly layout: "qure" | "flat";
  /** Paths and patterns; empty: all below asm/ but the programs. */
  readonly sources: readonly string[];
  readonly includes: readonly string[];
  readonly script: string;
  /** Symbols that each source of the system has. */
  readonly defines: Readonly<Record<string, number>>;
  /** Whether a source belongs to what is left out. */
  readonly leavesOut: (path: string) => boolean;
  /** Those that are in; empty: all. */
  readonly programs: readonly string[];
  /** Files that the build makes itself, in the place of those of the tree. */
  readonly made: ReadonlyMap<string, string>;
  /** What is on the disk's volume; null: it is not formatted. */
  readonly volume: readonly VolumeFile[] | null;
  /** What VMware is told of the machine and of its disk; null: it is not asked for. */
  readonly machine: MachineFiles | null;
  readonly outputs: readonly string[];
}

interface MachineFiles {
  readonly vmx: string;
  vmdk(sizeBytes: number, contentId: number): string;
}

export const QURE_SHAPE: SystemShape = {
  name: "qure",
  product: "QuRe",
  layout: "qure",
  sources: [],
  includes: ["asm/include"],
  script: "asm/kernel.ld",
  defines: {},
  leavesOut: () => false,
  programs: [],
  made: new Map(),
  volume: null,
  machine: null,
  outputs: ["iso", "raw"],
};

/** The name that what a spec says of sources has among the inputs of their objects. */
export const SAID = "what the spec says of sources";

/** The shape of it that each object depends on; null for what all have that have no spec. */
export function saidOfSources({ defines, includes }: SystemShape): Uint8Array | null {
  const isUsual = Object.keys(defines).length === 0 && includes.join() === QURE_SHAPE.includes.join();
  return isUsual ? null : new TextEncoder().encode(JSON.stringify({ defines, includes }));
}

/** The files of a tree that paths and patterns name, each once: `*` is within a folder, `**` is any folders. */
export function sourcesOf(
  list: (folder: string) => readonly string[],
  patterns: readonly string[],
): { readonly paths: string[]; readonly missing: string[] } {
  const paths = new Set<string>();
  const missing: string[] = [];
  for (const pattern of patterns) {
    if (!pattern.includes("*")) {
      paths.add(pattern);
      continue;
    }
    const folder = pattern.slice(0, pattern.lastIndexOf("/", pattern.indexOf("*")));
    const fits = expressionOf(pattern);
    const found = list(folder).filter((path) => fits.test(path));
    if (found.length === 0) missing.push(pattern);
    for (const path of found) paths.add(path);
  }
  return { paths: [...paths], missing };
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*\/|\*\*|\*)/).map((part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    return part === "*" ? "[^/]*" : part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`);
}
