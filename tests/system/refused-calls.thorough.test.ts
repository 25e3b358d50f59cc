/**
 * Each system call of programs fails once. Afterwards handles, memory and tasks are what they were, the status is 0
 * only where all was done, nothing of the user's is lost, and nothing is left behind.
 */
import { expect, test } from "vitest";
import { checkFat, formatFat } from "../../src/disk/fat/index.ts";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, isoWith, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";

const NONE = /^callfail: no call has failed$/m;
const MOST = 400;

interface Row {
  readonly command: string;
  /** Shows what the command has done. */
  readonly shows?: string;
  /** Makes it possible again. */
  readonly after?: string;
  /** What it prints is another thing each time. */
  readonly varies?: true;
  /** Of several programs the status is that of the last. */
  readonly joined?: true;
  /** So many calls are tried at most. */
  readonly most?: number;
}

/** What the user has, before and after. */
const FILES = "cat /a/text /a/text.part /a/d/one /a/d/e/two /a/d/text.new; find /a; find /b";
const PREPARED = [
  "seq 300 > /a/text; echo mine > /a/text.part; mkdir -p /a/d/e; echo 1 > /a/d/one; echo 2 > /a/d/e/two",
  "mkdir /a/x; echo packed > /a/x/f; tar cf /b/d.tar /a/x; rm -r /a/x",
  "echo new > /a/d/text.new; sync",
];

const ROWS: readonly Row[] = [
  { command: "cp /a/text /a/d/text", shows: "wc /a/d/text", after: "rm -f /a/d/text" },
  { command: "cp /a/text.part /a/d/text.new", shows: "cat /a/d/text.new", after: "echo new > /a/d/text.new" },
  { command: "cp /a/text /a/d/one /a/d/e", shows: "wc /a/d/e/text /a/d/e/one", after: "rm -f /a/d/e/text /a/d/e/one" },
  { command: "cp -r /a/d /a/c", shows: "find /a/c; cat /a/c/e/two /a/c/text.new /a/c/one", after: "rm -rf /a/c" },
  { command: "mv /a/text /a/moved", shows: "wc /a/moved", after: "test -f /a/text || mv /a/moved /a/text" },
  { command: "mv /a/text /b", shows: "wc /b/text; ls /a/text", after: "mv /b/text /a/text; rm -f /b/text" },
  {
    command: "mv /a/d /b",
    shows: "find /b; cat /b/d/one /b/d/e/two; ls /a/d",
    // Where both are there, the copy is whole.
    after: "test -d /b/d && rm -rf /a/d; test -d /b/d && mv /b/d /a/d",
  },
  { command: "rm /a/text", shows: "ls /a/text", after: "seq 300 > /a/text" },
  { command: "rm -r /a/d/e", shows: "find /a/d", after: "mkdir -p /a/d/e; echo 2 > /a/d/e/two" },
  { command: "mkdir -p /a/m/n/o", shows: "find /a/m", after: "rm -rf /a/m" },
  { command: "mkdir /a/m", shows: "ls -d /a/m; find /a/m", after: "rm -rf /a/m" },
  { command: "rmdir /a/m", shows: "ls /a/m", after: "mkdir -p /a/m; rmdir /a/m; mkdir /a/m" },
  { command: "touch /a/t", shows: "find /a t", after: "rm -f /a/t" },
  { command: "truncate /a/d/one 5", shows: "hexdump /a/d/one", after: "echo 1 > /a/d/one" },
  { command: "tee /a/t < /a/text > /a/o", shows: "wc /a/t /a/o", after: "rm -f /a/t /a/o" },
  { command: "ls /a/d" },
  { command: "find /a" },
  { command: "du /a" },
  { command: "df", varies: true },
  { command: "sync" },
  { command: "cat /a/text /a/d/one" },
  { command: "cat /a/text | cat | wc", joined: true },
  { command: "head -2 /a/text" },
  { command: "tail -2 /a/text" },
  { command: "grep 29 /a/text" },
  { command: "wc /a/text /a/d/one" },
  { command: "hexdump /a/d/one" },
  { command: "more < /a/d/one" },
  { command: "/bin/echo some words" },
  { command: "seq 1000 1020" },
  { command: "sleep 10" },
  { command: "sort -rn /a/text" },
  { command: "sort -u /a/d/one /a/d/e/two > /a/o", shows: "cat /a/o", after: "rm -f /a/o" },
  { command: "uniq -c /a/text.part" },
  { command: "cut -c 1-2 /a/text" },
  { command: "tr 0-9 a-j < /a/d/one" },
  { command: "sed -n '$p' /a/text" },
  { command: "cmp /a/d/one /a/d/one" },
  { command: "diff /a/text /a/text" },
  { command: "sha256sum /a/text /a/d/one" },
  { command: "echo 1 2 3 | xargs -n 1 seq > /a/o", shows: "cat /a/o", after: "rm -f /a/o", joined: true },
  { command: "tar cf /a/o /a/d", shows: "tar tf /a/o", after: "rm -f /a/o" },
  { command: "tar tf /b/d.tar" },
  { command: "tar xf /b/d.tar", shows: "find /a/x; cat /a/x/f", after: "rm -rf /a/x" },
  { command: "pipe seq 20 : wc", joined: true },
  { command: "time hello", varies: true },
  { command: "primes 100" },
  { command: "threads", varies: true, most: 40 },
  { command: "hello" },
];

