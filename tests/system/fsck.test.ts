/** What the kernel's fsck says of volumes that the second implementation made, and that were changed afterwards. */
import { expect, test } from "vitest";
import { check, type FileSystem, format, mount } from "../../src/disk/oofs/index.ts";
import { MAP_ID } from "../../src/disk/oofs/layout.ts";
import { walkState } from "../../src/disk/oofs/walk.ts";
import type { LabNode } from "../../src/index.ts";
import { changeBlock } from "../disk/oofs/damage.ts";
import { MemoryDisk } from "../disk/oofs/disks.ts";
import { shared } from "../setup/shared.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { BLOCK_BYTES, PARTITION_LBA, partitioned, RecordingDisk, SECTOR_BYTES } from "./recording-disk.ts";

const BLOCKS = 160;
const START = PARTITION_LBA * SECTOR_BYTES;
const FAR_BLOCK = 1100;

const machine = shared(async () => {
  const disk = new RecordingDisk();
  disk.content = partitioned(BLOCKS * BLOCK_BYTES);
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  // The cluster's daemon would mount what it finds.
  await node.waitFor(/in memory only/);
  await output(node, "service stop network");
  return { node, disk };
});

/** What `commands` print about a volume at /v, and what becomes of it. */
async function about(volume: Uint8Array, commands: string): Promise<{ lines: string[]; volume: Uint8Array }> {
  const { node, disk } = await machine();
  disk.content = partitioned(BLOCKS * BLOCK_BYTES);
  disk.content.set(volume, START);
  const lines = await said(node, `mount hda0 /v && ${commands}; umount /v`);
  return { lines, volume: disk.content.slice(START, START + BLOCKS * BLOCK_BYTES) };
}

async function said(node: LabNode, line: string): Promise<string[]> {
  return (await output(node, line)).split("\n").filter((text) => text !== "");
}

