/**
 * Snapshots: whoever goes on from one ends where the run that was not interrupted ends, at whatever moment it was
 * taken.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { Snapshot } from "../../../emulator/cluster/snapshot.ts";
import { SnapshotFile, writeSnapshotFile } from "../../../emulator/cluster/snapshot-file.ts";
import { Random } from "../../../emulator/state/random.ts";
import { crc32 } from "../../../src/bytes/crc32.ts";
import { blankDisk, type LabCluster, restoreCluster, SnapshotError, SparseDisk } from "../../../src/index.ts";
import { atLength, thoroughly } from "../../setup/thoroughly.ts";
import { casesOf, many } from "../../setup/tier.ts";
import { boot, CLOUD, images, PROMPT } from "../../system/images.ts";
import { DISK_BYTES, preparedDisk } from "./prepared-disk.ts";

const MS = 1_000_000;
let prepared: Uint8Array;

beforeAll(async () => {
  prepared = await preparedDisk();
});

function cluster(nodes: number): LabCluster {
  const base = new SparseDisk(DISK_BYTES, { content: prepared });
  return boot({
    seed: 7,
    nodes: Array.from({ length: nodes }, () => ({ ramBytes: 8 << 20, disk: new SparseDisk(DISK_BYTES, { base }) })),
  });
}

/** Virtual times within the boot, dense where drives, cables and protocols are busy. */
function moments(count: number, endNs: number, seed: number): number[] {
  const random = new Random(seed, "snapshot moments");
  return Array.from({ length: count }, () => 10 * random.below(endNs / 10)).sort((a, b) => a - b);
}