async function machine(): Promise<{ node: LabNode; fat: SparseDisk }> {
  const iso = await isoWith("tests/guest/programs/refused-calls.s", "asm/kernel/refused-calls-test.s");
  const fat = new SparseDisk(2 << 20);
  formatFat(fat, "fat12", { id: 7 });
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const drives = [{ kind: "disk" as const, medium: fat }];
  const lab = boot({ nodes: [{ cdrom: iso, disk, drives, bootOrder: "d" }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await output(node, "service stop network");
  await output(node, "mkfs -t oofs hda0; mount hda0 /a; mount hdb /b");
  for (const line of PREPARED) await output(node, line);
  return { node, fat };
}

/** What is open, who runs, and who has memory but for the lines that were typed. */
async function belongings(node: LabNode): Promise<string> {
  const leaks = (await output(node, "mem leaks")).split("\n").filter((line) => !/history_add/.test(line));
  const handles = (await output(node, "handles")).replace(/^[0-9a-f]{8} /gm, "");
  const tasks = (await output(node, "ps")).replace(/\d+/g, "N").replace(/ +/g, " ");
  return [...leaks, handles, tasks].join("\n");
}

/** What is printed by parts of a line that are asked for together. */
async function outputs(node: LabNode, lines: readonly string[]): Promise<readonly string[]> {
  return (await output(node, lines.join("; echo; echo ==; "))).split("\n==\n");
}

async function failEach(node: LabNode, row: Row): Promise<void> {
  const { command, shows = "true", after = "true", varies, joined, most = MOST } = row;
  await output(node, after);
  const [files, did, shown] = await outputs(node, [FILES, `${command}; set status = $?`, shows, after]);
  await output(node, "mem mark");
  const before = await belongings(node);
  let failures = 0;
  for (let number = 1; number < most; number++) {
    const parts = [`callfail ${number}; ${command}; set status = $?`, "echo $status; callfail", shows, after, FILES];
    const [printed, said, showing, , left] = await outputs(node, parts);
    const where = `${command}, call ${number}: ${printed}${said}${showing}`;
    if (said!.startsWith("0\n") && !joined) {
      expect(showing, where).toBe(shown);
      if (!varies) expect(printed, where).toBe(did);
    }
    expect(left, where).toBe(files);
    if (NONE.test(said!)) break;
    failures++;
  }
  expect(failures).toBeGreaterThan(0);
  await output(node, "sync; sleep 100");
  expect(await belongings(node)).toBe(before);
}

test.each(rowsOf(ROWS, [0, 9]).map((row) => [row.command, row] as const))(
  "each call of `%s`",
  async (_command, row) => {
    const { node, fat } = await machine();
    await failEach(node, row);
    await output(node, "umount /b; umount /a");
    expect(checkFat(fat).problems).toEqual([]);
  },
);