function made(body: (fs: FileSystem) => void): Uint8Array {
  const disk = new MemoryDisk(BLOCKS * BLOCK_BYTES);
  format(disk, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
  const fs = mount(disk);
  body(fs);
  fs.sync();
  return disk.bytes;
}

/** With /d/one (object 4) and /d/two (object 5), both in snapshot s too. */
const pair = (more: (fs: FileSystem) => void = () => {}): Uint8Array =>
  made((fs) => {
    fs.mkdir("/d");
    for (const name of ["one", "two"]) {
      fs.create(`/d/${name}`);
      fs.write(`/d/${name}`, 0, new TextEncoder().encode(`this is ${name}`));
    }
    fs.sync();
    fs.createSnapshot("s");
    more(fs);
  });

/** The block that has a text, the last of them. */
function blockOf(volume: Uint8Array, text: string): number {
  const at = Buffer.from(volume.buffer, volume.byteOffset, volume.length).lastIndexOf(text, undefined, "latin1");
  expect(at, text).toBeGreaterThan(0);
  return Math.floor(at / BLOCK_BYTES);
}

const inner = Array.from({ length: BLOCKS - 5 }, (_, index) => index + 3);

/** Changes all blocks with this text, and makes the checksums right again. */
function forgeAll(volume: Uint8Array, text: string, change: (block: Buffer, at: number) => void): void {
  for (const block of inner) {
    const bytes = Buffer.from(volume.buffer, volume.byteOffset + block * BLOCK_BYTES, BLOCK_BYTES);
    const at = bytes.indexOf(text, undefined, "latin1");
    if (at >= 0)
      changeBlock(volume, block, inner, (content) =>
        change(Buffer.from(content.buffer, content.byteOffset, BLOCK_BYTES), at),
      );
  }
}

/** Where the length of a name stands in an entry, which begins with an id. */
const ENTRY_LENGTH = 8;
const RECORD_BYTES = 128;
const RECORD_PARENT = 12;

test("names object, path and offset of a bad block, in a snapshot too", async () => {
  const volume = pair((fs) => fs.unlink("/d/one"));
  const [one, two] = ["this is one", "this is two"].map((text) => blockOf(volume, text)) as [number, number];
  for (const block of [one, two]) volume[block * BLOCK_BYTES + 100]! ^= 1;
  const { lines } = await about(volume, "fsck /v; scrub /v");
  const expected = [
    `the checksum is wrong of block ${two} (object 5, offset 0) /d/two`,
    `snapshot s: the checksum is wrong of block ${one} (object 4, offset 0) /d/one`,
    `snapshot s: the checksum is wrong of block ${two} (object 5, offset 0) /d/two`,
    "/v: 3 problems",
  ];
  expect(lines).toEqual([...expected, ...expected]);
  const [said] = (await about(volume, "wc /v/d/two")).lines;
  expect(said).toBe(`oofs: hda0 is damaged: the checksum is wrong of block ${two} (object 5, offset 0)`);
});

thoroughly("names the tree that a damaged block is of, when it is mounted and when it is checked", async () => {
  const volume = made((fs) => fs.create("/one"));
  const { table, table2, map } = mount(new MemoryDisk(volume.slice()), { readOnly: true }).volume.committed;
  for (const [name, { block }] of [
    ["the object table", table],
    ["the second object table", table2],
    ["the map of free space", map],
  ] as const) {
    const spoilt = volume.slice();
    spoilt[block * BLOCK_BYTES + 77]! ^= 1;
    const where = `the checksum is wrong of block ${block} (${name}, offset 0)`;
    const { lines } = await about(spoilt, "umount /v; mount -r hda0 /v && fsck /v");
    expect(lines.filter((line) => line.startsWith("the ")).slice(0, 1)).toEqual([where]);
    expect(lines.filter((line) => line.includes("is damaged") && !line.includes(where))).toEqual([]);
    if (block === table.block) {
      const said = `oofs: hda0 is damaged: ${where}`;
      const serves = "oofs: hda0: the other object table serves";
      expect(lines).toEqual([said, serves, said, serves, where, "/v: 1 problems"]);
    }
  }
});

thoroughly("a damaged superblock is said once, as the first mount to write makes it whole", async () => {
  const volume = pair();
  const good = volume.slice(0, BLOCK_BYTES);
  volume[100]! ^= 1;
  const says = "oofs: hda0: the superblock is damaged; the commit records serve";
  const first = await about(volume, "umount /v; mount -r hda0 /v");
  expect(first.lines).toEqual([says]);
  expect(Buffer.compare(first.volume.subarray(0, BLOCK_BYTES), good)).toBe(0);
  expect((await about(first.volume, "fsck /v")).lines).toEqual(["/v: no problem was found"]);
});

thoroughly(
  "a volume whose first commit records are both damaged is found by the superblock and the second ones",
  async () => {
    const volume = pair();
    const good = volume.slice();
    for (const block of [1, 2]) volume[block * BLOCK_BYTES + 100]! ^= 1;
    const first = await about(volume, "cat /v/d/one");
    expect(first.lines.at(-1)).toBe("this is one");
    expect(Buffer.compare(first.volume.subarray(0, 3 * BLOCK_BYTES), good.subarray(0, 3 * BLOCK_BYTES))).toBe(0);
  },
);

test("takes the name of a partition too, wherever it is mounted", async () => {
  const { lines } = await about(pair(), "fsck hda0; scrub hda0; fsck hda1; cd /v/d; fsck hda0; fsck .; cd");
  const good = "no problem was found";
  expect(lines).toEqual([`hda0: ${good}`, `hda0: ${good}`, "hda1: not mounted", `hda0: ${good}`, `.: ${good}`]);
});

test("a partition that is not mounted is no path below the current directory, for snapshot and umount neither", async () => {
  const commands = ["fsck hda", "snapshot list hda", "snapshot list hda0", "umount hda0", "fsck hda0", "cd"];
  const { lines } = await about(pair(), `cd /v; ${commands.join("; ")}`);
  expect(lines).toEqual([
    "hda: not mounted",
    "hda: not mounted",
    expect.stringMatching(/^s +commit/),
    "hda0: not mounted",
    "Cannot unmount /v: not mounted",
  ]);
});

test("says how far into a file a bad block is", async () => {
  const volume = made((fs) => {
    fs.create("/far");
    fs.write("/far", FAR_BLOCK * BLOCK_BYTES, new TextEncoder().encode("far away"));
  });
  const block = blockOf(volume, "far away");
  volume[block * BLOCK_BYTES + 9]! ^= 1;
  expect((await about(volume, "fsck /v")).lines).toEqual([
    `the checksum is wrong of block ${block} (object 3, offset ${FAR_BLOCK * BLOCK_BYTES}) /far`,
    "/v: 1 problems",
  ]);
});

thoroughly("shows of a path that is too long the end", async () => {
  const names = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(250));
  const paths = names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
  const volume = made((fs) => {
    for (const path of paths) fs.mkdir(path);
    fs.create(`${paths.at(-1)}/file`);
    fs.write(`${paths.at(-1)}/file`, 0, new TextEncoder().encode("far below"));
  });
  const block = blockOf(volume, "far below");
  volume[block * BLOCK_BYTES + 100]! ^= 1;
  const [line, count] = (await about(volume, "fsck /v")).lines;
  const [, shown] = /^the checksum is wrong of block \d+ \(object 8, offset 0\) (\/.*)$/.exec(line!)!;
  expect(shown).toBe(`/${names.slice(1).join("/")}/file`);
  expect(count).toBe("/v: 1 problems");
});

test("names what two entries lead to, and what none leads to", async () => {
  const volume = pair();
  // The leaf with both names is that of the last commit and of the snapshot.
  forgeAll(volume, "\x03two", (leaf, at) => leaf.writeUInt32LE(4, at - ENTRY_LENGTH));
  const problems = [
    /the entry (one|two) of directory 3 leads to object 4, as another entry does \/d$/,
    /object 5 has no name in directory 3 \/d$/,
  ];
  const { lines } = await about(volume, "fsck /v");
  expect(lines).toEqual([
    ...problems.map((problem) => expect.stringMatching(new RegExp(`^${problem.source}`))),
    ...problems.map((problem) => expect.stringMatching(new RegExp(`^snapshot s: ${problem.source}`))),
    "/v: 4 problems",
  ]);
  expect(check(mount(new MemoryDisk(volume), { readOnly: true })).problems).toHaveLength(4);
});