describe("a restored cluster", () => {
  test("has the digests of the run that was not interrupted, from any moment of its boot", async () => {
    const original = cluster(2);
    const end = many(1200, 2100) * MS;
    // While the firmware, the loader and the kernel start, then while nodes find each other.
    const third = Math.ceil(casesOf("emulator/cluster/snapshot").count / 3);
    const times = [...moments(third, 120 * MS, 1), ...moments(third, 450 * MS, 2), ...moments(third, end, 3)].sort(
      (a, b) => a - b,
    );
    const saved: { timeNs: number; bytes: Uint8Array }[] = [];
    const digests = new Map<number, string>();
    for (const timeNs of times) {
      original.cluster.runUntil(timeNs);
      digests.set(timeNs, original.digest());
      saved.push({ timeNs, bytes: original.save() });
    }
    original.cluster.runUntil(end);
    const random = new Random(4, "how far restored runs go");
    for (const [index, { timeNs, bytes }] of saved.entries()) {
      const copy = restoreCluster(bytes);
      expect(copy.digest(), `restored at ${timeNs}`).toBe(digests.get(timeNs));
      // To a later moment of the original, in quanta of its own; some go on to the end.
      const later = index % 20 === 0 ? end : times[Math.min(times.length - 1, index + 1 + random.below(6))]!;
      for (let at = timeNs; at < later; at = Math.min(later, at + 1 + random.below(40 * MS))) copy.cluster.runUntil(at);
      copy.cluster.runUntil(later);
      expect(copy.digest(), `restored at ${timeNs}, compared at ${later}`).toBe(
        later === end ? original.digest() : digests.get(later),
      );
    }
  }, 600_000);

  atLength("has them while a CD is read, a disk partitioned and a file system made", async () => {
    const original = boot({ nodes: [{ ramBytes: 8 << 20, cdrom: images().iso, disk: blankDisk(DISK_BYTES) }] });
    const node = original.nodes[0]!;
    const random = new Random(6, "moments of an installation");
    const pass = async (): Promise<void> => {
      for (let moment = 0; moment < 4; moment++) {
        original.cluster.runUntil(original.nowNs + 10 * random.below(3 * MS));
        const copy = restoreCluster(original.save());
        const later = original.nowNs + 20 * MS;
        for (const lab of [original, copy]) lab.cluster.runUntil(later);
        expect(copy.digest(), `from ${later - 20 * MS}`).toBe(original.digest());
      }
    };
    await pass();
    await node.waitFor("QuRe loader");
    await pass();
    await node.waitFor(PROMPT);
    await node.enter("fdisk hda init", /Type 'Yes' if so: $/);
    await node.enter("Yes", /Type 'Yes' if so: $/);
    node.type("Yes\n");
    await pass();
    await node.waitFor(PROMPT);
    node.type("mkfs -t oofs hda0\n");
    await pass();
  });

  thoroughly("has the board that it had: processors, their model, no HPET", () => {
    const original = boot({
      nodes: [{ ramBytes: 8 << 20, processor: "pentium3", processors: 2, hpet: false }, { ramBytes: 8 << 20 }],
    });
    original.cluster.runUntil(5 * MS);
    const copy = restoreCluster(original.save());
    for (const lab of [original, copy]) lab.cluster.runUntil(20 * MS);
    expect(copy.digest()).toBe(original.digest());
  });

  test("has the drives that it had, at each adapter, its network card and its ROMs", () => {
    const medium = (fill: number): Uint8Array => new Uint8Array(1 << 20).fill(fill, 512);
    const original = boot({
      nodes: [
        {
          ramBytes: 8 << 20,
          disk: medium(1),
          drives: [{ kind: "disk", medium: medium(2) }, null, { kind: "cd", medium: null }],
          ahci: [{ kind: "cd", medium: medium(3) }, null, { kind: "disk", medium: medium(4) }],
          virtioDisks: [medium(5)],
          floppies: [null, new Uint8Array(1440 << 10)],
          bootOrder: "ac",
          nic: "rtl8139",
          nicRom: new Uint8Array(1024).fill(1),
        },
        { ramBytes: 8 << 20 },
      ],
    });
    original.cluster.runUntil(5 * MS);
    const saved = original.save();
    const copy = restoreCluster(saved);
    for (const lab of [original, copy]) lab.cluster.runUntil(20 * MS);
    expect(copy.digest()).toBe(original.digest());
    expect(restoreCluster(copy.save()).digest()).toBe(original.digest());
    expect(new Snapshot(saved, copy.host.compressor).config.nodes[0]).toMatchObject({
      ahci: [{ kind: "cd" }, null, { kind: "disk" }],
      bootOrder: "ac",
      nic: "rtl8139",
    });
  });

  test("can be restored in place, back and forth, its disk included", async () => {
    const lab = cluster(1);
    const machine = lab.cluster.machines[0]!;
    lab.cluster.runUntil(100 * MS);
    const early = {
      state: machine.saveState(),
      digest: machine.digest(),
      disk: lab.nodes[0]!.readDisk(0, 16 * 1024 * 1024),
    };
    lab.cluster.runUntil(2500 * MS);
    const late = { state: machine.saveState(), digest: machine.digest() };
    expect(Buffer.compare(lab.nodes[0]!.readDisk(0, 16 * 1024 * 1024), early.disk)).not.toBe(0);
    machine.restoreState(early.state);
    expect(machine.digest()).toBe(early.digest);
    expect(Buffer.compare(lab.nodes[0]!.readDisk(0, 16 * 1024 * 1024), early.disk)).toBe(0);
    machine.restoreState(late.state);
    expect(machine.digest()).toBe(late.digest);
  });

  thoroughly("finds on its consoles what came before, and can be typed at", async () => {
    const original = cluster(2);
    await original.nodes[0]!.waitFor(PROMPT);
    original.nodes[0]!.type("echo a line half ");
    await original.advance("1ms");
    const copy = restoreCluster(original.save());
    for (const lab of [original, copy]) await lab.nodes[0]!.enter("typed", /a line half typed\n/);
    expect(copy.nodes[0]!.console.text).toBe(original.nodes[0]!.console.text);
    expect(copy.digest()).toBe(original.digest());
  });

  thoroughly("keeps a pulled cable pulled, and heals when it is plugged in", async () => {
    const original = cluster(2);
    original.nodes[1]!.cut();
    await original.nodes[1]!.waitFor(CLOUD);
    const copy = restoreCluster(original.save());
    for (const lab of [original, copy]) {
      lab.nodes[1]!.connect();
      await lab.advance("5s");
      expect(lab.nodes[1]!.console.text).toMatch(/era \d+ age \d+ peers 1/);
    }
    expect(copy.digest()).toBe(original.digest());
  });

  test("one machine of it lives alone", async () => {
    const original = cluster(2);
    await original.nodes[1]!.waitFor(CLOUD);
    const copy = restoreCluster(original.nodes[1]!.save());
    expect(copy.nodes.map(({ name }) => name)).toEqual(["qure-2"]);
    expect(copy.nowNs).toBe(original.nowNs);
    await copy.nodes[0]!.enter("echo alone", /^alone$/m);
  });
});

