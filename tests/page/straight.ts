/** A run in Node that goes straight through the moments of a link, for the digest of each. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BytesDisk, SparseDisk } from "../../emulator/disk/disk.ts";
import { LabCluster, loadFirmware } from "../../src/index.ts";
import { perform } from "../../src/lab/actions.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { decodeRun } from "../../src/lab/run-link.ts";
import { root } from "../system/images.ts";
import { IMAGE } from "./browser.ts";

/** The digests, by the time. */
export async function straight(link: string, times: readonly number[]): Promise<Record<number, string>> {
  const { nodes, seed, actions, preparedBytes } = decodeRun(link);
  // scripts/page.mjs has made it.
  const prepared = new Uint8Array(readFileSync(join(root, "build/page/disks/qure-1.img")));
  const base = new BytesDisk(prepared, preparedBytes);
  const cdrom = new Uint8Array(readFileSync(IMAGE));
  const lab = new LabCluster({
    firmware: loadFirmware(),
    seed,
    nodes: Array.from({ length: nodes }, () => ({
      cdrom,
      disk: new SparseDisk(preparedBytes, { base }),
      key: keyOfSeed(seed),
    })),
  });
  const found: Record<number, string> = {};
  const steps = [
    ...actions.map((action) => ({ atNs: action.atNs, action })),
    ...times.map((atNs) => ({ atNs, action: null })),
  ];
  steps.sort((a, b) => a.atNs - b.atNs || Number(a.action === null) - Number(b.action === null));
  for (const { atNs, action } of steps) {
    await lab.advance(atNs - lab.nowNs);
    if (action) perform(lab, action);
    else found[atNs] = lab.digest();
  }
  return found;
}
