/** FAT12, FAT16 and FAT32: what mtools and mkfs.fat make, the guest reads; what is damaged, it refuses or survives. */
import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { oracle } from "../oracle.ts";
import { atLength, describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { many, rowsOf } from "../setup/tier.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { PARTITION_LBA, partitioned, RecordingDisk } from "./recording-disk.ts";

const TOOLS = ["mkfs.fat", "fsck.fat", "mcopy", "mmd", "mtype"].map(oracle);
const hasTools = TOOLS.every((tool) => tool !== null);
const folder = mkdtempSync(join(tmpdir(), "qure-fat-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 1 << 20;
/** Bits of an entry, and a size at which mkfs.fat takes them. */
const KINDS = [
  [12, 4],
  [16, 24],
  [32, 64],
] as const;
const NAMES = ["hda", "hdb", "hdd", ..."abcdefgh".split("").map((letter) => `vd${letter}`)];

function run(tool: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, [...args], {
    encoding: "utf8",
    env: { ...process.env, MTOOLS_SKIP_CHECK: "1" },
  });
  if (status !== 0) throw new Error(`${tool} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/** Numbers that say their place: of whatever length, no two parts of a file are the same. */
function content(bytes: number): Buffer {
  return Buffer.from(
    Array.from({ length: Math.ceil(bytes / 8) }, (_, line) => `${String(line).padStart(7, "0")}\n`)
      .join("")
      .slice(0, bytes),
  );
}

/** An empty file system. */
function empty(bits: number, mib: number, ...options: readonly string[]): string {
  const path = join(folder, `fat${bits}-${Math.random()}.img`);
  writeFileSync(path, "");
  truncateSync(path, mib * MIB);
  run("mkfs.fat", ["-F", String(bits), "-n", "LABEL", ...options, path]);
  return path;
}

const FILES: readonly (readonly [path: string, bytes: number])[] = [
  ["SHORT.TXT", 10],
  ["A rather long file name.text", 5000],
  ["EMPTY", 0],
  ["DIR/lower.c", 512],
  ["DIR/exactly13char", 70_000],
  ["DIR/DEEPER/of twenty-six characters!!", 2048],
];

function filled(bits: number, mib: number): Uint8Array {
  const path = empty(bits, mib);
  for (const directory of ["DIR", "DIR/DEEPER"]) run("mmd", ["-i", path, `::/${directory}`]);
  for (const [name, bytes] of FILES) {
    writeFileSync(join(folder, "host"), content(bytes));
    run("mcopy", ["-i", path, join(folder, "host"), `::/${name}`]);
  }
  for (let index = 0; index < 30; index++)
    run("mcopy", ["-i", path, join(folder, "host"), `::/DIR/one of many ${index}`]);
  return new Uint8Array(readFileSync(path));
}

async function machineWith(disks: readonly (Uint8Array | SparseDisk)[]): Promise<LabNode> {
  const [hda, hdb, hdd, ...virtioDisks] = disks;
  const drive = (medium?: Uint8Array | SparseDisk): { kind: "disk"; medium: Uint8Array | SparseDisk } | null =>
    medium ? { kind: "disk", medium } : null;
  const node = boot({
    nodes: [{ cdrom: images().iso, disk: hda!, drives: [drive(hdb), null, drive(hdd)], virtioDisks, bootOrder: "d" }],
    gateway: false,
  }).nodes[0]!;
  await node.waitFor(PROMPT);
  // Services start after the prompt, and speak.
  await node.waitFor(/^cluster: .*$/m);
  return node;
}

describeThoroughly("file systems by others", () => {
  test.skipIf(!hasTools)("of all three kinds are mounted by looking, and read", async () => {
    const node = await machineWith(KINDS.map(([bits, mib]) => filled(bits, mib)));
    for (const [index, [bits]] of KINDS.entries()) {
      const name = NAMES[index]!;
      expect(await output(node, `mount ${name} /fat`)).toBe("");
      expect(await output(node, "mount")).toMatch(new RegExp(`^${name} on /fat, class_fs_fat: FAT${bits}, `, "m"));
      const listed = await output(node, "find /fat");
      for (const [path] of FILES) expect(listed.split("\n")).toContain(`/fat/${path}`);
      expect(listed.match(/one of many \d+$/gm)).toHaveLength(30);
      expect(await output(node, "cat /fat/SHORT.TXT")).toMatch(/^0000000\n00/);
      // Names are the same in either case, as on every system that knows FAT.
      expect(await output(node, "tail '/fat/a RATHER long file name.TEXT'")).toContain("0000624\n");
      expect(await output(node, "wc /fat/dir/exactly13char")).toMatch(/^ *8750 +8750 +70000 /);
      expect(await output(node, "wc /fat/EMPTY")).toMatch(/^ *0 +0 +0 /);
      expect(await output(node, "ls /fat/nothing")).toMatch(/not found/);
      expect(await output(node, "cat /fat/DIR")).toMatch(/is a directory/);
      expect(await output(node, "umount /fat")).toBe("");
    }
  });
});

describe.skipIf(!hasTools)("file systems of the kernel", () => {
  /** Sectors of a partition, and what it is to hold: the bounds between the kinds, and where clusters grow. */
  const MADE = rowsOf(
    [
      [8399, 12],
      [128, 12],
      [70_000, 16],
      [(1 << 20) - 1, 16],
      [8400, 16],
      [1 << 20, 32],
      [5_000_000, 32],
      [40_000_000, 32],
    ] as const,
    2,
  );
  const START = 2048;

  test.each(MADE)("of %i sectors are FAT%i, as fsck.fat sees them, and hold files", async (sectors, bits) => {
    const disk = new SparseDisk((START + sectors) * 512);
    const table = new Uint8Array(512);
    const view = new DataView(table.buffer);
    view.setUint8(446 + 4, 0x0c);
    view.setUint32(446 + 8, START, true);
    view.setUint32(446 + 12, sectors, true);
    view.setUint16(510, 0xaa55, true);
    disk.write(0, table);
    // Not the first drive, on which the cluster's daemon would look for its object.
    const node = await machineWith([new SparseDisk(MIB), disk]);
    expect(await output(node, "mkfs -t fat hdb0")).toMatch(/^hdb0 now holds an empty fat of /);
    expect(await output(node, "mount hdb0 /fat")).toBe("");
    expect(await output(node, "mount")).toMatch(new RegExp(`^hdb0 on /fat, class_fs_fat: FAT${bits}, `, "m"));
    expect(await output(node, "mkdir /fat/sub; echo something > '/fat/sub/A long name'; umount /fat")).toBe("");
    // Both tables begin with the kind of medium that the boot sector says.
    const sectorAt = (lba: number): DataView => {
      const bytes = new Uint8Array(512);
      disk.read((START + lba) * 512, bytes);
      return new DataView(bytes.buffer);
    };
    const first = sectorAt(0);
    const tableSectors = first.getUint16(22, true) || first.getUint32(36, true);
    for (const table of [0, 1])
      expect(sectorAt(first.getUint16(14, true) + table * tableSectors).getUint8(0)).toBe(first.getUint8(21));
    const path = join(folder, `made-${sectors}.img`);
    writeFileSync(path, "");
    truncateSync(path, sectors * 512);
    const part = openSync(path, "r+");
    // Only what was written: the rest of a large volume is a hole.
    for (const [chunk, bytes] of disk.chunks) {
      const at = chunk * bytes.length - START * 512;
      if (at >= 0) writeSync(part, bytes, 0, Math.min(bytes.length, sectors * 512 - at), at);
    }
    closeSync(part);
    expect(run("fsck.fat", ["-n", "-v", path])).toMatch(new RegExp(`2 FATs, ${bits} bit entries|FAT${bits}`));
    expect(run("mtype", ["-i", path, "::/sub/A long name"])).toBe("something\n");
  });

  thoroughly("begin to be there when all else of them is", async () => {
    const disk = new RecordingDisk();
    disk.content = partitioned();
    const node = await machineWith([disk as unknown as SparseDisk]);
    disk.log = [];
    await node.enter("mkfs -t fat hda0", /type 99, not 0c[\s\S]*Type 'Yes' if so: $/);
    await node.enter("Yes", /hda0 now holds an empty fat/);
    const last = disk.log.slice(-3).map((entry) => entry?.sector ?? "flush");
    expect(last).toEqual(["flush", PARTITION_LBA, "flush"]);
    const earlier = disk.log.slice(0, -3).filter((entry) => entry?.sector === PARTITION_LBA);
    expect(earlier.every((entry) => entry!.bytes.every((byte) => byte === 0))).toBe(true);
  });

  test("are made unasked in a GPT, which has one type for FAT and NTFS, and mount says that one is only read", async () => {
    const node = await machineWith([new SparseDisk(16 * MIB), new SparseDisk(16 * MIB)]);
    await node.enter("fdisk hdb gpt 6:0c 6", /Type 'Yes' if so: $/);
    await node.enter("Yes", /really sure\? Type 'Yes' if so: $/);
    await node.enter("Yes", /Written\.\n/);
    await node.waitFor(PROMPT);
    expect(await output(node, "mkfs -t fat hdb0")).toMatch(/^hdb0 now holds an empty fat of /);
    await node.enter("mkfs -t fat hdb1", /type 99, not 0c[\s\S]*Type 'Yes' if so: $/);
    await node.enter("no", PROMPT);
    expect(await output(node, "mount hdb0 /fat; mount; umount hdb0")).toMatch(/clusters of \d+ bytes$/m);
    expect(await output(node, "mount -r hdb0 /fat; mount; umount hdb0")).toMatch(/clusters of \d+ bytes, read only$/m);
  });

  test("are made on an entry of another type only after Yes", async () => {
    const disk = new SparseDisk(16 * MIB);
    const table = new Uint8Array(512);
    const view = new DataView(table.buffer);
    view.setUint8(446 + 4, 0x99);
    view.setUint32(446 + 8, START, true);
    view.setUint32(446 + 12, 8000, true);
    view.setUint16(510, 0xaa55, true);
    disk.write(0, table);
    const node = await machineWith([new SparseDisk(MIB), disk]);
    await node.enter("mkfs -t fat hdb0", /type 99, not 0c[\s\S]*Type 'Yes' if so: $/);
    await node.enter("no", /nothing was written/);
    await node.waitFor(PROMPT);
    const begins = new Uint8Array(512);
    disk.read(START * 512, begins);
    expect(begins.every((byte) => byte === 0)).toBe(true);
  });
});

describeThoroughly("damaged file systems", () => {
  /** Puts numbers that could be meant, and noise, where the file system says what is where. */
  function damage(image: Uint8Array, random: Random): void {
    const view = new DataView(image.buffer, image.byteOffset);
    const reserved = view.getUint16(14, true);
    const fatSectors = view.getUint16(22, true) || view.getUint32(36, true);
    const data = (reserved + image[16]! * fatSectors) * 512;
    const places: readonly (readonly [first: number, length: number])[] = [
      [11, 40],
      [reserved * 512, 400],
      [data, 4096],
      [data + 2048, 16_384],
    ];
    for (let count = 1 + random.below(12); count > 0; count--) {
      const [first, length] = places[random.chance(25) ? 0 : 1 + random.below(3)]!;
      const value = [0, 1, 2, 0xff, 0xf8, 0x0f, 0x10, 0x2e, 0x2f, random.below(256)][random.below(10)]!;
      image[first + random.below(length)] = value;
    }
  }

  /** Eleven of them in one machine: mounted, walked, read, unmounted. */
  async function tryEleven(seed: number): Promise<void> {
    const random = new Random(seed);
    whole ??= filled(12, 2);
    const samples = NAMES.map(() => {
      const image = whole!.slice();
      damage(image, random);
      return image;
    });
    const node = await machineWith(samples);
    const memory = async (): Promise<string> => (await output(node, "mem")).replace(/heap .* blocks.*\n/, "");
    await output(node, "mem");
    const before = await memory();
    for (const name of NAMES) {
      await output(node, `mount -t fat ${name} /fat`);
      await output(node, "find /fat");
      for (const command of [
        ...[
          "wc /fat/DIR/exactly13char",
          "df",
          "seq 900 > '/fat/a new file'",
          "mkdir /fat/DIR/new",
          "rm /fat/SHORT.TXT",
        ],
        ...["mv /fat/DIR/lower.c /fat/EMPTY", "seq 9 >> /fat/DIR/exactly13char", "mv /fat/DIR/DEEPER /fat/up", "sync"],
      ])
        await output(node, command);
      await output(node, "umount /fat");
    }
    expect(node.console.text, `seed ${seed}`).not.toContain("PANIC");
    expect(await memory(), `seed ${seed}`).toBe(before);
  }
  let whole: Uint8Array | null = null;

  test.skipIf(!hasTools)("eleven of them end in an error each, or in what is left; no memory is lost", () =>
    tryEleven(1),
  );
  test.skipIf(!hasTools)("55 more", { timeout: 900_000 }, async () => {
    for (let seed = 2; seed < 7; seed++) await tryEleven(seed);
  });
});

/** What a history of operations does, on the guest and on maps: a path's content, null for a directory. */
class History {
  readonly #random: Random;
  readonly tree = new Map<string, string | null>([["", null]]);

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  #some(kind: "file" | "directory"): string | null {
    const found = [...this.tree].filter(([, text]) => (text === null) === (kind === "directory")).map(([path]) => path);
    return found.length > 0 ? found[this.#random.below(found.length)]! : null;
  }

  #name(): string {
    const number = this.#random.below(40);
    return [
      `N${number}`,
      `name ${number} of some length`,
      `n${number}.txt`,
      `Ünicode`,
      `LONGNAME.${number}X`,
      `twenty six characters ${number}x`,
    ][this.#random.below(number === 0 ? 3 : 6)]!.replace("Ü", "U");
  }

  /** A name that no other one equals in some case. */
  #vacant(): string | null {
    const path = `${this.#some("directory")!}/${this.#name()}`;
    return [...this.tree.keys()].some((other) => other.toLowerCase() === path.toLowerCase()) ? null : path;
  }

  /** The next command and its effect; null when this draw leads to nothing. */
  next(): string | null {
    const { tree } = this;
    const at = (path: string): string => `'/fat${path}'`;
    switch (this.#random.below(8)) {
      case 0:
      case 1: {
        const path = this.#vacant();
        if (path === null) return null;
        const lines = this.#random.below(this.#random.chance(20) ? 4000 : 60);
        tree.set(path, Array.from({ length: lines }, (_, line) => `${line + 1}\n`).join(""));
        return `seq ${lines} > ${at(path)}`;
      }
      case 2: {
        const path = this.#some("file");
        if (path === null) return null;
        const lines = this.#random.below(300);
        tree.set(path, tree.get(path)! + Array.from({ length: lines }, (_, line) => `${line + 1}\n`).join(""));
        return `seq ${lines} >> ${at(path)}`;
      }
      case 3: {
        const path = this.#vacant();
        if (path === null || path.length > 100) return null;
        tree.set(path, null);
        return `mkdir ${at(path)}`;
      }
      case 4: {
        const path = this.#some("file");
        if (path === null) return null;
        tree.delete(path);
        return `rm ${at(path)}`;
      }
      case 5: {
        const path = this.#some("directory")!;
        if (path === "" || [...tree.keys()].some((other) => other.startsWith(`${path}/`))) return null;
        tree.delete(path);
        return `rmdir ${at(path)}`;
      }
      case 6: {
        const [from, to] = [this.#some("file"), this.#some("file")];
        if (from === null || to === null || from === to) return null;
        tree.set(to, tree.get(from)!);
        tree.delete(from);
        return `mv ${at(from)} ${at(to)}`;
      }
      default: {
        const from = this.#some(this.#random.chance(50) ? "file" : "directory");
        const to = this.#vacant();
        if (!from || to === null || `${to}/`.startsWith(`${from}/`)) return null;
        for (const [path, text] of [...tree]) {
          if (path !== from && !path.startsWith(`${from}/`)) continue;
          tree.delete(path);
          tree.set(to + path.slice(from.length), text);
        }
        return `mv ${at(from)} ${at(to)}`;
      }
    }
  }
}

/** What fsck.fat says of a disk; an empty text when it finds nothing. */
function complaints(disk: SparseDisk): string {
  const path = join(folder, "checked.img");
  const bytes = new Uint8Array(disk.sizeBytes);
  disk.read(0, bytes);
  writeFileSync(path, bytes);
  const { status, stdout } = spawnSync("fsck.fat", ["-n", path], { encoding: "utf8" });
  return status === 0 ? "" : stdout;
}

/** All of an image's files as mtools sees them. */
function seenByMtools(disk: SparseDisk): Map<string, string | null> {
  const path = join(folder, "seen.img");
  const bytes = new Uint8Array(disk.sizeBytes);
  disk.read(0, bytes);
  writeFileSync(path, bytes);
  const seen = new Map<string, string | null>([["", null]]);
  for (const line of run("mdir", ["-/", "-b", "-a", "-i", path, "::"]).split("\n")) {
    const name = line.trim().replace(/^::/, "");
    if (name === "") continue;
    if (name.endsWith("/")) seen.set(name.slice(0, -1), null);
    else seen.set(name, run("mtype", ["-i", path, `::${name}`]));
  }
  return seen;
}

describe.skipIf(!hasTools)("what the guest writes", () => {
  const blank = (bits: number, mib: number, ...options: readonly string[]): SparseDisk =>
    new SparseDisk(mib * MIB, { content: new Uint8Array(readFileSync(empty(bits, mib, ...options))) });

  /** Operations by seed; then fsck.fat finds nothing, and mtools finds what the maps hold. */
  async function histories(seed: number, operations: number): Promise<void> {
    const disks = KINDS.map(([bits, mib]) => blank(bits, mib));
    const node = await machineWith(disks);
    for (const [index, [bits]] of KINDS.entries()) {
      const history = new History(seed * 10 + index);
      await output(node, `mount ${NAMES[index]} /fat`);
      for (let done = 0; done < operations; ) {
        const command = history.next();
        if (command === null) continue;
        expect(await output(node, command), `FAT${bits}, seed ${seed}: ${command}`).toBe("");
        done++;
      }
      expect(await output(node, "umount /fat")).toBe("");
      expect(complaints(disks[index]!), `FAT${bits}, seed ${seed}`).toBe("");
      const seen = seenByMtools(disks[index]!);
      const sorted = (tree: ReadonlyMap<string, string | null>): unknown =>
        [...tree].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(sorted(seen), `FAT${bits}, seed ${seed}`).toEqual(sorted(history.tree));
    }
  }

  thoroughly("is what mtools reads, and fsck.fat finds no fault in it", () => histories(1, many(0, 8, 25)));
  atLength("in a longer history", { timeout: 900_000 }, async () => {
    await histories(2, 120);
  });

  thoroughly("until it is full: an error, nothing damaged, and deleting works", async () => {
    const disks = [blank(12, 2), blank(12, 2, "-r", "16")];
    const node = await machineWith(disks);
    for (const command of ["mount hda /fat", "mount hdc /cd", "echo stays > /fat/stays", "cp /cd/boot/qure.img /fat/a"])
      expect(await output(node, command)).toBe("");
    let said = "";
    for (let copies = 0; said === ""; copies++) said = await output(node, `cp /cd/boot/qure.img /fat/b${copies}`);
    expect(said).toMatch(/no space|full/);
    expect(await output(node, "rm /fat/a")).toBe("");
    expect(await output(node, "mkdir /fat/more")).toBe("");
    expect(await output(node, "cat /fat/stays")).toMatch(/^stays/);
    await output(node, "umount /fat");
    // A root directory of 16 entries: long names take several.
    await output(node, "mount hdb /fat");
    let made = 0;
    while ((await output(node, `mkdir '/fat/a name of three entries ${made}'`)) === "") made++;
    expect(made).toBe(5);
    expect(await output(node, "rmdir '/fat/a name of three entries 2'")).toBe("");
    expect(await output(node, "mkdir '/fat/b name of three entries 9'")).toBe("");
    await output(node, "umount /fat");
    for (const disk of disks) expect(complaints(disk)).toBe("");
  });

  thoroughly("names and places that cannot be are refused", async () => {
    const disk = blank(16, 24);
    const node = await machineWith([disk]);
    await output(node, "mount hda /fat");
    for (const command of ["mkdir /fat/dir", "mkdir /fat/dir/sub", "echo x > /fat/file"]) await output(node, command);
    const refused: readonly (readonly [command: string, reason: RegExp])[] = [
      ["mkdir '/fat/a:b'", /invalid/],
      ["mkdir '/fat/a*'", /invalid/],
      ["mkdir '/fat/dot.'", /invalid/],
      [`mkdir /fat/${"x".repeat(256)}`, /too long|invalid/],
      ["mv /fat/dir /fat/dir/sub/x", /invalid/],
      ["mv /fat/dir /fat/file", /not a directory/],
      ["rmdir /fat/dir", /not empty/],
      ["rm /fat/dir", /directory/],
      ["mkdir /fat/DIR", /exists/],
      ["mkdir /fat/none/x", /not found/],
      ["cat /fat/file/x", /not a directory/],
    ];
    for (const [command, reason] of refused) expect(await output(node, command), command).toMatch(reason);
    expect(await output(node, "mv /fat/file /fat/FILE")).toBe("");
    expect(await output(node, "ls /fat")).toMatch(/ FILE$/m);
    await output(node, "umount /fat");
    expect(await output(node, "mount -r hda /fat")).toBe("");
    expect(await output(node, "echo y > /fat/new")).toMatch(/read only/);
    await output(node, "umount /fat");
    expect(complaints(disk)).toBe("");
  });

  test("a drive that fails: what could not be written is said, and the mount is only to be read", async () => {
    const medium = blank(16, 24);
    let failing = false;
    const disk = {
      sizeBytes: medium.sizeBytes,
      readOnly: false,
      read: (offset: number, target: Uint8Array) => medium.read(offset, target),
      write: (offset: number, source: Uint8Array) => {
        if (failing) throw new Error("broken");
        medium.write(offset, source);
      },
      flush: () => {},
    };
    const node = await machineWith([disk as unknown as SparseDisk]);
    await output(node, "mount hda /fat");
    await output(node, "echo first > /fat/first");
    await output(node, "sync");
    failing = true;
    await output(node, "echo second > /fat/second");
    expect(await output(node, "sync")).toMatch(/\/fat: changes could not be written: .*; it is read only now/);
    expect(await output(node, "echo third > /fat/third")).toMatch(/read only/);
    failing = false;
    await output(node, "umount /fat");
    await output(node, "mount hda /fat");
    expect(await output(node, "cat /fat/first")).toMatch(/^first/);
  });
});
