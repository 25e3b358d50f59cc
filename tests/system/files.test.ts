/**
 * Files as a person uses them at the shell, on a volume that the TypeScript implementation of the same format judges:
 * what the kernel wrote is there, and what was written there the kernel reads. The same after power cuts.
 */
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import type { DevicePart } from "../../src/disk/device.ts";
import { check, type FileSystem, mount } from "../../src/disk/oofs/index.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf } from "../setup/tier.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { LaterCuts, partitioned, RecordingDisk, volumeOn } from "./recording-disk.ts";

/** Path -> content of a file, or null for a directory. */
type Tree = Map<string, string | null>;

async function machine(): Promise<{ lab: LabCluster; node: LabNode; disk: RecordingDisk }> {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
  await node.enter("mount hda0 /a", PROMPT);
  return { lab, node, disk };
}

function volumeOf(content: Uint8Array): DevicePart {
  const disk = new RecordingDisk();
  disk.content = content.slice();
  return volumeOn(disk);
}

function treeOf(fs: FileSystem, path = "", tree: Tree = new Map()): Tree {
  for (const { name, kind } of fs.list(path)) {
    const here = `${path}/${name}`;
    tree.set(here, kind === "directory" ? null : Buffer.from(fs.read(here)).toString("latin1"));
    if (kind === "directory") treeOf(fs, here, tree);
  }
  return tree;
}

const sorted = (tree: Tree): [string, string | null][] => [...tree].sort(([a], [b]) => (a < b ? -1 : 1));

/** What the second implementation finds on a disk of the kernel: it has to be whole. */
function found(content: Uint8Array): [string, string | null][] {
  const fs = mount(volumeOf(content), { readOnly: true });
  expect(check(fs).problems).toEqual([]);
  return sorted(treeOf(fs));
}

