/**
 * What the kernel holds itself to in tests alone (CHECK, asm/include/macros.inc): nothing of it is in a kernel that is
 * shipped, and in a checked one a broken promise stops the machine with its own words.
 */
import { expect, test } from "vitest";
import { assemble } from "../../src/assembler/assemble.ts";
import { buildSystem, CHECKED } from "../../src/build/build.ts";
import { campaignOn } from "../chaos/faulty.ts";
import { plant } from "../chaos/planted.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { images, sources } from "./images.ts";

const tree = sources();
const textOf = (path: string): string => new TextDecoder("latin1").decode(tree.read(path)!);
const checking = tree
  .list("asm")
  .filter((path) => path.endsWith(".s") && /^ +CHECK|^\.ifdef CHECKS$/m.test(textOf(path)));

/** The source with empty lines in place of all that CHECKS puts in. */
function withoutChecks(path: string): string {
  let isInside = false;
  const lines = textOf(path).split("\n");
  return lines
    .map((line) => {
      const isBegin = line === ".ifdef CHECKS";
      const isGone = isInside || isBegin || /^ +CHECK/.test(line);
      isInside = isBegin || (isInside && line !== ".endif");
      return isGone ? "" : line.replace(/^(\d+: ) +CHECK.*/, "$1");
    })
    .join("\n");
}

function objectOf(path: string, text: string, defines: ReadonlyMap<string, number> = new Map()): Uint8Array | null {
  const read = (name: string): { path: string; bytes: Uint8Array } | null => {
    if (name === path) return { path, bytes: new TextEncoder().encode(text) };
    const bytes = tree.read(`asm/include/${name}`);
    return bytes && { path: `asm/include/${name}`, bytes };
  };
  return assemble({ path, files: { read }, defines, debugLines: true }).object;
}

function expectNothing(path: string): void {
  const plain = objectOf(path, textOf(path));
  expect(plain, path).not.toBeNull();
  expect(Buffer.compare(plain!, objectOf(path, withoutChecks(path))!), path).toBe(0);
  expect(Buffer.compare(plain!, objectOf(path, textOf(path), CHECKED)!), path).not.toBe(0);
}

test("checks leave no byte in a kernel that is built without them", () => {
  expect(checking.length).toBeGreaterThan(50);
  expectNothing("asm/net/arp-table.s");
});

thoroughly("checks leave no byte, in any source", () => {
  for (const path of rowsOf(checking, [0, 40])) expectNothing(path);
});

atLength("a promise that is broken stops the machine, and a campaign says which", { timeout: 600_000 }, async () => {
  const file = "asm/cluster/peer.s";
  const line = "dec dword ptr [peer_alive]";
  const bug = { file, routine: "peer_gone", line, with: "    nop", breaks: "those who die are counted as alive" };
  const planted = new TextEncoder().encode(plant(bug, textOf(file)));
  const read = (path: string): Uint8Array | null => (path === file ? planted : tree.read(path));
  const { files } = buildSystem({ list: tree.list, read }, { version: "0.1.0", revision: 1, checks: true });
  const built = (name: string): Uint8Array => files!.find((made) => made.name === name)!.content;
  const system = { cdrom: built("qure.iso"), kernel: built("kernel.elf"), firmware: images().firmware, nodes: 3 };
  const { how } = await campaignOn(system, [1, 1]);
  expect(how).toContain("ended with status 99: PANIC: peers_check: not so many peers are alive");
});
