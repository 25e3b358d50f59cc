/**
 * `qure snapshot` as a person uses it: keep a cluster, look at the list, go on from it, take another way, throw it
 * away.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { isThorough, rowsOf } from "../setup/tier.ts";
import { provideBuild } from "../system/images.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
let folder: string;

async function qure(...args: string[]): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa("node", [bundle, ...args], {
    cwd: folder,
    reject: false,
    timeout: 120_000,
    stdin: "ignore",
  });
  return { exitCode, stdout, stderr };
}

interface Outcome {
  readonly digest: string;
  readonly virtualTimeNs: number;
  readonly nodes: readonly { readonly era: number | null; readonly peers: number | null }[];
}

async function outcome(...args: string[]): Promise<Outcome> {
  const { stdout, stderr, exitCode } = await qure(...args, "--json");
  expect(stderr + String(exitCode)).toMatch(/0$/);
  return JSON.parse(stdout) as Outcome;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-snapshot-"));
  writeFileSync(join(folder, "package.json"), "{}");
  provideBuild(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("qure snapshot", () => {
  thoroughly("keeps a moment of a run, from which another run comes to the same end", async () => {
    const whole = await outcome("emu", "--nodes", "2", "--for", "2s", "--save", "early", "--at", "350ms");
    expect(existsSync(join(folder, ".qure/snapshots/early.qsnap"))).toBe(true);
    const rest = await outcome("snapshot", "restore", "early", "--for", "1650ms");
    expect(rest).toMatchObject({ digest: whole.digest, virtualTimeNs: 2e9 });
    expect(rest.nodes).toEqual(whole.nodes);
    if (!isThorough) return;
    const threads = await outcome("snapshot", "restore", "early", "--for", "1650ms", "--threads", "2");
    expect(threads.digest).toBe(whole.digest);
  });

  thoroughly("is reached as qure emu is, listed, shown, branched and deleted", async () => {
    const agreed = await outcome("snapshot", "save", "agreed", "--nodes", "2", "--until", "cloud");
    expect((await outcome("snapshot", "restore", "agreed")).digest).toBe(agreed.digest);
    const seeds = rowsOf(["8", "7"], 1);
    for (const seed of seeds)
      expect((await qure("snapshot", "branch", "agreed", `way${seed}`, "--seed", seed)).exitCode).toBe(0);
    const ways = await Promise.all(
      ["agreed", ...seeds.map((seed) => `way${seed}`)].map((name) =>
        outcome("snapshot", "restore", name, "--for", "1s"),
      ),
    );
    expect(new Set(ways.map(({ digest }) => digest)).size).toBe(1 + seeds.length);
    if (isThorough) expect((await outcome("snapshot", "restore", "way8", "--for", "1s")).digest).toBe(ways[1]!.digest);
    const listed = JSON.parse((await qure("snapshot", "list", "--json")).stdout) as {
      name: string;
      digest: string;
      branchSeed: number | null;
    }[];
    expect(listed.find(({ name }) => name === "agreed")).toMatchObject({
      kind: "cluster",
      nodes: ["qure-1", "qure-2"],
      digest: agreed.digest,
      branchSeed: null,
    });
    expect(listed.find(({ name }) => name === "way8")).toMatchObject({ digest: agreed.digest, branchSeed: 8 });
    expect((await qure("snapshot", "delete", "way8")).exitCode).toBe(0);
    expect((await qure("snapshot", "restore", "way8")).stderr).toMatch(/there is no snapshot way8/);
    expect((await qure("snapshot", "list")).stdout).toMatch(/^agreed +\d+\.\d MiB {2}cluster of 2, virtual time/m);
  });

  test("refuses a damaged file with its reason, and names that are none", async () => {
    writeFileSync(join(folder, "blank.img"), new Uint8Array(1 << 20));
    await qure("snapshot", "save", "whole", "--hda", "blank.img", "--for", "10ms");
    const bytes = readFileSync(join(folder, ".qure/snapshots/whole.qsnap"));
    writeFileSync(join(folder, "short.qsnap"), bytes.subarray(0, 5000));
    const short = await qure("snapshot", "restore", "short.qsnap");
    expect([short.exitCode, short.stderr]).toEqual([
      1,
      expect.stringMatching(/short\.qsnap: the snapshot is truncated: it has 5000 of \d+ bytes/),
    ]);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(join(folder, "altered.qsnap"), bytes);
    const altered = await qure("snapshot", "restore", "altered.qsnap");
    expect([altered.exitCode, altered.stderr]).toEqual([
      1,
      expect.stringMatching(/was altered: the checksum of section/),
    ]);
    expect((await qure("snapshot", "restore", "no name")).exitCode).toBe(2);
    expect((await qure("emu", "--at", "1s")).exitCode).toBe(2);
  });
});
