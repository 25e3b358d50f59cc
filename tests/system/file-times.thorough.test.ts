/** What a program is told of files on each kind of file system: above all when they were changed, and their names. */
import { expect, test } from "vitest";
import { formatFat } from "../../src/disk/fat/index.ts";
import { mount } from "../../src/disk/oofs/index.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { Memory, MIB, open } from "../disk/fat/volume.ts";
import { diskWith } from "./disk-with.ts";
import { boot, isoWith, PROMPT } from "./images.ts";
import { makeIso } from "./iso-volume.ts";
import { output } from "./output.ts";
import { type RecordingDisk, volumeOn } from "./recording-disk.ts";

class Disk extends Memory {}

/** With `nodes`, and with these drives: hda, hdb. */
async function machine(hda: Disk | RecordingDisk, hdb: Disk): Promise<{ lab: LabCluster; node: LabNode }> {
  const cdrom = await isoWith("tests/guest/programs/nodes.s", "asm/programs/nodes.s");
  const nodes = [{ cdrom, disk: hda, drives: [{ kind: "disk" as const, medium: hdb }], bootOrder: "d" as const }];
  const lab = boot({ nodes, gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await lab.advance("100ms");
  await output(node, "service stop network; umount /net");
  return { lab, node };
}

const secondsOf = (...parts: Parameters<typeof Date.UTC>): number => Date.UTC(...parts) / 1000;

/** Years since 1980, month, day, hour, minute and second as an entry of FAT has them; what they mean. */
const FAT_TIMES: readonly (readonly [parts: readonly number[], seconds: number])[] = [
  [[20, 1, 1, 0, 0, 0], secondsOf(2000, 0, 1)],
  [[44, 2, 29, 12, 34, 56], secondsOf(2024, 1, 29, 12, 34, 56)],
  [[45, 12, 31, 23, 59, 58], secondsOf(2025, 11, 31, 23, 59, 58)],
  [[119, 7, 16, 1, 2, 4], secondsOf(2099, 6, 16, 1, 2, 4)],
  [[19, 12, 31, 23, 59, 58], 0],
  [[0, 1, 1, 1, 1, 2], 0],
  [[44, 0, 1, 1, 1, 2], 0],
  [[44, 13, 1, 1, 1, 2], 0],
  [[44, 1, 0, 1, 1, 2], 0],
];

/** The same of ISO 9660: years since 1900. */
const ISO_TIMES: readonly (readonly [parts: readonly number[], seconds: number])[] = [
  [[100, 1, 1, 0, 0, 0], secondsOf(2000, 0, 1)],
  [[124, 2, 29, 12, 30, 7], secondsOf(2024, 1, 29, 12, 30, 7)],
  [[199, 12, 31, 23, 59, 59], secondsOf(2099, 11, 31, 23, 59, 59)],
  [[99, 12, 31, 23, 59, 59], 0],
  [[124, 0, 1, 1, 1, 1], 0],
  [[124, 13, 1, 1, 1, 1], 0],
];
/** Where makeIso puts the time of its file. */
const ISO_TIME_AT = 21 * 2048 + 2 * 34 + 18;

test("on FAT, on ISO 9660 and on OOFS, whoever wrote it", async () => {
  const fat = new Disk(new Uint8Array(8 * MIB));
  formatFat(fat, "fat16", { id: 1 });
  const names = FAT_TIMES.map((_, number) => `TIME${number}.TXT`);
  const made = open(fat.bytes);
  for (const name of names) made.create(`/${name}`);
  made.sync();
  const view = new DataView(fat.bytes.buffer);
  for (const [index, [[year, month, day, hour, minute, second]]] of FAT_TIMES.entries()) {
    const at = Buffer.from(fat.bytes.buffer).indexOf(`TIME${index}   TXT`);
    view.setUint16(at + 22, (hour! << 11) | (minute! << 5) | (second! >> 1), true);
    view.setUint16(at + 24, (year! << 9) | (month! << 5) | day!, true);
  }
  const oofs = diskWith(new Map());
  const changed = mount(volumeOn(oofs), { now: () => ({ seconds: 1_234_567_890, nanoseconds: 5 }) });
  changed.create("/theirs");
  changed.mkdir("/folder");
  const longest = "x".repeat(230);
  changed.create(`/folder/${longest}y`);
  changed.sync();

  const { lab, node } = await machine(oofs, fat);
  await output(node, "mount hdb /fat; mount hda0 /a");
  const said = await output(node, `nodes ${names.map((name) => `/fat/${name}`).join(" ")} /fat /fat/none`);
  const told = FAT_TIMES.map(([, seconds], index) => `0 0 ${seconds} ${names[index]}`);
  expect(said.split("\n")).toEqual([...told, "1 0 0 ", "-1", ""]);
  expect(await output(node, `nodes /a/theirs /a/folder /a/folder/${longest}y /a/folder/${longest}`)).toBe(
    `0 0 1234567890 theirs\n1 4096 1234567890 folder\n0 0 1234567890 ${longest}y\n-1\n`,
  );

  // What is written now has the time of now, on both.
  await lab.advance("3s");
  await output(node, "echo word > /fat/ours; echo word > /a/ours; touch /a/theirs; mkdir /fat/new");
  const written = await output(node, "nodes /fat/ours /a/ours /a/theirs /fat/new");
  const times = [...written.matchAll(/^\d \d (\d+) \w+$/gm)].map(([, seconds]) => Number(seconds));
  expect(times).toHaveLength(4);
  const now = times[1]!;
  expect(now).toBeGreaterThan(secondsOf(2024, 0, 1));
  for (const time of times) expect(Math.abs(time - now)).toBeLessThanOrEqual(2);
  expect(await output(node, "umount /fat; umount /a")).toBe("");
  const after = mount(volumeOn(oofs), { readOnly: true });
  expect(after.stat("/ours").modified.seconds).toBe(now);
  expect(open(fat.bytes, true).stat("/ours").modified.seconds).toBe(times[0]);

  for (const [parts, seconds] of ISO_TIMES) {
    const iso = makeIso("plain", "dir", "name.txt", Buffer.from("text"));
    iso.set(parts, ISO_TIME_AT);
    fat.bytes.set(iso);
    expect(await output(node, "mount -t iso9660 hdb /cd; nodes /cd/dir/name.txt; umount /cd"), `${parts}`).toBe(
      `0 4 ${seconds} name.txt\n`,
    );
  }
});
