/** Volumes that come from elsewhere, as the kernel mounts them: of version 1, cut off, full, hostile. */
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { recordBlocks } from "../../src/disk/oofs/commit.ts";
import { check, format, mount } from "../../src/disk/oofs/index.ts";
import { forge, makeSample, setField } from "../disk/oofs/damage.ts";
import { Random as ForgeRandom } from "../disk/oofs/disks.ts";
import { makeVersion1, type OldObject, oldDirectory } from "../disk/oofs/version-1.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { BLOCK_BYTES, LaterCuts, PARTITION_SECTORS, partitioned, RecordingDisk, volumeOn } from "./recording-disk.ts";
import { machine, START, withVolume } from "./volume-machine.ts";

/** Of the state in a commit record: where the second copy of the list of snapshots is. */
const SNAPSHOTS2_DWORD = 20;

/** What new names may not use of a volume, so that others can be removed. */
const BLOCKS_KEPT = 56;
/** Of a dozen names each. */
const ROUNDS_UNTIL_FULL = 80;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

describeThoroughly("a volume of version 1", () => {
  const blocks = PARTITION_SECTORS / 8;
  const large = new Uint8Array(600 * BLOCK_BYTES).map((_, at) => at % 251);
  const old = makeVersion1(
    blocks,
    [
      {
        id: 1,
        parent: 0,
        className: "directory",
        content: oldDirectory([
          [2, "notes"],
          [3, "sub"],
        ]),
      },
      { id: 2, parent: 1, className: "file", content: Buffer.from("from version one\n") },
      { id: 3, parent: 1, className: "directory", content: oldDirectory([[7, "deep"]]) },
      { id: 7, parent: 3, className: "file", content: large },
      { id: 4, parent: 0, className: "class_a", content: Buffer.from("an object") },
      { id: 6, parent: 0, className: "class_a", content: Buffer.from("another that does not count") },
    ],
    7n,
  );

  test("is converted when it is mounted, wherever power is cut", async () => {
    const { node, disk } = await machine();
    disk.content = withVolume(old.bytes);
    const before = disk.content.slice();
    disk.log = [];
    expect(await output(node, "mount hda0 /a")).toMatch(
      /^oofs: hda0 was of version 1, and was converted to version 2\n$/,
    );
    expect(await output(node, "cat /a/notes")).toBe("from version one\n");
    expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
    await node.enter("umount /a", PROMPT);
    const random = new Random(3);
    const cuts = Array.from({ length: disk.log.length + 1 }, (_, index) => index);
    const later = new LaterCuts(before, disk.log);
    for (const cut of rowsOf(cuts, 12)) {
      const fs = mount(later.at(cut, () => random.below(2) === 0));
      expect(check(fs).problems, `cut ${cut}`).toEqual([]);
      expect(text(fs.read("/notes"))).toBe("from version one\n");
      expect(Buffer.compare(fs.read("/sub/deep"), large)).toBe(0);
      expect(text(fs.loadObject("class_a").bytes)).toBe("an object");
    }
  });

  test("is converted when it has content where the second copies of the commit records go", async () => {
    const { node, disk } = await machine();
    // Content, a node of level 1 and the record of the table may all be there.
    for (const [first, second] of [
      [4, 9],
      [604, 4],
      [605, 1],
    ] as const) {
      const take = (free: number): number => (free === first ? blocks - 1 : free === second ? blocks - 2 : free);
      disk.content = withVolume(
        makeVersion1(
          blocks,
          [
            { id: 1, parent: 0, className: "directory", content: oldDirectory([[2, "deep"]]) },
            { id: 2, parent: 1, className: "file", content: large },
            { id: 3, parent: 0, className: "class_a", content: Buffer.from("an object") },
          ],
          8n,
          take,
        ).bytes,
      );
      expect(await output(node, "mount hda0 /a")).toMatch(/^.*was converted to version 2\n$/);
      expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
      await node.enter("umount /a", PROMPT);
      const fs = mount(volumeOn(disk), { readOnly: true });
      expect(check(fs).problems).toEqual([]);
      expect(Buffer.compare(fs.read("/deep"), large)).toBe(0);
      expect(text(fs.loadObject("class_a").bytes)).toBe("an object");
    }
  });

  test("is refused when something of it is damaged, and nothing is written", async () => {
    const { node, disk } = await machine();
    disk.content = withVolume(old.bytes);
    const at = Buffer.from(disk.content.buffer).indexOf("OOTN", START);
    disk.content[at + 100]! ^= 1;
    const before = disk.content.slice();
    expect(await output(node, "mount hda0 /a")).toMatch(
      /the checksum is wrong of block \d+ .*\nCannot mount hda0 at \/a: /,
    );
    expect(Buffer.compare(disk.content, before)).toBe(0);
  });
});

