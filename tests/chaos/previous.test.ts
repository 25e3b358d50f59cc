/** Machines of an older version join: their image is a file, or built from a tag. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CampaignOptions, parseTimed, runGiven, runSeed } from "../../src/chaos/campaign.ts";
import { gitTree } from "../../src/host/git-tree.ts";
import { requireOracle } from "../oracle.ts";
import { describeAtLength, describeThoroughly } from "../setup/thoroughly.ts";
import { CLOUD, isoOf, sources } from "../system/images.ts";
import { clusterStage } from "./images.ts";

const RUNS = 5;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-previous-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("sources are read as they were at a tag, whatever they are now", (context) => {
  const git = requireOracle("git", context);
  const run = (...words: string[]): void => {
    const who = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"];
    expect(spawnSync(git, ["-C", folder, ...who, ...words]).status).toBe(0);
  };
  run("init", "--quiet");
  mkdirSync(join(folder, "asm/net"), { recursive: true });
  writeFileSync(join(folder, "asm/net/first.s"), "nop\n");
  writeFileSync(join(folder, "asm/blank name.s"), "");
  writeFileSync(join(folder, "elsewhere.txt"), "no source\n");
  run("add", ".");
  run("commit", "--quiet", "-m", "first");
  run("tag", "before");
  writeFileSync(join(folder, "asm/net/first.s"), "hlt\n");
  run("commit", "--quiet", "-a", "-m", "second");
  const tree = gitTree(folder, "before", ["asm", "boot"]);
  expect(tree.list("asm")).toEqual(["asm/blank name.s", "asm/net/first.s"]);
  expect(tree.list("asm/net")).toEqual(["asm/net/first.s"]);
  expect(tree.list("boot")).toEqual([]);
  expect(new TextDecoder().decode(tree.read("asm/net/first.s")!)).toBe("nop\n");
  expect(tree.read("asm/blank name.s")).toEqual(new Uint8Array());
  expect(tree.read("elsewhere.txt")).toBeNull();
  for (const name of ["after", "--all", "before:asm"]) expect(() => gitTree(folder, name, ["asm"])).toThrow(RangeError);
});

describeThoroughly("two revisions of the kernel among the machines", () => {
  test("an upgrade goes through all of them, whatever happens meanwhile", async () => {
    const stage = await clusterStage(3, undefined, { isMixed: true });
    const options = {
      spanNs: 0.1e9,
      boundNs: 10e9,
      minimise: false,
      mixed: true,
      drills: ["rolling upgrade"],
    } as const;
    expect(runSeed(stage, 3, options).failure).toBeNull();
    const said = stage.variant!.lab.nodes.slice(0, 3).map(({ console }) => console.text);
    for (const text of said) expect(text.match(/^QuRe revision \d+$/gm)?.at(-1)).toBe("QuRe revision 1001");
    expect(said.filter((text) => text.includes("on trial")).length).toBe(2);
  }, 240_000);
});

describeAtLength("a machine of another version", () => {
  const options: CampaignOptions = { spanNs: 8e9, boundNs: 10e9, minimise: false, drills: 1 };

  /** Another kernel: all its names lie elsewhere. */
  const otherImage = (): Uint8Array => {
    const now = sources();
    const shifted = new TextEncoder().encode(".section .bss\n.space 4096\n");
    return isoOf({
      list: (path) => [...now.list(path), ...(path === "asm" ? ["asm/cluster/aaa.s"] : [])].sort(),
      read: (path) => (path === "asm/cluster/aaa.s" ? shifted : now.read(path)),
    });
  };

  test("joins, is one among the others, and its death is seen", async () => {
    const stage = await clusterStage(3, otherImage());
    const { failure } = runGiven(stage, [parseTimed("100ms add 4")], [0, 1, 2], 1, options);
    expect(failure).toBeNull();
    // As isoOf makes it: its disk has that kernel, too, and not the others'.
    expect(stage.lab.nodes[3]!.console.text).toMatch(/^QuRe revision 1$/m);
    expect(stage.lab.nodes[3]!.console.text.split("\n").findLast((line) => CLOUD.test(line))).toMatch(/ peers 3$/);
  }, 240_000);

  test("joins in each run, whatever else happens", async () => {
    const stage = await clusterStage(3, otherImage());
    for (let seed = 1; seed <= RUNS; seed++) {
      const { failure, faults } = runSeed(stage, seed, { ...options, spanNs: 6e9 });
      expect(failure, `seed ${seed}\n${faults.join("\n")}`).toBeNull();
      expect(faults.filter((fault) => / add 4$/.test(fault))).toHaveLength(1);
    }
  }, 240_000);
});