describe("a snapshot file", () => {
  let file: Uint8Array;
  beforeAll(() => {
    const lab = cluster(2);
    lab.cluster.runUntil(300 * MS);
    file = lab.save();
  });

  function changed(offset: number, value: (byte: number) => number): Uint8Array {
    const bytes = file.slice();
    bytes[offset] = value(bytes[offset]!);
    return bytes;
  }

  test("is the same for the same state, and holds what machines share once", () => {
    expect(Buffer.compare(restoreCluster(file).save(), file)).toBe(0);
    const alone = cluster(1);
    alone.cluster.runUntil(300 * MS);
    expect(file.length).toBeLessThan(alone.save().length * 1.5);
  });

  test("is the same in whatever order a disk was written, and in the order of its places", () => {
    const orders = [
      [9, 2, 5],
      [2, 5, 9],
    ];
    const [one, other] = orders.map((pages) => {
      const disk = new SparseDisk(DISK_BYTES);
      for (const page of pages) disk.write(page * 4096, new Uint8Array(512).fill(page));
      return boot({ nodes: [{ ramBytes: 1 << 20, disk }] }).save();
    });
    expect(Buffer.compare(one!, other!)).toBe(0);
    const disk = restoreCluster(one!).nodes[0]!.disk!;
    const found = new Uint8Array(1);
    for (const page of [2, 5, 9]) {
      disk.read(page * 4096, found);
      expect(found[0]).toBe(page);
    }
  });

  test("names the time of an instruction where it is not the usual one, and goes on with it", () => {
    for (const [options, named] of [
      [{ nsPerInstruction: 20 }, 20],
      [{}, undefined],
    ] as const) {
      const original = boot({ ...options, nodes: [{ ramBytes: 1 << 20 }] });
      original.cluster.runUntil(5 * MS);
      const saved = original.save();
      expect(new Snapshot(saved, original.host.compressor).config.tickNs).toBe(named);
      const copy = restoreCluster(saved);
      for (const lab of [original, copy]) lab.cluster.runUntil(8 * MS);
      expect(copy.digest()).toBe(original.digest());
    }
  });

  test("that fits no machine of this version is refused, and a cluster that runs stays as it was", () => {
    const lab = boot({ nodes: [{ ramBytes: 1 << 20 }] });
    lab.cluster.runUntil(5 * MS);
    const { compressor } = lab.host;
    const whole = new SnapshotFile(lab.save(), compressor);
    const sections = whole.names.map(({ name, index }) => {
      const bytes = whole.section(name, index);
      return { name, index, bytes: name === "machine" ? bytes.subarray(0, bytes.length >> 1) : bytes };
    });
    const half = writeSnapshotFile("cluster", sections, compressor);
    const before = lab.digest();
    const reason = /^the snapshot does not fit this version of QuRe: /;
    expect(() => restoreCluster(half)).toThrow(reason);
    expect(() => new Snapshot(half, compressor).restoreOver(lab.cluster)).toThrow(SnapshotError);
    expect(lab.digest()).toBe(before);
  });

  /** A small one with other bytes in a section of it. */
  function withSection(section: string, change: (bytes: Uint8Array) => Uint8Array): Uint8Array {
    const disk = new SparseDisk(1 << 20);
    disk.write(0, new Uint8Array(512).fill(1));
    const lab = boot({ nodes: [{ ramBytes: 1 << 20, disk }] });
    const whole = new SnapshotFile(lab.save(), lab.host.compressor);
    const sections = whole.names.map(({ name, index }) => {
      const bytes = whole.section(name, index);
      return { name, index, bytes: name === section ? change(bytes.slice()) : bytes };
    });
    return writeSnapshotFile("cluster", sections, null);
  }
  const withConfig = (change: object): Uint8Array =>
    withSection("config", (bytes) =>
      Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(bytes).toString()), ...change })),
    );
  /** The number of a kind is in the header, which has a checksum of its own. */
  function withKind(kind: number): Uint8Array {
    const bytes = changed(12, () => kind);
    const view = new DataView(bytes.buffer);
    const headBytes = 32 + view.getUint32(16, true) * 32;
    view.setUint32(headBytes, crc32(bytes.subarray(0, headBytes)), true);
    return bytes;
  }

  const withNode = (change: object): Uint8Array =>
    withSection("config", (bytes) => {
      const config = JSON.parse(Buffer.from(bytes).toString()) as { nodes: object[] };
      return Buffer.from(JSON.stringify({ ...config, nodes: config.nodes.map((node) => ({ ...node, ...change })) }));
    });

  test.each<[string, () => Uint8Array, RegExp]>([
    [
      "another card",
      () => withNode({ nic: "ne1000" }),
      /a network card that this version of QuRe does not know: ne1000$/,
    ],
    ...["ide", "ahci", "floppies", "virtioDisks"].map((name): [string, () => Uint8Array, RegExp] => [
      `one whose ${name} are no list`,
      () => withNode({ [name]: 5 }),
      /^the snapshot/,
    ]),
    ...["nodes", "nowNs", "digest", "firmware"].map((name): [string, () => Uint8Array, RegExp] => [
      `one without ${name}`,
      () => withConfig({ [name]: undefined }),
      /^the snapshot's configuration is not complete$/,
    ]),
    [
      "a configuration that is none",
      () => withSection("config", () => Buffer.from("{")),
      /configuration is not complete/,
    ],
    [
      "another digest",
      () => withConfig({ digest: "0" }),
      /its state has the digest [0-9a-f]{32} where it was saved as 0$/,
    ],
    ["another kind", () => withKind(9), /^the snapshot is of an unknown kind, 9$/],
    [
      "a page that it does not hold",
      () =>
        withSection("medium", (bytes) => {
          if (bytes.length > 16) new DataView(bytes.buffer).setUint32(bytes.length - 4, 1e6, true);
          return bytes;
        }),
      /^medium \d+ has a page that is not there$/,
    ],
    ["another file", () => new TextEncoder().encode("QuRe is not a snapshot, and this is text."), /not a snapshot/],
    ["an empty file", () => new Uint8Array(0), /not a snapshot/],
    ["its beginning", () => file.subarray(0, 20), /truncated/],
    ["all but a byte", () => file.subarray(0, file.length - 1), /truncated: it has \d+ of \d+ bytes/],
    ["more than it", () => Buffer.concat([file, Buffer.alloc(3)]), /altered: 3 bytes follow/],
    ["another version", () => changed(8, () => 9), /of version 9; this program reads version 1/],
    ["an altered header", () => changed(40, (byte) => byte ^ 1), /altered: the checksum of its header/],
    [
      "an altered section",
      () => changed(file.length - 1000, (byte) => byte ^ 0x10),
      /altered: the checksum of section/,
    ],
  ])("%s is refused with its reason", (_, make, reason) => {
    expect(() => restoreCluster(make())).toThrow(reason);
    expect(() => restoreCluster(make())).toThrow(SnapshotError);
  });

  test.each([{ seed: 8 }, { gateway: false }, { linkLatency: "70us" }, { nsPerInstruction: 20 }, {}])(
    "goes over no cluster that is not its own: %j",
    (other) => {
      const nodes = [{ ramBytes: 1 << 20 }];
      const saved = boot({ seed: 7, nodes }).save();
      const lab = boot({ seed: 7, ...other, nodes });
      const restore = (): void => new Snapshot(saved, lab.host.compressor).restoreOver(lab.cluster);
      if (Object.keys(other).length === 0) restore();
      else expect(restore).toThrow(new SnapshotError("the snapshot is of other machines than these"));
    },
  );

  thoroughly("no flipped bit and no truncation goes unnoticed", () => {
    const random = new Random(5, "damage");
    for (let round = 0; round < 100; round++) {
      const at = random.below(file.length);
      expect(() => restoreCluster(changed(at, (byte) => byte ^ (1 << random.below(8)))), `byte ${at}`).toThrow(
        SnapshotError,
      );
      expect(() => restoreCluster(file.subarray(0, at)), `cut at ${at}`).toThrow(SnapshotError);
    }
  });
});