describeThoroughly("of a volume of version 1", () => {
  const blocks = PARTITION_SECTORS / 8;
  const root = (entries: readonly (readonly [number, string])[]): OldObject => ({
    id: 1,
    parent: 0,
    className: "directory",
    content: oldDirectory(entries),
  });
  const file = (id: number, content: string | Uint8Array, className = "file"): OldObject => ({
    id,
    parent: 1,
    className,
    content: Buffer.from(content),
  });
  const one = [root([[2, "one"]]), file(2, "one\n")];
  /** Of the two commit records, in blocks 1 and 2, the second is the newer. */
  const damaged = (...numbers: readonly number[]): Uint8Array => {
    const { bytes } = makeVersion1(blocks, one, 7n);
    for (const number of numbers) bytes[number * BLOCK_BYTES + 100]! ^= 1;
    return bytes;
  };
  const placed = (objects: readonly OldObject[], places: Readonly<Record<number, number>>): Uint8Array =>
    makeVersion1(blocks, objects, 7n, (free) => places[free] ?? free).bytes;
  const refused: readonly (readonly [what: string, volume: Uint8Array, says: string])[] = [
    ["neither commit record", damaged(1, 2), "oofs: hda0 is damaged: neither commit record of version 1 is valid"],
    [
      "a block that two files have",
      placed([root([]), file(2, "same"), file(3, "same")], { 4: 3 }),
      "two pointers lead to block 3",
    ],
    [
      "a block that a file has twice, where the commit records go",
      placed([root([]), file(2, new Uint8Array(3 * BLOCK_BYTES).fill(7))], { 3: 1023, 4: 1022, 5: 1023 }),
      "two pointers lead to block 1023",
    ],
    ...["", "a/b", "..", "n".repeat(248), "\x01"].map((name): readonly [string, Uint8Array, string] => [
      `an entry named ${JSON.stringify(name).slice(0, 9)}`,
      placed([root([[2, name]]), file(2, "x")], {}),
      "an entry of a directory of version 1 is not valid, directory 1",
    ]),
    [
      "an object without a class",
      placed([root([]), file(2, "x", "")], {}),
      "the object table of version 1 is not one, object 2",
    ],
    ["more than the partition has", makeVersion1(blocks + 1, one, 7n).bytes, "Cannot mount hda0 at /a: out of range"],
  ];

  test("what is not as it should be is said, and nothing is written", async () => {
    const { node, disk } = await machine();
    for (const [what, volume, says] of refused) {
      disk.content = withVolume(volume.subarray(0, blocks * BLOCK_BYTES));
      const before = disk.content.slice();
      const said = await output(node, "mount hda0 /a");
      expect(said, what).toContain(says);
      expect(said, what).toContain("Cannot mount hda0 at /a: ");
      expect(Buffer.compare(disk.content, before), what).toBe(0);
    }
    disk.content = withVolume(damaged());
    expect(await output(node, "mount -r hda0 /a")).toBe("Cannot mount hda0 at /a: read only\n");
  });

  test("all names, objects and damage that may be are converted", async () => {
    const { node, disk } = await machine();
    disk.content = withVolume(damaged(1));
    expect(await output(node, "mount hda0 /a; cat /a/one; umount /a")).toBe(
      "oofs: hda0: one of the two commit records of version 1 is damaged; the other one serves\n" +
        "oofs: hda0 was of version 1, and was converted to version 2\none\n",
    );
    const names = [...Array.from({ length: 90 }, (_, number) => `name ${number}`), "n".repeat(247), ".x"];
    const files = names.map((name, index) => file(5 + index, `${name}\n`));
    const stray = { ...file(2, "nobody names it"), parent: 0 };
    const objects = [root(names.map((name, index) => [5 + index, name])), stray, ...files];
    disk.content = withVolume(makeVersion1(blocks, objects, 0x1_0000_0002n).bytes);
    expect(await output(node, "mount hda0 /a; fsck /a; umount /a")).toBe(
      "oofs: hda0 was of version 1, and was converted to version 2\n/a: no problem was found\n",
    );
    const fs = mount(volumeOn(disk), { readOnly: true });
    expect(check(fs).problems).toEqual([]);
    expect(fs.volume.state.sequence).toBeGreaterThan(0x1_0000_0002n);
    expect(
      fs
        .list("/")
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
    for (const name of names) expect(text(fs.read(`/${name}`))).toBe(`${name}\n`);
  });
});

describeThoroughly("a full volume", () => {
  test("has at once for df what was removed, as the next commit will say it", async () => {
    const { node } = await machine();
    for (const line of ["mkfs -t oofs hda0", "mount hda0 /a"]) await output(node, line);
    await output(node, "seq 60000 > /a/some; sync");
    const full = await output(node, "df /a");
    await output(node, "rm /a/some");
    const removed = await output(node, "df /a");
    await output(node, "sync");
    expect(removed).not.toBe(full);
    expect(await output(node, "df /a")).toBe(removed);
    expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
  });

  test("takes no more names, and what it has can be removed", async () => {
    const { node } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await output(node, "mount hda0 /a; mkdir /a/d; cd /a/d; seq 100000 > a; seq 9000 > e; seq 900 > f");
    // Ever smaller pieces, until not one block more is given out.
    for (const piece of ["a", "e", "f"]) {
      let copies = 0;
      while (!/no space left/.test(await output(node, `cp ${piece} ${piece}${copies}`))) copies++;
    }
    const names = Array.from({ length: 12 }, (_, at) => `n${at}`).join(" ");
    let said = "";
    for (let round = 0; round < ROUNDS_UNTIL_FULL && !said.includes("no space left"); round++)
      said = await output(node, `for n in ${names}; do mkdir $n-${"x".repeat(100)}-${round}; done`);
    expect(said).toContain("no space left");
    const [, free] = / (\d+) {2}\/a$/m.exec(await output(node, "df /a"))!;
    expect(Number(free)).toBeGreaterThan(BLOCKS_KEPT * 4);
    expect(await output(node, "rm a; rmdir n0-*-0; mv f g; rm g e")).toBe("");
    expect(await output(node, "cd /; rm -r /a/d; fsck /a")).toBe("/a: no problem was found\n");
  });

  test("keeps files that were begun before a commit for space, and have grown after it", async () => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /a", PROMPT);
    await node.enter("seq 150000 > /a/some; mkdir /a/d", PROMPT);
    for (let copies = 0; copies < 2; copies++) await output(node, `cp /a/some /a/copy${copies}`);
    // The nearer it comes to the end, the more often an operation commits those before it.
    for (let file = 0; ; file++) {
      const said = await output(node, `seq 5 > /a/d/${file} && truncate /a/d/${file} 9000 && seq 9000 > /a/e${file}`);
      if (said.includes("no space left")) break;
    }
    await node.enter("sync", PROMPT);
    expect(check(mount(volumeOn(disk), { readOnly: true })).problems).toEqual([]);
  });

  test("deletes, and what found no space has changed nothing", async () => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /a", PROMPT);
    await node.enter("echo 0123456789 > /a/some", PROMPT);
    await node.enter("truncate /a/some 300000", PROMPT);
    await node.enter("mkdir /a/d", PROMPT);
    let copies = 0;
    // Holes take no room: a copy has every block.
    while (!/no space left/.test(await output(node, `cp /a/some /a/d/copy${copies}`))) copies++;
    expect(copies).toBeGreaterThan(8);
    expect((await output(node, "find /a/d")).split("\n").length).toBe(copies + 1);
    await node.enter("sync", PROMPT);
    const fs = mount(volumeOn(disk), { readOnly: true });
    expect(check(fs).problems).toEqual([]);
    await node.enter("snapshot create /a full", PROMPT);
    expect(await output(node, "rm -r /a/d")).toBe("");
    expect(await output(node, "snapshot remove /a full")).toBe("");
    expect(await output(node, "cp /a/some /a/again")).toBe("");
    expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
  });
});

