/**
 * The test of a backup that counts: its parts become disks of throw-away machines, which boot on one cable with the ids
 * that they had. What each says of itself, its history and its files is held against what its disk has recorded.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PartHeader } from "../../backup/format.ts";
import type { Backup } from "../../backup/read.ts";
import { AsideDisk } from "../../host/aside-disk.ts";
import { FileDisk } from "../../host/file-disk.ts";
import { loadFirmware } from "../../host/package.ts";
import { WaitError } from "../../lab/errors.ts";
import { LabCluster, type LabNode } from "../../lab/lab.ts";
import { SHELL_PROMPT } from "../../lab/prepare.ts";
import { bytesOf, parseConfiguration } from "../../vm/configuration.ts";
import { partName } from "./archives.ts";
import { intoFile } from "./content.ts";
import { allRecordedOn, type Recorded } from "./recorded.ts";

const MEMBER = /^cloud: .* era (\d+) age (\d+) peers \d+\s*$/m;
/** What the shell takes without quotes. */
const PLAIN = /^[\w.+/-]+$/;
/** What each boot writes to. */
const GROWS = /^\/log(\.old)?$/;
const DEFAULT_RAM_BYTES = 32 << 20;
const LEAST_RAM_BYTES = 8 << 20;
const MOST_RAM_BYTES = 256 << 20;
/** A history that is full forgets its oldest events. */
const FULL_HISTORY = 448;

export interface Tried {
  readonly part: string;
  /** What it said, or why it was not asked. */
  readonly found: string;
  /** What is not as it was recorded. */
  readonly wrong: readonly string[];
}

interface Candidate {
  readonly part: PartHeader;
  readonly disk: FileDisk;
  readonly recorded: Recorded;
}

