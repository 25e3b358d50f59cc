/** What `ls` says of directories: by name, and with -l when files were changed. */
import { expect, test } from "vitest";
import { mount } from "../../src/disk/oofs/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { atPrompt } from "./booted.ts";
import { diskWith } from "./disk-with.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { volumeOn } from "./recording-disk.ts";

const DAY = 86_400;
/** Around the ends of days, months and years, with and without a day more, up to the last second of 32 bits. */
const TIMES: readonly number[] = [
  ...[1, DAY - 1, DAY, 31 * DAY - 1, 31 * DAY, 365 * DAY - 1, 365 * DAY],
  ...["2000-02-28T23:59", "2000-02-29T00:00", "2000-03-01T00:00", "2023-03-01T09:08", "2024-02-29T12:34"],
  ...["2024-12-31T23:59", "2026-10-10T10:10", "2100-02-28T23:59", "2100-03-01T00:00", "2104-02-29T01:02"],
  0xffffffff,
].map((time) => (typeof time === "string" ? Date.parse(`${time}:00Z`) / 1000 : time));

test("when files on a volume were changed, and nothing where it is not known", async () => {
  const disk = diskWith(new Map());
  let seconds = 0;
  const fs = mount(volumeOn(disk), { now: () => ({ seconds, nanoseconds: 0 }) });
  for (const [index, time] of TIMES.entries()) {
    seconds = time;
    fs.mkdir(`/d${index}`);
    fs.create(`/d${index}/file`);
  }
  fs.sync();
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.waitFor(/on disk/);
  await output(node, "service stop network; umount /net; mount hda0 /a");
  const paths = TIMES.map((_, index) => `/a/d${index}/file`);
  const shown = TIMES.map((time) => new Date(time * 1000).toISOString().slice(0, 16).replace("T", " "));
  expect(await output(node, `ls -l ${paths.join(" ")}`)).toBe(
    shown.map((time) => `${"file".padEnd(20)} ${"0".padStart(10)}  ${time}  file\n`).join(""),
  );
  expect(await output(node, "ls -l / /bin/none; ls -x; cd /a/d0; ls -l; cd")).toBe(
    `/:\n${"hda0".padEnd(20)} ${"0".padStart(10)}  ${" ".repeat(16)}  a/\n/bin/none: not found\nusage: ls [-l] [PATH...]\n${"file".padEnd(20)} ${"0".padStart(10)}  ${shown[0]}  file\n`,
  );
});

thoroughly("the kernel's programs are in /bin, though nothing is mounted there", async () => {
  const lab = await atPrompt();
  const node = lab.nodes[0]!;
  // What the cluster says of the node may come before the prompt, or behind it.
  await lab.until(() => /^cluster: node .*\n/m.test(node.console.text), "the cluster does not begin");
  const programs = (await output(node, "programs")).replace(/^ *(\d+) {2}\/bin\/(.*)$/gm, (_, bytes, name) =>
    ["file".padEnd(20), bytes.padStart(10), "", name].join(" "),
  );
  expect((await output(node, "ls /bin")).split("\n").sort()).toEqual(programs.split("\n").sort());
  expect(await output(node, "cd /bin; ls -l cat; echo ca?; test -f cat && test -d /bin/ && echo both; cd")).toMatch(
    /^file +\d+ {20}cat\ncat\nboth\n$/,
  );
  expect(await output(node, "ls /bin/none /bin/cat/x; cd /bin/cat; ls /bins")).toBe(
    "/bin/none: not found\n/bin/cat/x: not found\n/bin/cat: not a directory\n/bins: not mounted\n",
  );
  expect(await output(node, "echo x > /bin/new; rm /bin/cat; mkdir /bin/d")).toMatch(/^(\S+: read only\n){3}$/);
});

/** What `ls` says of a volume that holds these empty files, made in this order: the names of files in its order. */
async function listed(names: readonly string[]): Promise<string[]> {
  const disk = diskWith(new Map());
  const fs = mount(volumeOn(disk));
  for (const name of names) fs.create(`/${name}`);
  fs.sync();
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.waitFor(/on disk/);
  await output(node, "service stop network; umount /net; mount hda0 /a; ls /a > /a/.list; umount /a");
  const list = mount(volumeOn(disk), { readOnly: true }).read("/.list");
  return [
    ...Buffer.from(list)
      .toString()
      .matchAll(/^file +\d+ +([^.\n]+)$/gm),
  ].map(([, name]) => name!);
}

test("entries come by name, in the order of bytes", async () => {
  const names = ["zeta", "b", "Z", "a10", "a", "é", "a2", "_", "9"];
  expect(await listed(names)).toEqual(["9", "Z", "_", "a", "a10", "a2", "b", "zeta", "é"]);
});

thoroughly("of more entries than there is room for each part is by name, and none is missing", async () => {
  const names = Array.from({ length: 4000 }, (_, index) =>
    `${(index * 2741) % 4000}`.padStart(4, "0").padEnd(244, "x"),
  );
  const list = await listed(names);
  expect([...list].sort()).toEqual([...names].sort());
  expect(list.filter((name, index) => index > 0 && name < list[index - 1]!)).toHaveLength(1);
});
