/** What the benchmarks of the network have their machines run: bench/network/stream.s, and QuRe with it on a CD. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSystem, folderTree, formatDiagnostic } from "../../src/index.ts";
import { treeWithProgram } from "../../tests/system/tree-with.ts";

/** From build/, where the bundle is. */
export const ROOT = join(import.meta.dirname, "..");
const SECTOR_BYTES = 512;
const DISK_BYTES = 24 << 20;
const PARTITION_LBA = 16384;

/** 10.9.0.2, as it lies in memory. */
export const SERVER_ADDRESS = 10 + 9 * 2 ** 8 + 2 * 2 ** 24;
/** 1,024 bytes. */
export const PUT_FILE = "seq 283 >";

function run(program: string, ...options: string[]): void {
  const { status, stderr, error } = spawnSync(program, options, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${options.join(" ")}: ${error?.message ?? stderr}`);
}

/** stream.s with one system's calls, as an ELF file. */
export function streamProgram(folder: string, system: string): Uint8Array {
  const qure = join(ROOT, "dist/qure.cjs");
  const path = (name: string): string => join(folder, name);
  writeFileSync(path("stream-system.inc"), readFileSync(join(ROOT, `bench/network/${system}.inc`)));
  const include = ["-I", folder, "-I", join(ROOT, "asm/include")];
  run("node", qure, "as", ...include, "-o", path("stream.o"), join(ROOT, "bench/network/stream.s"));
  run("node", qure, "ld", "-T", join(ROOT, "asm/programs.ld"), "-o", path("stream"), path("stream.o"));
  return new Uint8Array(readFileSync(path("stream")));
}

/** A disk with one partition for QuRe's file system, all zeros. */
export function emptyDisk(): Uint8Array {
  const bytes = new Uint8Array(DISK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(446 + 4, 0x99);
  view.setUint32(446 + 8, PARTITION_LBA, true);
  view.setUint32(446 + 12, DISK_BYTES / SECTOR_BYTES - PARTITION_LBA, true);
  view.setUint16(510, 0xaa55, true);
  return bytes;
}

/** QuRe's CD with the program. */
export function qureIso(folder: string): Uint8Array {
  const tree = treeWithProgram(folderTree(ROOT), "stream", streamProgram(folder, "qure"));
  const { files, diagnostics } = buildSystem(tree, { version: "0.1.0", revision: 1 });
  if (!files) throw new Error(diagnostics.map((one) => formatDiagnostic(one, { colour: false })).join("\n"));
  return files.find(({ name }) => name === "qure.iso")!.content;
}

/** What is typed on a machine of QuRe; `host` is the last part of its address. */
export const prepareQure = (host: number): readonly string[] => [
  `ifconfig eth0 10.9.0.${host} 255.255.255.0`,
  ...["mkfs -t oofs hda0", "mount hda0 /a", `/bin/${PUT_FILE} /a/k`, "set http.root /a"],
];