export async function tryOut(
  backup: Backup,
  parts: readonly PartHeader[],
  step: (text: string) => void,
): Promise<Tried[]> {
  const folder = mkdtempSync(join(tmpdir(), "qure-verify-"));
  const disks: FileDisk[] = [];
  const tried: Tried[] = [];
  const candidates: Candidate[] = [];
  try {
    for (const [number, part] of parts.entries()) {
      const path = join(folder, `${number}.disk`);
      await intoFile(backup, part, new AsideDisk(path), () => step(`restoring ${partName(part)} for a trial`));
      const disk = new FileDisk(path, { readOnly: false, content: "guest" });
      disks.push(disk);
      const recorded = allRecordedOn(disk);
      if (!recorded?.isBootable)
        tried.push({
          part: partName(part),
          found: "whole; no QuRe is on it that could be asked",
          wrong: recorded ? troubleOf(recorded) : [],
        });
      else candidates.push({ part, disk, recorded });
    }
    if (candidates.length > 0) tried.push(...(await askAll(candidates, backup.header.madeSeconds, step)));
    return tried;
  } finally {
    for (const disk of disks) disk.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function ramOf({ machine }: PartHeader): number {
  if (machine === null) return DEFAULT_RAM_BYTES;
  try {
    return Math.min(MOST_RAM_BYTES, Math.max(LEAST_RAM_BYTES, bytesOf(parseConfiguration("", machine).memory)));
  } catch {
    return DEFAULT_RAM_BYTES;
  }
}

/** The address that an id is made of: FF FE is between its halves; undefined: it is of no card. */
function macOf(id: string | undefined): Uint8Array | undefined {
  if (id === undefined) return undefined;
  const bytes = Uint8Array.from(id.match(/../g)!, (digits) => Number.parseInt(digits, 16));
  if (bytes[3] !== 0xff || bytes[4] !== 0xfe) return undefined;
  return Uint8Array.of(...bytes.subarray(0, 3), ...bytes.subarray(5));
}

const troubleOf = ({ problems }: Recorded): string[] => problems.map((text) => `its file system: ${text}`);

async function askAll(
  candidates: readonly Candidate[],
  madeSeconds: number,
  step: (text: string) => void,
): Promise<Tried[]> {
  const lab = new LabCluster({
    firmware: loadFirmware(),
    startSeconds: madeSeconds,
    nodes: candidates.map(({ part, disk, recorded }) => {
      const macAddress = macOf(recorded.node?.id);
      return { name: part.name, disk, ramBytes: ramOf(part), ...(macAddress ? { macAddress } : {}) };
    }),
  });
  try {
    const tried: Tried[] = [];
    for (const [index, { part, recorded }] of candidates.entries()) {
      step(`booting ${partName(part)}`);
      try {
        tried.push({ part: partName(part), ...(await asked(lab.nodes[index]!, recorded)) });
      } catch (error) {
        if (!(error instanceof WaitError)) throw error;
        const last = lab.nodes[index]!.console.text.trimEnd().split("\n").at(-1) ?? "";
        tried.push({ part: partName(part), found: "", wrong: [`it does not answer; its console ends with: ${last}`] });
      }
    }
    return tried;
  } finally {
    lab.close();
  }
}

async function asked(node: LabNode, recorded: Recorded): Promise<Omit<Tried, "part">> {
  await node.waitFor(SHELL_PROMPT, { within: "120s" });
  const [, era, age] = (await node.waitFor(MEMBER, { within: "120s" })).map(Number);
  const wrong = troubleOf(recorded);
  const was = recorded.node;
  if (was && age! <= was.age) wrong.push(`its age is ${age}, and it was ${was.age} before`);
  if (was && era! < was.era) wrong.push(`its era is ${era}, and it was ${was.era} before`);
  wrong.push(...(await askHistory(node, recorded)));
  const files = await askFiles(node, recorded.files);
  wrong.push(...files.wrong);
  return {
    found: `revision ${recorded.revision ?? "unknown"} booted: era ${era}, age ${age}, ${recorded.eras.length} eras, ${recorded.events} events, ${files.count} files`,
    wrong,
  };
}

/** What is printed between two lines of our own: services speak at any time. */
async function said(node: LabNode, line: string): Promise<string> {
  const from = node.console.text.length;
  await node.enter(`echo "asked"; ${line}; echo "answered"`, /^answered$/m, { within: "120s" });
  return /^asked\n([\s\S]*)^answered$/m.exec(node.console.text.slice(from))?.[1] ?? "";
}

async function askHistory(node: LabNode, { eras, events }: Recorded): Promise<string[]> {
  const [cluster = "", own = ""] = (await said(node, "cloud history")).split("has lived in these eras");
  const lived = new Set([...own.matchAll(/^ *(\d+) +\d+-\d+ +\d+ /gm)].map(([, era]) => Number(era)));
  const wrong = eras.filter((era) => !lived.has(era)).map((era) => `it does not know that it lived in era ${era}`);
  const told = [...cluster.matchAll(/^ *\d+ [0-9a-f]{16} .* (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  if (told < Math.min(events, FULL_HISTORY)) wrong.push(`it tells of ${told} events, and ${events} were recorded`);
  return wrong;
}

async function askFiles(
  node: LabNode,
  files: ReadonlyMap<string, number>,
): Promise<{ readonly count: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  const folders = new Map<string, string[]>();
  for (const path of files.keys()) {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    if (PLAIN.test(path)) folders.set(folder, [...(folders.get(folder) ?? []), path]);
  }
  let count = 0;
  for (const [folder, paths] of folders) {
    const listed = await said(node, `ls -l /net${folder}`);
    const sizes = new Map(
      [...listed.matchAll(/^\S+ +(\d+) {2}.{16} {2}(.+)$/gm)].map(([, size, name]) => [name!, Number(size)]),
    );
    for (const path of paths) {
      count++;
      const size = sizes.get(path.slice(folder.length));
      if (size === undefined) wrong.push(`/net${path} is not there`);
      else if (size !== files.get(path) && !GROWS.test(path))
        wrong.push(`/net${path} has ${size} bytes, and had ${files.get(path)}`);
    }
  }
  return { count, wrong };
}
