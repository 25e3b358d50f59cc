/** FAT volumes of `src/disk/fat`, beside mtools and fsck.fat; and hostile ones, which cost time but no more. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { FatFileSystem, type FatType, isFat } from "../../../src/disk/fat/index.ts";
import { FileSystemError } from "../../../src/disk/oofs/index.ts";
import { requireOracle } from "../../oracle.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { many, rowsOf } from "../../setup/tier.ts";
import { content, formatted, KINDS, Memory, MIB, now, open } from "./volume.ts";

const folder = mkdtempSync(join(tmpdir(), "qure-fat-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(tool: string, args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync(tool, [...args], {
    input,
    encoding: "latin1",
    env: { ...process.env, MTOOLS_SKIP_CHECK: "1", TZ: "UTC", LC_ALL: "C.UTF-8" },
  });
  if (status !== 0) throw new Error(`${tool} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

function stored(bytes: Uint8Array): string {
  const path = join(folder, `${Math.random()}.img`);
  writeFileSync(path, bytes);
  return path;
}

/** What fsck.fat finds, without its greeting and its sum. */
function checked(bytes: Uint8Array): string {
  const path = stored(bytes);
  const { stdout } = spawnSync("fsck.fat", ["-n", path], { encoding: "utf8" });
  rmSync(path);
  return stdout.replace(/^fsck\.fat .*\n/, "").replace(/^.*: \d+ files, \d+\/\d+ clusters\n$/m, "");
}

/** Each name, and the short one that it gets. */
const NAMES: readonly (readonly [name: string, alias: string])[] = [
  ["SHORT.TXT", "SHORT.TXT"],
  ["NOEXT", "NOEXT"],
  ["lower.c", "LOWER~1.C"],
  ["A rather long file name.text", "ARATHE~1.TEX"],
  ["a rather long file name too.text", "ARATHE~2.TEX"],
  ["exactly13char", "EXACTL~1"],
  ["of twenty-six characters!!", "OFTWEN~1"],
  ["größer.dat", "GR__ER~1.DAT"],
  [".hidden", "HIDDEN~1"],
  ["two.dots.txt", "TWODOT~1.TXT"],
  ["x".repeat(255), "XXXXXX~1"],
];

