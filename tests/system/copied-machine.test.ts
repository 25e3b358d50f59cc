/**
 * A machine that goes on from one moment more than once draws other secrets each time (asm/kernel/generator.s): because
 * time goes by, and because its host says that it is another copy (asm/kernel/generation.s). What is the same repeats.
 */
import { expect, test } from "vitest";
import { branchSnapshot } from "../../emulator/cluster/snapshot.ts";
import { zlibCompressor } from "../../src/host/compression.ts";
import { type LabCluster, type LabNode, restoreCluster } from "../../src/index.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { keyAt, membersWithKey } from "./cluster-parts.ts";
import { PROMPT } from "./images.ts";

const SEED = 5;
const JOINS_ANEW = /^cluster: this machine has come back from a snapshot; its node joins anew$/m;

interface Drawn {
  readonly code: string;
  readonly key: string;
  readonly session: string;
  readonly tcp: string;
  readonly digest: string;
}

const bytesAt = (node: LabNode, name: string): string =>
  Buffer.from(node.readMemory(addressOf(name), 8)).toString("hex");

/** What a machine draws when somebody types so long after it goes on. */
async function drawn(lab: LabCluster, afterMs: number): Promise<Drawn> {
  const node = lab.nodes[0]!;
  await lab.advance(`${afterMs}ms`);
  const [, code] = await node.enter("cloud invite", /cloud join (\S+)$/m);
  await node.waitFor(PROMPT);
  await node.enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m, { within: "10s" });
  const [session, tcp] = [bytesAt(node, "trust_session"), bytesAt(node, "secret_key")];
  return { code: code!, key: keyAt(node), session, tcp, digest: lab.digest() };
}

const snapshot = async (): Promise<Uint8Array> => (await membersWithKey(1)).lab.save();

test("restored from one snapshot it draws another code and another key at each moment, and the same at the same one", async () => {
  const bytes = await snapshot();
  const all: Drawn[] = [];
  for (const afterMs of [1000, 1200, 9000]) all.push(await drawn(restoreCluster(bytes), afterMs));
  expect(new Set(all.map(({ code }) => code)).size).toBe(3);
  expect(new Set(all.map(({ key }) => key)).size).toBe(3);
  expect(await drawn(restoreCluster(bytes), 1200)).toEqual(all[1]);
});

test("a copy that is told so draws all anew at the same moment, and speaks in another session", async () => {
  const bytes = await snapshot();
  const branch = (seed: number): LabCluster => restoreCluster(branchSnapshot(bytes, seed, zlibCompressor));
  const original = await drawn(restoreCluster(bytes), 9000);
  const copies: LabCluster[] = [branch(SEED), branch(SEED + 1)];
  const all: Drawn[] = [original];
  for (const copy of copies) {
    all.push(await drawn(copy, 9000));
    expect(copy.nodes[0]!.console.text).toMatch(JOINS_ANEW);
    expect(copy.nodes[0]!.console.text.match(/^cloud: \S+ \S+ era \d+ age 1 peers 0$/gm)!.length).toBeGreaterThan(1);
  }
  for (const what of ["code", "key", "session", "tcp"] as const)
    expect(new Set(all.map((one) => one[what])).size, what).toBe(3);
  expect(await drawn(branch(SEED), 9000)).toEqual(all[1]);
});

thoroughly("an invitation that was open when the snapshot was made counts in no copy", async () => {
  const { lab, nodes } = await membersWithKey(1);
  const node = nodes[0]!;
  await node.enter("cloud invite", /cloud join (\S+)$/m);
  const open = (one: LabNode): number => one.readMemory(addressOf("invite_open"), 1)[0]!;
  expect(open(node)).toBe(1);
  const copy = restoreCluster(branchSnapshot(lab.save(), SEED, zlibCompressor));
  await copy.nodes[0]!.waitFor(JOINS_ANEW, { within: "1s" });
  expect(open(copy.nodes[0]!)).toBe(0);
});