interface Operation {
  readonly command: string;
  /** False when it must be refused. */
  apply(tree: Tree): boolean;
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
const isDirectory = (tree: Tree, path: string): boolean => path === "" || tree.get(path) === null;
const hasChildren = (tree: Tree, path: string): boolean => [...tree.keys()].some((key) => key.startsWith(`${path}/`));

function put(path: string, change: (old: string) => string, command: string): Operation {
  return {
    command,
    apply(tree) {
      if (tree.get(path) === null || !isDirectory(tree, parentOf(path))) return false;
      tree.set(path, change(tree.get(path) ?? ""));
      return true;
    },
  };
}

/** One of the operations that a person can type, on few names so that they meet. */
function randomOperation(random: Random): Operation {
  const names = ["a", "b", "c", "long name that fills leaves"];
  const name = (): string => names[random.below(names.length)]!;
  const path = (): string => (random.below(3) === 0 ? `/${name()}/${name()}` : `/${name()}`);
  const [one, two] = [path(), path()];
  const text = String(random.below(1_000_000)).repeat(1 + random.below(random.below(4) === 0 ? 60 : 4));
  switch (random.below(9)) {
    case 0:
      return put(one, () => `${text}\n`, `echo ${text} > "/a${one}"`);
    case 1:
      return put(one, (old) => `${old}${text}\n`, `echo ${text} >> "/a${one}"`);
    case 2:
      return put(one, (old) => old, `touch "/a${one}"`);
    case 3: {
      const size = random.below(3) === 0 ? random.below(3_000_000) : random.below(9000);
      return {
        command: `truncate "/a${one}" ${size}`,
        apply(tree) {
          const old = tree.get(one);
          if (old === undefined || old === null) return false;
          tree.set(one, old.slice(0, size).padEnd(size, "\0"));
          return true;
        },
      };
    }
    case 4:
      return {
        command: `mkdir "/a${one}"`,
        apply(tree) {
          if (tree.has(one) || !isDirectory(tree, parentOf(one))) return false;
          tree.set(one, null);
          return true;
        },
      };
    case 5:
      return {
        command: `rmdir "/a${one}"`,
        apply: (tree) => tree.get(one) === null && !hasChildren(tree, one) && tree.delete(one),
      };
    case 6:
      return {
        command: `rm "/a${one}"`,
        apply: (tree) => typeof tree.get(one) === "string" && tree.delete(one),
      };
    case 7:
      return { command: `mv "/a${one}" "/a${two}"`, apply: (tree) => move(tree, one, two) };
    default:
      return {
        command: `cp "/a${one}" "/a${two}"`,
        apply(tree) {
          const content = tree.get(one);
          const target = tree.get(two) === null ? `${two}/${one.slice(one.lastIndexOf("/") + 1)}` : two;
          if (typeof content !== "string" || target === one || tree.get(target) === null) return false;
          if (!isDirectory(tree, parentOf(target))) return false;
          tree.set(target, content);
          return true;
        },
      };
  }
}

function move(tree: Tree, from: string, to: string): boolean {
  const target = tree.get(to) === null ? `${to}/${from.slice(from.lastIndexOf("/") + 1)}` : to;
  const content = tree.get(from);
  if (content === undefined || !isDirectory(tree, parentOf(target))) return false;
  if (content === null && `${target}/`.startsWith(`${from}/`)) return false;
  if (target === from) return true;
  const replaced = tree.get(target);
  if (replaced !== undefined && (replaced === null) !== (content === null)) return false;
  if (replaced === null && hasChildren(tree, target)) return false;
  for (const [key, value] of [...tree]) {
    if (key !== from && !key.startsWith(`${from}/`)) continue;
    tree.delete(key);
    tree.set(`${target}${key.slice(from.length)}`, value);
  }
  return true;
}

async function run(node: LabNode, tree: Tree, operation: Operation): Promise<void> {
  const expected = operation.apply(tree);
  const said = (await output(node, operation.command))
    .split("\n")
    .filter((line) => /^\/a/.test(line) && !/has \d+ bytes now\.$/.test(line));
  expect({ command: operation.command, refused: said.length > 0, said }).toEqual({
    command: operation.command,
    refused: !expected,
    said,
  });
}

describe("files at the shell", () => {
  thoroughly("what the kernel writes is there for qure disk, and the reverse", async () => {
    const { node, disk } = await machine();
    for (const command of [
      "mkdir /a/notes",
      "echo one two three > /a/notes/first",
      "echo four >> /a/notes/first",
      "cp /a/notes/first /a/notes/second",
      "mv /a/notes/second /a/third",
      "truncate /a/third 10000",
      "sync",
    ])
      await node.enter(command, PROMPT);
    const text = "one two three\nfour\n";
    expect(found(disk.content)).toEqual([
      ["/notes", null],
      ["/notes/first", text],
      ["/third", text.padEnd(10000, "\0")],
    ]);
    await node.enter("umount /a", PROMPT);

    const fs = mount(volumeOn(disk));
    fs.mkdir("/made/");
    fs.create("/made/outside");
    fs.write("/made/outside", 4_000_000, Buffer.from("at four million"));
    fs.truncate("/third", 13);
    for (let n = 0; n < 300; n++) fs.create(`/made/a file with a name of some length, number ${n}`);
    fs.sync();
    await node.enter("mount hda0 /a", PROMPT);
    expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
    expect(await output(node, "cat /a/third")).toBe("one two three\n");
    expect(await output(node, "wc /a/made/outside")).toMatch(/^ +0 +\d+ 4000015 /);
    expect(await output(node, "du /a/made")).toBe("3906 KiB in 301 files  /a/made\n");
    expect((await output(node, "find /a/made 299")).trim()).toBe(
      "/a/made/a file with a name of some length, number 299",
    );
    await node.enter("rm -r /a/made", PROMPT);
    await node.enter("sync", PROMPT);
    expect(found(disk.content).map(([path]) => path)).toEqual(["/notes", "/notes/first", "/third"]);
  });

  test("a file that is removed while something is written to it gives its room back when it is closed", async () => {
    const { node, disk } = await machine();
    await node.enter("echo some words > /a/file", PROMPT);
    await node.enter("rm /a/file > /a/file", PROMPT);
    await node.enter("sync", PROMPT);
    expect(found(disk.content)).toEqual([]);
    expect(mount(volumeOf(disk.content), { readOnly: true }).volume.state.orphan).toBe(0);
  });

  thoroughly("a file that is read on comes by few commands, and damage in it is found where it is", async () => {
    const { node, disk } = await machine();
    await node.enter("seq 20000 > /a/numbers", PROMPT);
    const again = ["umount /a", "mount hda0 /a"];
    for (const line of again) await node.enter(line, PROMPT);
    let reads = 0;
    const read = disk.read.bind(disk);
    disk.read = (offsetBytes, target) => {
      reads += 1;
      read(offsetBytes, target);
    };
    expect(await output(node, "wc /a/numbers")).toMatch(/^ +20000 +20000 +108894 /);
    expect(reads).toBeLessThan(108894 / 4096 / 3);
    const at = Buffer.from(disk.content.buffer).indexOf("\n15000\n");
    disk.content[at + 1]! ^= 1;
    for (const line of again) await node.enter(line, PROMPT);
    expect(await output(node, "head /a/numbers")).toBe("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    expect(await output(node, "wc /a/numbers")).toMatch(/damaged/);
    expect(await output(node, "fsck /a")).toMatch(/\/numbers/);
  });

  thoroughly(
    "a file that is cut at the edges of blocks and nodes, and grows again, has zeros from there on",
    async () => {
      const { node, disk } = await machine();
      const numbers = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join("");
      /** Blocks to which a node of the tree leads. */
      const FANOUT = 510;
      const sizes = [0, 1, 2, 4095, 4096, 4097, 8191, 8192, 8193, 12_288, 13_893].map(
        (bytes) => [bytes, 20_000] as const,
      );
      const far = [-4097, -4096, -1, 0, 1, 4096].map((more) => [FANOUT * 4096 + more, FANOUT * 4096 + 9000] as const);
      for (const [cut, then] of [...sizes, ...far]) {
        await node.enter("seq 3000 > /a/file", PROMPT);
        // What lies beyond it is written too, so that there is something to cut off.
        if (cut > 20_000) await node.enter(`truncate /a/file ${FANOUT * 4096 + 6000}; seq 900 >> /a/file`, PROMPT);
        await node.enter(`truncate /a/file ${cut}; truncate /a/file ${then}; sync`, PROMPT);
        const [[path, text] = ["", ""]] = found(disk.content);
        expect(path).toBe("/file");
        expect(text === numbers.slice(0, cut).padEnd(then, "\0"), `${cut}, then ${then}`).toBe(true);
      }
    },
  );

  test("changes are on the disk some seconds later without a sync", async () => {
    const { lab, node, disk } = await machine();
    await node.enter("echo soon > /a/file", PROMPT);
    expect(found(disk.content)).toEqual([]);
    await lab.advance("6s");
    expect(found(disk.content)).toEqual([["/file", "soon\n"]]);
  });
});

const histories = casesOf("system/files");
describe(`histories of operations, ${histories.title}`, () => {
  for (let seed = histories.firstSeed; seed < histories.firstSeed + histories.count; seed++) {
    test(`${seed}`, async () => {
      const random = new Random(seed);
      const { node, disk } = await machine();
      const tree: Tree = new Map();
      const states: [string, string | null][][] = [[]];
      let confirmed = 0;
      const before = disk.content.slice();
      disk.log = [];
      /** Where in the log which state was confirmed, and which was the last that had begun. */
      const marks: { at: number; confirmed: number; last: number }[] = [];
      for (let step = 0; step < 40; step++) {
        await run(node, tree, randomOperation(random));
        // A copy is several operations, and a truncated file gets its pieces one after the other.
        states.push(sorted(tree));
        if (random.below(6) === 0) {
          await node.enter("sync", PROMPT);
          confirmed = states.length - 1;
          expect(found(disk.content)).toEqual(states[confirmed]);
        }
        marks.push({ at: disk.log.length, confirmed, last: states.length - 1 });
      }
      await node.enter("fsck /a", /\/a: no problem was found\n/);
      const { log } = disk;
      const cuts = log.flatMap((entry, at) =>
        entry === null || log[at + 1] === null || at % 7 === 0 ? [at, at + 1] : [],
      );
      const later = new LaterCuts(before, log);
      for (const cut of new Set(cuts)) {
        const fs = mount(later.at(cut, () => random.below(2) === 0));
        expect(check(fs).problems, `cut ${cut}`).toEqual([]);
        const least = marks.findLast(({ at }) => at <= cut)?.confirmed ?? 0;
        // After the last entry of a step, steps that changed nothing may have followed.
        const most = Math.max(least, marks.find(({ at }) => at >= cut)?.last ?? states.length - 1);
        expect(states.slice(least, most + 1), `cut ${cut} of ${log.length}`).toContainEqual(sorted(treeOf(fs)));
      }
    });
  }
});
