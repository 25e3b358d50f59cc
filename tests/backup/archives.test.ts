/** An archive of each format that was ever written is restored, and has what was put into it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { check, mount } from "../../src/disk/oofs/index.ts";
import { MemoryDisk } from "../disk/oofs/disks.ts";
import { opened, restored } from "./scene.ts";

const folder = join(import.meta.dirname, "archives");
const files = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith(".qbak"))
    .map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
);
const FORMATS = [1];

test("each format has a whole archive and an increment, and none is large", () => {
  expect([...files.keys()].sort()).toEqual(
    FORMATS.flatMap((format) => [`${format}-later.qbak`, `${format}-whole.qbak`]),
  );
  for (const bytes of files.values()) expect(bytes.length).toBeLessThan(8192);
});

test.each(FORMATS)("format %i: its parts have their files, before the change and after it", async (format) => {
  for (const [name, expected] of [
    ["whole", ["first"]],
    ["later", ["first", "second"]],
  ] as const) {
    const backup = await opened(`${format}-${name}.qbak`, files);
    expect(backup.header.format).toBe(format);
    expect(backup.header.parts.map((part) => `${part.kind} ${part.name}`)).toEqual([
      "node web",
      "volume data",
      "disk small.img",
    ]);
    for (const part of backup.header.parts) {
      const fs = mount(new MemoryDisk(await restored(backup, part.name)));
      expect(check(fs).problems).toEqual([]);
      const found = part.kind === "node" ? ["first"] : expected;
      expect(
        fs
          .list("/")
          .map((file) => file.name)
          .sort(),
      ).toEqual(found);
      expect(new TextDecoder().decode(fs.read("/first"))).toBe("what the whole archive has\n");
    }
    expect(backup.header.parts[0]!.machine).toContain('"hostname": "qure-web"');
  }
});