test("names an object that no directory has, and that is no orphan", async () => {
  const volume = made((fs) => fs.create("/one"));
  forgeAll(volume, "OOBJ", (table, at) => {
    const record = at % RECORD_BYTES;
    table.writeUInt32LE(0, record + 3 * RECORD_BYTES + RECORD_PARENT);
  });
  expect((await about(volume, "fsck /v")).lines).toEqual([
    "the entry one of directory 1 leads to object 3, which is not in it /",
    "object 3 has no parent, and is not in the list of orphans",
    "/v: 2 problems",
  ]);
});

test("finds bytes after the end of a file", async () => {
  const volume = made((fs) => {
    fs.create("/one");
    fs.write("/one", 0, new TextEncoder().encode("short"));
  });
  const block = blockOf(volume, "short");
  forgeAll(volume, "short", (content) => content.writeUInt8(1, BLOCK_BYTES - 1));
  expect((await about(volume, "fsck /v")).lines).toEqual([
    `there are bytes after the end of the content in block ${block} (object 3, offset 0) /one`,
    "/v: 1 problems",
  ]);
});

test("finds nothing in files that are written in pieces of any length", async () => {
  const { lines, volume } = await about(
    made(() => {}),
    "echo x > /v/f && seq 14000 >> /v/f && seq 14000 | cat > /v/g && truncate /v/g 70001 && seq 9 >> /v/g && fsck /v",
  );
  expect(lines).toEqual(["/v/g has 70001 bytes now.", "/v: no problem was found"]);
  const numbers = (last: number): string => Array.from({ length: last }, (_, index) => `${index + 1}\n`).join("");
  const fs = mount(new MemoryDisk(volume), { readOnly: true });
  expect(Buffer.from(fs.read("/f")).toString()).toBe(`x\n${numbers(14_000)}`);
  expect(Buffer.from(fs.read("/g")).toString()).toBe(numbers(14_000).slice(0, 70_001) + numbers(9));
});

test("finds nothing after a snapshot before others was removed, and the free blocks are as many as are said", async () => {
  const fill = (fs: FileSystem, byte: number): void => fs.write("/one", 0, new Uint8Array(5 * BLOCK_BYTES).fill(byte));
  const before = made((fs) => {
    fs.create("/one");
    for (const [byte, name] of ["s", "t", "u"].entries()) {
      fill(fs, byte);
      fs.createSnapshot(name);
    }
    fill(fs, 9);
  });
  const { lines, volume } = await about(before, "snapshot remove /v s && snapshot remove /v t && fsck /v");
  expect(lines).toEqual(["/v: no problem was found"]);
  expect(check(mount(new MemoryDisk(volume), { readOnly: true })).problems).toEqual([]);
});

test("says which block is the first that the map has wrong", async () => {
  const wrong = [77, 78, 110];
  const volume = made((fs) => fs.create("/one"));
  const { store, committed } = mount(new MemoryDisk(volume), { readOnly: true }).volume;
  let map = 0;
  walkState(store, committed, {
    block(block, _pointer, tree) {
      if (tree?.id === MAP_ID) map = block;
      return true;
    },
  });
  changeBlock(volume, map, inner, (bits) => {
    for (const block of wrong) bits[block >> 3]! ^= 1 << (block & 7);
  });
  const { lines } = await about(volume, "fsck /v");
  expect(lines).toEqual([
    "the map of free space is wrong about 3 blocks, the first of them block 77",
    "/v: 1 problems",
  ]);
});

/** Where a node has its magic, its version, its level, whose it is, and zeros. */
const NODE_FIELDS = [0, 4, 6, 8, 12];

test.each(rowsOf(NODE_FIELDS, 1))(
  "a node with another byte %i is refused each time that it is asked for",
  async (at) => {
    const volume = made((fs) => {
      fs.create("/far");
      fs.write("/far", FAR_BLOCK * BLOCK_BYTES, new TextEncoder().encode("far away"));
    });
    const far = blockOf(volume, "far away");
    const above = inner.find((block) => {
      const node = Buffer.from(volume.buffer, volume.byteOffset + block * BLOCK_BYTES, BLOCK_BYTES);
      return node.toString("latin1", 0, 4) === "OOTN" && node.indexOf(Uint8Array.of(far, 0, 0, 0)) > 0;
    })!;
    changeBlock(volume, above, inner, (node) => void node[at]!++);
    const [first, ...more] = (await about(volume, "wc /v/far; wc /v/far; echo more >> /v/far; wc /v/far")).lines.filter(
      (line) => line.startsWith("/v/far:"),
    );
    expect(first).toBe("/v/far: data is damaged or of another format");
    expect(more).toEqual([first, first, first]);
  },
);
