/** `fdisk` writes only after `Yes`, twice. */
import { describe, expect, test } from "vitest";
import { type LabNode, readPartitionTable, SparseDisk } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, DISK_BYTES, images, PROMPT } from "./images.ts";

/** A disk whose every sector says something, so that any change shows. */
function markedDisk(): SparseDisk {
  const content = new Uint8Array(256 * 512);
  for (let i = 0; i < content.length; i++) content[i] = (i * 7 + (i >> 9)) & 0xff;
  return new SparseDisk(DISK_BYTES, { content });
}

async function machine(disk: SparseDisk): Promise<LabNode> {
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  return node;
}

describe("fdisk init", () => {
  const refusals: readonly [first: string, second: string | null][] = [
    ["no", null],
    ["yes", null],
    ["YES", null],
    ["Yes ", null],
    [" Yes", null],
    ["", null],
    ["Yess", null],
    ["Ye", null],
    ["y", null],
    ["Yes", "yes"],
    ["Yes", ""],
    ["Yes", "No"],
    ["Yes", "Yes!"],
  ];
  test.each(rowsOf(refusals, 1))("answers %j and %j leave the disk as it was", async (first, second) => {
    const disk = markedDisk();
    const before = disk.content();
    const node = await machine(disk);
    await node.enter("fdisk hda init", /Type 'Yes' if so: $/);
    if (second === null) await node.enter(first, PROMPT);
    else {
      await node.enter(first, /really sure\? Type 'Yes' if so: $/);
      await node.enter(second, PROMPT);
    }
    expect(Buffer.compare(disk.content(), before)).toBe(0);
  });

  thoroughly("after Yes and Yes there is one partition up to the end, and the disk boots by itself", async () => {
    const disk = markedDisk();
    const node = await machine(disk);
    await node.enter("fdisk hda init", /Type 'Yes' if so: $/);
    await node.enter("Yes", /really sure\? Type 'Yes' if so: $/);
    await node.enter("Yes", PROMPT, { within: "120s" });
    const sector = node.readDisk(0, 512);
    const [first, ...others] = readPartitionTable(sector);
    expect(first).toMatchObject({ active: true, type: 0x99, startLba: 16384, sectors: DISK_BYTES / 512 - 16384 });
    expect(others.every(({ type }) => type === 0)).toBe(true);
    const alone = boot({ nodes: [{ disk }] }).nodes[0]!;
    await alone.waitFor(PROMPT);
    expect(alone.console.text).toMatch(/of drive 80h/);
  });
});

describe("fdisk verify", () => {
  test("toggles the boot flag only after Yes twice", async () => {
    const disk = new SparseDisk(images().diskBytes, { content: images().disk });
    const node = await machine(disk);
    const before = disk.content();
    await node.enter("fdisk hda verify", /quit|\bq\b/i);
    node.type("b");
    node.type("w");
    await node.waitFor(/Type 'Yes' if so: $/);
    await node.enter("no", /./);
    node.type("q");
    await node.waitFor(PROMPT);
    expect(Buffer.compare(disk.content(), before)).toBe(0);

    await node.enter("fdisk hda verify", /quit|\bq\b/i);
    node.type("b");
    node.type("w");
    await node.waitFor(/Type 'Yes' if so: $/);
    await node.enter("Yes", /really sure\? Type 'Yes' if so: $/);
    node.type("Yes\n");
    await node.waitFor(/written|wrote/i);
    node.type("q");
    await node.waitFor(PROMPT);
    expect(readPartitionTable(node.readDisk(0, 512))[0]!.active).toBe(false);
  });
});

test("fdisk alone lists the drives", async () => {
  const node = await machine(new SparseDisk(DISK_BYTES));
  await node.enter("fdisk", /^hda {3}disk +64 MiB {2}\S.*\n(?:.*\n)*?hdc {3}CD /m);
});

describe("mkfs", () => {
  /** A disk with one entry of a type. */
  function diskOfType(type: number, content?: Uint8Array): SparseDisk {
    const disk = new SparseDisk(DISK_BYTES);
    const table = new Uint8Array(512);
    const view = new DataView(table.buffer);
    view.setUint8(446 + 4, type);
    view.setUint32(446 + 8, 16384, true);
    view.setUint32(446 + 12, 8192, true);
    view.setUint16(510, 0xaa55, true);
    disk.write(0, table);
    if (content) disk.write(16384 * 512, content);
    return disk;
  }
  const something = new Uint8Array(512);
  something[100] = 1;

  test.each([
    ["an entry of another type", 0x83, undefined, /^hda0 is an entry of type 83, not 99\.$/m],
    ["what it does not know", 0x99, something, /^hda0 holds something, but no file system that is known\.$/m],
  ])("asks before it overwrites %s", async (_what, type, content, sentence) => {
    const disk = diskOfType(type, content);
    const before = disk.content();
    const node = await machine(disk);
    for (const answer of ["yes", ""]) {
      await node.enter("mkfs -t oofs hda0", /Are you sure\? Type 'Yes' if so: $/);
      expect(node.console.text).toMatch(sentence);
      expect(node.console.text).toContain(content ? "damaged or of another format" : "blank: mkfs");
      await node.enter(answer, /Aborted: nothing was written\.\n/);
    }
    expect(Buffer.compare(disk.content(), before)).toBe(0);
    await node.enter("mkfs -t oofs hda0", /Are you sure\? Type 'Yes' if so: $/);
    await node.enter("Yes", /hda0 now holds an empty oofs/);
  });

  test("makes an empty volume without a question, and asks the next time", async () => {
    const node = await machine(diskOfType(0x99));
    await node.waitFor(/in memory only: hda0: blank: mkfs makes a file system\n/);
    await node.enter("mkfs -t oofs hda0", /hda0 now holds an empty oofs/);
    await node.enter("mkfs -t oofs hda0", /^hda0 holds .*class_fs_oofs\.\n.*Are you sure\? Type 'Yes' if so: $/m);
    await node.enter("No", /Aborted/);
  });
});