for (const parity of [0, 1])
  thoroughly(
    `the state before commit record ${parity}, of which no copy is left, is taken only when one says so`,
    async () => {
      const { node, disk } = await machine();
      disk.content = partitioned();
      const volume = volumeOn(disk);
      format(volume, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
      const fs = mount(volume);
      const names: string[] = [];
      while (names.length < 3 || Number(fs.volume.committed.sequence & 1n) !== parity) {
        names.push(`/a/${names.length}`);
        fs.create(names.at(-1)!.slice(2));
        fs.sync();
      }
      for (const block of recordBlocks(parity, PARTITION_SECTORS / 8))
        disk.content[START + block * BLOCK_BYTES + 40]! ^= 1;
      const { sequence } = fs.volume.committed;
      expect(await output(node, "mount hda0 /a")).toContain(
        `both copies of a commit record are damaged: commit ${sequence - 1n} is there, commit ${sequence} may have been`,
      );
      await output(node, "mount --accept-older hda0 /a");
      expect((await output(node, "find /a; umount /a")).split("\n").sort()).toEqual(["", ...names.slice(0, -1)]);
    },
  );

describeThoroughly("an object table", () => {
  const NAMES = Array.from({ length: 40 }, (_, index) => `name-${index}`);

  test("whose node is damaged is whole after the next commit: then it serves alone", async () => {
    const { node, disk } = await machine();
    for (const damaged of [0, 1]) {
      disk.content = partitioned();
      const volume = volumeOn(disk);
      format(volume, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
      const fs = mount(volume);
      // More than one block of records, so that each table has a node above them.
      for (const name of NAMES) fs.create(`/${name}`);
      fs.sync();
      const tables = (): number[] => {
        const { table, table2 } = mount(volume, { readOnly: true }).volume.committed;
        return [table.block, table2.block];
      };
      const spoil = (which: number): void => {
        disk.content[START + tables()[which]! * BLOCK_BYTES + 100]! ^= 1;
      };
      spoil(damaged);
      await output(node, "mount hda0 /a; echo more > /a/name-0; umount /a");
      // The blocks that the damaged node led to are nobody's now, and stay in use.
      const problems = check(mount(volume, { readOnly: true })).problems.map(({ text }) => text);
      expect(problems.filter((text) => !text.startsWith("the map of free space is wrong about 2 blocks"))).toEqual([]);
      spoil(1 - damaged);
      expect(await output(node, "mount -r hda0 /a")).toMatch(/^(oofs: hda0.*\n)*$/);
      expect((await output(node, "ls /a")).match(/name-\d+/g)).toEqual(expect.arrayContaining(NAMES));
      expect(await output(node, "cat /a/name-0")).toMatch(/more\n$/);
      await output(node, "umount /a");
    }
  });
});

describeThoroughly("snapshots", () => {
  const MOST = 15;

  test("are at most fifteen, are all there after another mount, and go in any order", async () => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0; mount hda0 /a", PROMPT);
    const names = Array.from({ length: MOST }, (_, number) => `s${number}`);
    for (const name of names)
      expect(await output(node, `echo ${name} > /a/file; snapshot create /a ${name}`), name).toBe("");
    for (const [refused, says] of [
      ["create /a one-more", "/a: table is full"],
      ["create /a s3", "s3: exists already"],
      ["remove /a one-more", "one-more: not found"],
      ["restore /a one-more", "one-more: not found"],
    ] as const)
      expect(await output(node, `snapshot ${refused}`), refused).toBe(`${says}\n`);
    expect(await output(node, "umount /a; mount hda0 /a")).toBe("");
    /** Name, commit and objects of each. */
    const rows = async (): Promise<string[][]> =>
      [...(await output(node, "snapshot list /a")).matchAll(/^(\S+) +commit (\d+), (\d+) objects, 20/gm)].map(
        ([, ...words]) => words,
      );
    const listed = async (): Promise<string[]> => (await rows()).map(([name]) => name!);
    expect(await listed()).toEqual(names);
    for (const name of ["s7", "s0", "s14", "s8"]) expect(await output(node, `snapshot remove /a ${name}`)).toBe("");
    const left = names.filter((name) => !["s7", "s0", "s14", "s8"].includes(name));
    expect(await listed()).toEqual(left);
    expect(await output(node, "snapshot restore /a s9; cat /a/file")).toBe("s9\n");
    const last = await rows();
    expect(await output(node, "umount /a")).toBe("");
    const fs = mount(volumeOn(disk), { readOnly: true });
    expect(check(fs).problems).toEqual([]);
    expect(last).toEqual(fs.snapshots().map(({ name, sequence, objects }) => [name, `${sequence}`, `${objects}`]));
    for (const name of left) expect(text(fs.openSnapshot(name).read("/file"))).toBe(`${name}\n`);
  });
});

thoroughly("mkfs gives back the memory that it took", async () => {
  const { node, disk } = await machine();
  await output(node, "mem mark; mkfs -t oofs hda0");
  expect(await output(node, "mem leaks")).not.toMatch(/oofs_|cache_/);
  disk.content = partitioned(63 * BLOCK_BYTES);
  await output(node, "mkfs -t oofs hda0");
  expect(await output(node, "mem leaks")).not.toMatch(/oofs_|cache_/);
});

describeThoroughly("changes", () => {
  test("wait for the next commit, however many there were before", async () => {
    const { node, disk } = await machine();
    await output(node, "mkfs -t oofs hda0; mount hda0 /a");
    // A file of three blocks has a node above them, and of one block none.
    const once = "seq 2000 > /a/long; truncate /a/long 100; sync";
    for (let round = 0; round < 25; round++) await output(node, `for n in 1 2 3 4 5 6; do ${once}; done`);
    await output(node, "echo begun > /a/file; sync");
    disk.log = [];
    await output(node, "echo more >> /a/file; mkdir /a/d; touch /a/d/e");
    expect(disk.log).toEqual([]);
    await output(node, "sync");
    expect(disk.log.length).toBeGreaterThan(0);
  });

  test("of a directory's names are of its time", async () => {
    const { node, disk } = await machine();
    await output(node, "mkfs -t oofs hda0; mount hda0 /a; mkdir /a/d; sync");
    const time = (): number => mount(volumeOn(disk), { readOnly: true }).stat("/d").modified.seconds;
    const made = time();
    await output(node, "sleep 3000; touch /a/d/e; sync");
    expect(time()).toBeGreaterThanOrEqual(made + 3);
  });
});

describe("a disk that fails", () => {
  /** A disk of which one write fails, for good. */
  class FailingDisk extends RecordingDisk {
    writesLeft = Number.POSITIVE_INFINITY;

    override write(offsetBytes: number, source: Uint8Array): void {
      if (this.writesLeft-- <= 0) throw new Error("the disk cannot write");
      super.write(offsetBytes, source);
    }
  }

  test("makes the volume read-only, says so once, and loses nothing that was confirmed", async () => {
    const disk = new FailingDisk();
    disk.content = partitioned();
    const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /a", PROMPT);
    await node.enter("echo confirmed > /a/one", PROMPT);
    await node.enter("sync", PROMPT);
    await node.enter("echo lost > /a/two", PROMPT);
    disk.writesLeft = 3;
    expect(await output(node, "sync")).toMatch(
      /is not written any more until it is mounted anew, and shows what was confirmed\.\n/,
    );
    disk.writesLeft = Number.POSITIVE_INFINITY;
    expect(await output(node, "cat /a/one")).toBe("confirmed\n");
    expect(await output(node, "cat /a/two")).toBe("/a/two: not found\n");
    expect(await output(node, "echo more > /a/three")).toBe("/a/three: read only\n");
    expect(await output(node, "sync")).toBe("sync: read only\n");
    await node.enter("umount /a", PROMPT);
    await node.enter("mount hda0 /a", PROMPT);
    expect(await output(node, "cat /a/one")).toBe("confirmed\n");
    expect(await output(node, "echo more > /a/three")).toBe("");
    expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
  });
});

test("a volume whose snapshots are not where it says is not mounted", async () => {
  const { node, disk } = await machine();
  const { content } = makeSample();
  const listAt = Buffer.from(content.buffer).indexOf("OOSL");
  const both = content.slice();
  // Both copies of the list are alike.
  const list = Buffer.from(content.subarray(listAt, listAt + BLOCK_BYTES));
  for (let at = listAt; at >= 0; at = Buffer.from(both.buffer).indexOf(list)) both[at + 300]! ^= 1;
  const far = content.slice();
  setField(far, SNAPSHOTS2_DWORD, 0x7fffffff);
  for (const [what, volume, says] of [
    ["damaged", both, /^oofs: .*snapshots?.*\n/],
    ["beyond its end", far, /^/],
  ] as const) {
    disk.content = withVolume(volume);
    const before = disk.content.slice();
    const said = await output(node, "mount hda0 /a");
    expect(said, what).toMatch(says);
    expect(said, what).toMatch(/^Cannot mount hda0 at \/a: data is damaged or of another format$/m);
    expect(Buffer.compare(disk.content, before), what).toBe(0);
  }
});

const hostile = casesOf("system/volumes");
test(`hostile volumes with right checksums are errors: ${hostile.title}`, async () => {
  const { node, disk } = await machine();
  const sample = makeSample();
  for (let seed = hostile.firstSeed; seed < hostile.firstSeed + hostile.count; seed++) {
    const random = new ForgeRandom(seed);
    disk.content = withVolume(forge(sample, random));
    const began = node.console.text.length;
    await node.enter(`mount ${random.below(4) === 0 ? "--accept-older " : ""}hda0 /a`, PROMPT);
    for (const command of HOSTILE_COMMANDS) await node.enter(command, PROMPT);
    expect(node.console.text.slice(began), hostile.repeat(seed)).not.toMatch(/PANIC/);
  }
});

const HOSTILE_COMMANDS = [
  "find /a",
  "fsck /a",
  "wc /a/a",
  "wc /a/d/e",
  "echo more >> /a/a",
  "cp /a/a /a/d/copy",
  "mv /a/d/name-1 /a/a",
  "snapshot create /a t",
  "rm -r /a/d",
  "snapshot remove /a s",
  "snapshot restore /a t",
  "sync",
  "umount /a",
];