describe.each(KINDS)("%s", (type, mib) => {
  test("what it makes, fsck.fat and mtools take", (context) => {
    for (const tool of ["fsck.fat", "mcopy", "mdir"]) requireOracle(tool, context);
    const bytes = formatted(type, mib);
    expect(checked(bytes)).toBe("");
    const fs = open(bytes);
    fs.mkdir("/DIR");
    fs.mkdir("/DIR/a deeper one");
    const sizes = [0, 1, 511, 512, 513, 70_000];
    for (const [index, [name]] of NAMES.entries()) {
      fs.create(`/DIR/${name}`);
      fs.write(`/DIR/${name}`, 0, content(sizes[index % sizes.length]!, index));
    }
    fs.write("/DIR/NOEXT", 2000, Uint8Array.of(7));
    fs.sync();
    expect(checked(bytes)).toBe("");
    const path = stored(bytes);
    for (const [index, [name, alias]] of NAMES.entries()) {
      run("mcopy", ["-n", "-i", path, `::/DIR/${alias}`, join(folder, "host")]);
      const found = readFileSync(join(folder, "host"));
      rmSync(join(folder, "host"));
      const wanted = Buffer.alloc(name === "NOEXT" ? 2001 : sizes[index % sizes.length]!);
      wanted.set(content(sizes[index % sizes.length]!, index));
      if (name === "NOEXT") wanted[2000] = 7;
      expect(found.equals(wanted), name).toBe(true);
      expect(Buffer.from(open(bytes).read(`/dir/${name.toLowerCase()}`)).equals(wanted), name).toBe(true);
    }
    expect(run("mdir", ["-i", path, "::/DIR"])).toMatch(/^SHORT\s+TXT\s+0 2023-11-14 +22:13/m);
  });

  thoroughly("what mkfs.fat and mtools make, it reads and changes", (context) => {
    for (const tool of ["mkfs.fat", "fsck.fat", "mcopy", "mmd", "mtype"]) requireOracle(tool, context);
    const path = join(folder, `${type}.img`);
    writeFileSync(path, "");
    truncateSync(path, mib * MIB);
    run("mkfs.fat", ["-F", type.slice(3), "-n", "LABEL", path]);
    run("mmd", ["-i", path, "::/Some directory"]);
    for (const [index, [name]] of NAMES.entries()) {
      writeFileSync(join(folder, "host"), content(index * 1000, index));
      run("mcopy", ["-i", path, join(folder, "host"), `::/Some directory/${name}`]);
    }
    const bytes = new Uint8Array(readFileSync(path));
    const fs = open(bytes);
    expect(fs.list("/").map(({ name, kind }) => [name, kind])).toEqual([["Some directory", "directory"]]);
    expect(
      fs
        .list("/some directory")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(NAMES.map(([name]) => name).sort());
    for (const [index, [name]] of NAMES.entries())
      expect(Buffer.from(fs.read(`/Some directory/${name}`)).equals(Buffer.from(content(index * 1000, index)))).toBe(
        true,
      );
    // Everything away again but what is moved.
    fs.rename("/Some directory/lower.c", "/moved up.c");
    fs.rename("/Some directory/NOEXT", "/Some directory/noext");
    fs.rename("/Some directory/SHORT.TXT", "/Some directory/two.dots.txt");
    fs.mkdir("/other");
    fs.rename("/Some directory", "/other/now below");
    for (const { name } of fs.list("/other/now below")) fs.unlink(`/other/now below/${name}`);
    fs.rmdir("/other/now below");
    fs.sync();
    expect(checked(bytes)).toBe("");
    expect(fs.list("/").map(({ name }) => name)).toEqual(["moved up.c", "other"]);
    expect(run("mtype", ["-i", stored(bytes), "::/moved up.c"])).toBe(Buffer.from(content(2000, 2)).toString("latin1"));
  });

  test("a full volume says so, and all comes back", () => {
    const bytes = formatted(type, mib);
    const fs = open(bytes);
    const pristine = bytes.slice();
    fs.create("/large");
    expect(() => {
      for (let at = 0; ; at += MIB) fs.write("/large", at, new Uint8Array(MIB));
    }).toThrow(/full/);
    expect(fs.stat("/large").sizeBytes).toBeGreaterThan((mib - 2) * MIB);
    expect(() => fs.mkdir("/none")).toThrow(/full/);
    fs.unlink("/large");
    fs.sync();
    fs.mkdir("/again");
    fs.rmdir("/again");
    fs.sync();
    // The tables are as they were.
    const tables = (type === "fat32" ? 200 : 18) * 512;
    expect(Buffer.from(bytes.subarray(1024, tables)).equals(Buffer.from(pristine.subarray(1024, tables)))).toBe(true);
  });
});

test("many files fill a directory that grows, and the root of a FAT16 that does not", () => {
  const fs = open(formatted("fat16", 24));
  fs.mkdir("/many");
  for (let index = 0; index < 700; index++) fs.create(`/many/file number ${index}`);
  expect(fs.list("/many").length).toBe(700);
  expect(() => {
    for (let index = 0; ; index++) fs.create(`/long name ${index}`);
  }).toThrow(/directory is full/);
  expect(fs.list("/").length).toBe(256);
});

test("says in a sentence what cannot be", () => {
  const fs = open(formatted("fat12", 3));
  fs.mkdir("/dir");
  fs.create("/dir/file");
  for (const [what, sentence] of [
    [() => fs.read("/dir"), /is a directory/],
    [() => fs.read("/dir/file/x"), /not a directory/],
    [() => fs.read("/none"), /not found/],
    [() => fs.list("/dir/file"), /not a directory/],
    [() => fs.mkdir("/DIR"), /exists/],
    [() => fs.create("/dir/FILE"), /exists/],
    [() => fs.create("/a:b"), /no name/],
    [() => fs.create("/ends in a dot."), /no name/],
    [() => fs.create(`/${"x".repeat(256)}`), /no name/],
    [() => fs.rmdir("/dir"), /not empty/],
    [() => fs.rmdir("/"), /the root stays/],
    [() => fs.rename("/dir", "/dir/below"), /into itself/],
    [() => fs.rename("/dir/file", "/dir"), /exists/],
    [() => fs.write("/dir/file", 2 ** 32 - 1, Uint8Array.of(1)), /4 GiB/],
    [() => open(formatted("fat12", 3), true).mkdir("/x"), /reading only/],
    [() => formatted("fat32", 3), /is no FAT32/],
  ] as const)
    expect(what, String(sentence)).toThrow(sentence);
});

describe("hostile volumes", () => {
  /** All that can be read, and some changes: an error of a volume at most. */
  function survive(bytes: Uint8Array): void {
    const device = new Memory(bytes);
    if (!isFat(device)) return;
    const tolerate = (body: () => void): void => {
      try {
        body();
      } catch (error) {
        if (!(error instanceof FileSystemError)) throw error;
      }
    };
    tolerate(() => {
      const fs = new FatFileSystem(device, { readOnly: false, now });
      const walk = (path: string): void =>
        tolerate(() => {
          for (const { name, kind, sizeBytes } of fs.list(path)) {
            if (kind === "directory") walk(`${path}/${name}`);
            else tolerate(() => void fs.read(`${path}/${name}`, Math.max(0, sizeBytes - 5000), 5000));
          }
        });
      walk("");
      tolerate(() => {
        fs.create("/new file");
        fs.write("/new file", 0, content(5000));
      });
      tolerate(() => fs.rename("/DIR/b", "/b"));
      tolerate(() => fs.unlink("/A rather long name"));
      tolerate(() => fs.mkdir("/made"));
      fs.sync();
    });
    expect(device.reads).toBeLessThan(600 * MIB);
  }

  function small(type: FatType, mib: number): Uint8Array {
    const bytes = formatted(type, mib);
    const fs = open(bytes);
    fs.mkdir("/DIR");
    fs.mkdir("/DIR/b");
    fs.create("/A rather long name");
    fs.write("/A rather long name", 0, content(20_000));
    fs.sync();
    return bytes;
  }

  const cases = many(8, 100, 600);
  test.each(rowsOf(KINDS, 1))("%s with wrong bytes: errors, no more", (type, mib) => {
    const good = small(type, mib);
    const random = new Random(5);
    const used = good.findLastIndex((byte) => byte !== 0);
    const meta = type === "fat32" ? 60 * 512 : 30 * 512;
    for (let number = 0; number < (type === "fat32" ? cases / 8 : cases); number++) {
      const bytes = good.slice();
      const wrong = 1 + random.below(6);
      for (let index = 0; index < wrong; index++) {
        // The boot sector, the beginning of the tables, directories: where something is.
        const at = index % 2 === 0 ? random.below(64) : random.below(Math.max(meta, used));
        bytes[at] = random.below(3) === 0 ? 0xff : random.below(256);
      }
      survive(bytes);
    }
  });

  test("a directory below itself is named, and does not go on for ever", () => {
    const bytes = small("fat16", 24);
    const fs = open(bytes);
    const root = Buffer.from(bytes).indexOf("DIR        ");
    const cluster = bytes[root + 26]!;
    const below = Buffer.from(bytes).indexOf("B       ", root + 32);
    expect(["/DIR/b", "/dir/none", "/none/b"].map((path) => fs.exists(path))).toEqual([true, false, false]);
    const slot = Buffer.from(bytes).indexOf("B~1", 0) > 0 ? Buffer.from(bytes).indexOf("B~1", 0) : below;
    bytes[slot + 26] = cluster;
    expect(() => open(bytes).list("/DIR/b")).toThrow(/same directory as \/DIR/);
  });

  test("a chain in a circle ends, in a directory and in a file", () => {
    const bytes = small("fat16", 24);
    const dir = bytes[Buffer.from(bytes).indexOf("DIR        ") + 26]!;
    const view = new DataView(bytes.buffer);
    view.setUint16(512 + dir * 2, dir, true);
    expect(() => open(bytes).list("/DIR")).toThrow(/no end/);
    const other = small("fat16", 24);
    const file = other[Buffer.from(other).indexOf("ARATHE~1") + 26]!;
    new DataView(other.buffer).setUint16(512 + file * 2, file, true);
    expect(open(other).read("/A rather long name").length).toBe(20_000);
    open(other).unlink("/A rather long name");
    // One that ends too early is an error with its place.
    const short = small("fat16", 24);
    new DataView(short.buffer).setUint16(512 + file * 2, 0xffff, true);
    expect(() => open(short).read("/A rather long name")).toThrow(/ends after 1 of them/);
  });

  test("names do not look like paths, nor move the cursor", () => {
    const bytes = small("fat16", 24);
    const at = Buffer.from(bytes).indexOf("DIR        ");
    bytes.set(Buffer.from("A/\x1b[2J  TXT"), at);
    expect(
      open(bytes)
        .list("/")
        .map(({ name }) => name),
    ).toContain("A\ufffd\ufffd[2J.TXT");
  });
});
