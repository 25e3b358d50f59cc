/**
 * What the kernel says when it refuses something about files and mounts: each refusal has its own reason, on every kind
 * of file system the same one, and leaves everything as it was.
 */
import { expect, test } from "vitest";
import { formatFat } from "../../src/disk/fat/index.ts";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { boot, images, isoWith, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { partitioned } from "./recording-disk.ts";

const MIB = 1 << 20;
/** Of asm/include/errors.inc. */
const ERROR_BUSY = 7;

/** A machine with an empty OOFS on hda0, a FAT on hdb, its CD in hdc, and nothing on vda to vdh. */
async function machine(cdrom = images().iso): Promise<LabNode> {
  const fat = new SparseDisk(3 * MIB);
  formatFat(fat, "fat12", { id: 7 });
  const disk = new SparseDisk(12 * MIB, { content: partitioned() });
  const virtioDisks = [new SparseDisk(MIB)];
  const drives = [{ kind: "disk" as const, medium: fat }];
  const lab = boot({ nodes: [{ cdrom, disk, drives, virtioDisks, bootOrder: "d" }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await lab.advance("100ms");
  await output(node, "service stop network");
  expect(await output(node, "mkfs -t oofs hda0")).toMatch(/^hda0 now holds an empty oofs of /);
  return node;
}

/** What is typed, and what is said then. */
type Row = readonly [command: string, says: string];

/** Types the commands one after the other. */
async function expectRows(node: LabNode, rows: readonly Row[]): Promise<void> {
  for (const [command, says] of rows) expect(await output(node, command), command).toBe(says === "" ? "" : `${says}\n`);
}

const cannot = (place: string, why: string): Row => [
  `mount ${place.replace(" at", "")}`,
  `Cannot mount ${place}: ${why}`,
];
const LONGEST_PLACE = `/${"x".repeat(62)}`;
const MOUNTS: readonly Row[] = [
  ["mount hda0 /a && mount hdb /a/b && mount hdc /a/b/c", ""],
  cannot("hda0 at /other", "in use"),
  cannot("vda at /a", "something is mounted there already"),
  cannot("hdx at /x", "no such device"),
  cannot("vda at /x", "blank: mkfs makes a file system"),
  cannot("vda at x", "invalid argument"),
  cannot("vda at /", "invalid argument"),
  cannot("vda at /x/", "invalid argument"),
  cannot("vda at /x//y", "invalid argument"),
  ["mount vda '/x y'", "Cannot mount vda at /x y: invalid argument"],
  ["mount vda '/x/ y'", "Cannot mount vda at /x/ y: invalid argument"],
  cannot(`vda at ${LONGEST_PLACE}`, "blank: mkfs makes a file system"),
  cannot(`vda at ${LONGEST_PLACE}x`, "too long"),
  ["mount -t none vda /x", "There is no file system type none."],
  ["mkfs -t none hda0", "There is no file system type none."],
  ["mkfs -t oofs hda0", "hda0 is mounted at /a. Unmount it first."],
  ["mkfs hda0", "hda0 is mounted at /a. Unmount it first."],
  ["mkfs -t fat vda", "vda is a whole drive: mkfs takes a partition, such as vda0."],
  ["umount /none", "Cannot unmount /none: not mounted"],
  ["umount -f /none", "Cannot unmount /none: not mounted"],
  ["umount /a/none", "Cannot unmount /a/none: not mounted"],
  ["umount /a", "Cannot unmount /a: something is mounted below it."],
  ["umount /a/b", "Cannot unmount /a/b: something is mounted below it."],
  ["mv /a/none /a/b/none", "/a/none: not found"],
  ["mv /a/b /a/c", "/a/b: in use"],
  ["df /none", "/none: not mounted"],
  ["fsck /none", "/none: not mounted"],
  ["snapshot list /none", "/none: not mounted"],
  ["cat /none/file", "/none/file: not mounted"],
  ["ls /none", "/none: not mounted"],
  ["mkdir /none/x", "/none/x: not mounted"],
  [
    "ls /",
    "hda0                          0  a/\nhdb                           0  a/b/\nhdc                           0  a/b/c/",
  ],
  ["umount /a/b/c", ""],
  ["umount /a/b", ""],
  ["ls /a", ""],
  ["umount /a", ""],
  ["mount", "Nothing is mounted."],
];

const LONG = "n".repeat(250);
/** On a file system at /v. */
const CHANGES: readonly Row[] = [
  ["mkdir /v/d && mkdir /v/d/e && echo word > /v/file && echo other > /v/d/other && echo third > /v/d/e/third", ""],
  ["cat /v/none", "/v/none: not found"],
  ["cat /v/none/x", "/v/none/x: not found"],
  ["cat /v/file/x", "/v/file/x: not a directory"],
  ["cat /v/d", "/v/d: is a directory"],
  ["cat /v", "/v: is a directory"],
  ["ls /v/none", "/v/none: not found"],
  ["ls /v/file/x", "/v/file/x: not a directory"],
  ["echo x > /v/d", "/v/d: is a directory"],
  ["echo x > /v/file/x", "/v/file/x: not a directory"],
  ["echo x > /v/none/x", "/v/none/x: not found"],
  ["touch /v", "/v: is a directory"],
  [
    "touch /v/file/. /v/file/ /v/new/",
    "/v/file/.: not a directory\n/v/file/: not a directory\n/v/new/: is a directory",
  ],
  ["cat /v/file/ /v/d/.", "/v/file/: not a directory\n/v/d/.: is a directory"],
  ["rm /v/file/ /v/d/ /v/none/", "/v/file/: not a directory\n/v/d/: is a directory\n/v/none/: not found"],
  ["mv /v/file /v/new/ ; mv /v/file/ /v/new", "/v/new/: not a directory\n/v/file/: not a directory"],
  ["echo x > /v/..x && mv /v/..x /v/.y && cat /v/.y && rm /v/.y", "x"],
  [`touch /v/${LONG}nnnnnn`, `/v/${LONG}nnnnnn: too long`],
  ["truncate /v/none 5", "/v/none: not found"],
  ["truncate /v/d 5", "/v/d: is a directory"],
  ["mkdir /v/d", "/v/d: exists already"],
  ["mkdir /v/file", "/v/file: exists already"],
  ["mkdir /v/file/x", "/v/file/x: not a directory"],
  ["mkdir /v/none/x", "/v/none/x: not found"],
  [`mkdir /v/${LONG}nnnnnn`, `/v/${LONG}nnnnnn: too long`],
  ["rm /v/none", "/v/none: not found"],
  ["rm /v/d", "/v/d: is a directory"],
  ["rm /v/file/x", "/v/file/x: not a directory"],
  ["rmdir /v/d", "/v/d: directory is not empty"],
  ["rmdir /v/file", "/v/file: not a directory"],
  ["rmdir /v/none", "/v/none: not found"],
  ["mv /v/none /v/x", "/v/none: not found"],
  ["mv /v/file /v/none/x", "/v/none/x: not found"],
  ["mv /v/file /v/file/x", "/v/file/x: not a directory"],
  ["mv /v/file /v/d/other/x", "/v/d/other/x: not a directory"],
  ["mv /v/d /v/file", "/v/file: not a directory"],
  ["mv /v/d /v/d/e", "/v/d/e/d: invalid argument"],
  ["mv /v/d /v/d/e/x", "/v/d/e/x: invalid argument"],
  ["mv /v/d /v/d", "/v/d/d: invalid argument"],
  ["mv /v/file /v/file", ""],
  ["cp /v/d /v/x", "/v/d: is a directory"],
  ["cp /v/none /v/x", "/v/none: not found"],
  ["cp /v/file /v/none/x; cp /v/file /w/x", "/v/none/x: not found\n/w/x: not mounted"],
  ["cp /v/file /v/file", "/v/file: exists already"],
  ["mkdir /v/d/file && mv /v/file /v/d", "/v/d/file: is a directory"],
  ["mkdir /v/x && mkdir /v/d/x && echo 1 > /v/d/x/y && mv /v/x /v/d", "/v/d/x: directory is not empty"],
  ["rm /v/d/x/y && mv /v/x /v/d && rmdir /v/d/x /v/d/file && ls /v/x", "/v/x: not found"],
  // Nothing of all that has changed anything, and what may be done is done.
  ["cat /v/file /v/d/other /v/d/e/third", "word\nother\nthird"],
  ["find /v/d | wc", "      3       3      31"],
  ["touch /v/d/one && rm /v/d/none /v/d/one", "/v/d/none: not found"],
  ["ls /v/d/one", "/v/d/one: not found"],
  [`touch /v/${LONG}`, ""],
  [`rm /v/${LONG}`, ""],
  [`cat /v/${LONG}`, `/v/${LONG}: not found`],
  ["mv /v/d/other /v && cat /v/other && rm -r /v/d && find /v/d", "other\n/v/d: not found"],
];

/** On one that is only read, at /v. */
const READ_ONLY: readonly Row[] = [
  ...["echo x > /v/x", "touch /v/x", "mkdir /v/x", "rm /v/x", "rmdir /v/x", "truncate /v/x 4"].map(
    (command): Row => [command, "/v/x: read only"],
  ),
  ["mv /v/x /v/y", "/v/x: read only"],
  ["mkdir /v", "/v: read only"],
  ["sync", ""],
];
/** There nobody has made a snapshot. */
const NO_SNAPSHOTS = ["snapshot create /v x", "snapshot list /v", "snapshot restore /v x", "fsck /v", "scrub /v"];

test("what is refused about snapshots says why", async () => {
  const node = await machine();
  const invalid = ["''", `'${"s".repeat(64)}'`, "a/b"].map(
    (name): Row => [`snapshot create /v ${name}`, "/v: invalid argument"],
  );
  await expectRows(node, [
    ["mount hda0 /v", ""],
    ["snapshot list /v", "There are no snapshots."],
    ["echo x > /v/... && cat /v/... && rm /v/...", "x"],
    ...invalid,
    ["snapshot restore /v none", "none: not found"],
    ["snapshot remove hda0 none", "none: not found"],
    [`snapshot create /v ${"s".repeat(63)}`, ""],
    [`snapshot create /v ${"s".repeat(63)}`, `${"s".repeat(63)}: exists already`],
    [`snapshot remove /v ${"s".repeat(63)}`, ""],
    ["umount /v", ""],
    ["mount -r hda0 /v", ""],
    ["snapshot create /v x", "/v: read only"],
    ["snapshot restore /v x", "/v: read only"],
    ["snapshot remove /v x", "/v: read only"],
  ]);
});

describeThoroughly("what is refused says why, and changes nothing:", () => {
  test("mounts and places", async () => {
    const node = await machine();
    await expectRows(node, MOUNTS);
    await expectRows(node, [["mount hda0 /a && mount hdb /a/b", ""]]);
    for (const [path, volume] of [
      ["/a", "hda0"],
      ["/a/b", "hdb"],
    ] as const)
      expect(await output(node, `df ${path}`)).toMatch(new RegExp(`\\n${volume} .* ${path}\\n$`));
  });

  test.each([
    ["oofs", "hda0", "invalid argument"],
    ["fat", "hdb", "exists already"],
  ])("files and directories on %s", async (_type, volume, root) => {
    const node = await machine();
    await expectRows(node, [[`mount ${volume} /v`, ""], ["mkdir /v", `/v: ${root}`], ...CHANGES]);
    for (const command of ["rm", "rmdir"])
      expect(await output(node, `${command} /v`)).toMatch(/^\/v: (invalid argument|is a directory|in use)\n$/);
    await expectRows(node, [["umount /v", ""], [`mount -r ${volume} /v`, ""], ...READ_ONLY, ["cat /v/file", "word"]]);
    await expectRows(node, [["truncate /v/file 3", "/v/file: read only"]]);
  });

  test("what somebody uses", async () => {
    const node = await machine();
    await expectRows(node, [["mount hda0 /v && snapshot create /v s", ""]]);
    await node.enter("sleep 600 > /v/held &", PROMPT);
    await expectRows(node, [
      ["snapshot restore /v s", "/v: sleep uses it; end that first"],
      ["umount /v", "Cannot unmount /v: sleep uses it. umount -f takes it away."],
      ["cat /v/held", ""],
      ["umount -f /v", ""],
      ["mount", "Nothing is mounted."],
      ["mount hda0 /v && snapshot restore /v s", ""],
      ["cat /v/held", "/v/held: not found"],
      ["umount /v", ""],
    ]);
  });

  test("what something uses, with its name: one of many programs, or the shell", async () => {
    const node = await machine();
    const used = (by: string): Row => ["umount /v", `Cannot unmount /v: ${by} uses it. umount -f takes it away.`];
    await expectRows(node, [
      ["mount hda0 /v && mount hdb /w && echo text > /v/text && echo umount /v > /v/script", ""],
      ["shell /v/script", used("shell")[1]],
    ]);
    for (const line of ["sleep 500 | wc &", "sleep 500 | grep x > /v/out &", "sleep 500 | cat > /w/out &"])
      await node.enter(line, PROMPT);
    await expectRows(node, [used("grep")]);
    await node.enter("kill %2", PROMPT);
    await node.enter("umount /v && echo gone", /^gone$/m);
  });

  test("the name of an open file, on FAT; on OOFS the file stays for those who have it open", async () => {
    const node = await machine(await isoWith("tests/guest/programs/removed.s", "asm/programs/removed.s"));
    const bytes = "81920 bytes are as they were";
    await expectRows(node, [
      ["mount hda0 /v && removed /v/one /v/two", `0 ${bytes}`],
      ["find /v && fsck /v && umount /v", "/v/two\n/v: no problem was found"],
      ["mount hdb /v && removed /v/one /v/two", `-${ERROR_BUSY} ${bytes}`],
      ["find /v && rm /v/one && find /v && umount /v", "/v/one\n/v/two\n/v/two"],
    ]);
  });

  test("the room of a file without a name, as long as somebody has it open", async () => {
    const node = await machine(await isoWith("tests/guest/programs/removed.s", "asm/programs/removed.s"));
    await output(node, "mount hda0 /v; touch /v/more; removed /v/one /v/two; sync");
    const free = await output(node, "df /v");
    // Whoever takes a name away frees what is left of others.
    await output(node, "rm /v/more; sync");
    expect(await output(node, "df /v")).toBe(free);
  });

  test("a CD", async () => {
    const node = await machine();
    const none = NO_SNAPSHOTS.map((command): Row => [command, "/v: not supported"]);
    await expectRows(node, [
      ["mount hdc /v", ""],
      ...READ_ONLY,
      ...none,
      ["cat /v/none", "/v/none: not found"],
      ["cat /v/boot/qure.img/x", "/v/boot/qure.img/x: not a directory"],
      ["cat /v", "/v: is a directory"],
      ["find /v", "/v/boot\n/v/boot/boot.cat\n/v/boot/qure.img"],
      ["umount /v", ""],
      ["mount hdb /v", ""],
      ...none,
    ]);
  });
});
