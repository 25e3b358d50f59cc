/** The commands about files that are programs: what they print, how they end, and what they leave. */
import { describe, expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";
import { nodeWithVolume } from "./volume.ts";

async function withVolume(ramBytes: number): Promise<LabNode> {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const lab = boot({ nodes: [{ cdrom: images().iso, disk, ramBytes }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
  await node.enter("mount hda0 /a", PROMPT);
  return node;
}

/** Line, what it prints. */
const LINES: readonly (readonly [line: string, printed: string])[] = [
  ["echo some text > /a/x; seq 20 > /a/y; truncate /a/n 5; echo -n", "/a/n: not found\n"],
  ["touch /a/n; truncate /a/n 5", "/a/n has 5 bytes now.\n"],
  ["ls /a", `${[5, 10, 51].map((n, i) => `file ${String(n).padStart(26)}  ${"nxy"[i]}\n`).join("")}`],
  ["cat /a/n", `00000000 ${" 00".repeat(5)}${" ".repeat(33)}  |.....|\n`],
  // What goes elsewhere is copied as it is.
  ["cat /a/n > /a/copy; cat /a/n | wc; ls /a/copy", `      0       0       5\nfile ${"5".padStart(26)}  copy\n`],
  ["head -2 /a/y; tail -1 /a/y; seq 9 | tail -2", "1\n2\n20\n8\n9\n"],
  ["seq 20000 | tail -9999999 | head -1", "8894\n"], // 64 KiB of input are kept
  // Of a file the end is read, by blocks that end anywhere in a line, however much lies before it.
  [
    "seq 3000 > /a/b; tail -2 /a/b; tail -1500 /a/b | head -1; tail -3000 /a/b | head -1; tail -9999 /a/b | head -1",
    "2999\n3000\n1501\n1\n1\n",
  ],
  ["tail -0 /a/b; echo -n end >> /a/b; tail -2 /a/b; echo; tail /a/none; rm /a/b", "3000\nend\n/a/none: not found\n"],
  [
    "touch /a/far; truncate /a/far 5G; echo first >> /a/far; echo last >> /a/far; tail -1 /a/far; rm /a/far",
    "/a/far has 5368709120 bytes now.\nlast\n",
  ],
  // Columns do not run together, however long the numbers are.
  [
    "touch /a/w; truncate /a/w 10M; wc /a/w; wc -lc /a/w; rm /a/w",
    "/a/w has 10485760 bytes now.\n      0       0 10485760 /a/w\n      0 10485760 /a/w\n",
  ],
  ["wc /a/x /a/y", "      1       2      10 /a/x\n     20      20      51 /a/y\n"],
  [
    "wc -l /a/y; seq 5 | wc -l; wc -cw /a/x /a/y",
    "     20 /a/y\n      5\n      2      10 /a/x\n     20      51 /a/y\n",
  ],
  // What nobody knows as an option is neither made nor moved nor removed as a file.
  [
    "wc -x /a/y; touch -d /a/o; mkdir /a/o -m; rmdir -p /a/d; mv -f /a/x /a/o; rm /a/x -i; cp -i /a/x /a/o; ls /a/o",
    "usage: wc [-lwc] [PATH...]\nusage: touch PATH...\nusage: mkdir [-p] PATH...\nusage: rmdir PATH...\nusage: mv PATH... NEW\nusage: rm [-rf] PATH...\nusage: cp [-r] PATH... NEW\n/a/o: not found\n",
  ],
  ["grep 2 /a/y; grep t /a/x /a/y; echo $?", "2\n12\n20\n/a/x: some text\n0\n"],
  ["grep none /a/x; echo $?; grep s /a/x /a/none; echo $?", "1\n/a/x: some text\n/a/none: not found\n1\n"],
  ["mkdir /a/d /a/d/e && mv /a/copy /a/d && cp /a/d/copy /a/d/e; find /a/d", "/a/d/copy\n/a/d/e\n/a/d/e/copy\n"],
  ["find /a cop; du /a/d", "/a/d/copy\n/a/d/e/copy\n0 KiB in 2 files  /a/d\n"],
  [
    "rmdir /a/d; rm /a/d; rm -r /a/d /a/none; ls /a/d",
    "/a/d: directory is not empty\n/a/d: is a directory\n/a/none: not found\n/a/d: not found\n",
  ],
  [
    "cp /a/x /a/x; cat /a/x; cp /a/none /a/x; cat /a/x",
    "/a/x: exists already\nsome text\n/a/none: not found\nsome text\n",
  ],
  // The same file by another spelling is not harmed.
  [
    "cp /a/x /a/./x; echo $?; cat /a/x; cp /a/x /a/w; cp /a/y /a/w; wc /a/w; rm /a/w",
    "0\nsome text\n     20      20      51 /a/w\n",
  ],
  [
    "grep; echo $?; rm -r; /bin/head 1 2; seq 1x; cp /a/x",
    "usage: grep [-inv] TEXT [PATH...]\n2\nusage: rm [-rf] PATH...\nusage: head [-LINES] [PATH]\nusage: seq [FIRST] LAST\nusage: cp [-r] PATH... NEW\n",
  ],
  // Spellings of other systems.
  ["head -n 2 /a/y; tail -n 1 /a/y; tail -n2 /a/y; seq 5 | head -n 1", "1\n2\n20\n19\n20\n1\n"],
  [
    "seq 3 5; seq 5 3; seq 1 2 3; seq 4294967294 4294967295",
    "3\n4\n5\nusage: seq [FIRST] LAST\n4294967294\n4294967295\n",
  ],
  [
    "pipe seq 9 : wc; pipe /bin/seq 9 : none; time none; cd /a; time x; cd",
    "      9       9      18\nnone: not found\nnone: not found\nx: not found\n",
  ],
  ["head -n; head -n x /a/y; head -x", "usage: head [-LINES] [PATH]\n".repeat(3)],
  [
    "grep -i SOME /a/x; grep -n 19 /a/y; seq 12 | grep -vn 1; grep -iv TEXT /a/x; echo $?",
    "some text\n19: 19\n2: 2\n3: 3\n4: 4\n5: 5\n6: 6\n7: 7\n8: 8\n9: 9\n1\n",
  ],
  ["grep -x a /a/x; echo a-b | grep -; echo $?", "usage: grep [-inv] TEXT [PATH...]\na-b\n0\n"],
  [
    "mkdir -p /a/p/q//r /a/p/q; mkdir -p /a/x /a/x/y; mkdir -z; mkdir /a/p; find /a/p",
    "/a/x: exists already\n/a/x/y: not a directory\nusage: mkdir [-p] PATH...\n/a/p: exists already\n/a/p/q\n/a/p/q/r\n",
  ],
  // What cannot be removed itself, as where a mount begins, keeps what is in it.
  [
    "mkdir /a/r; touch /a/r/x; rm -r /a; cd /a; rm -r .; cd r; rm -r ..; cd; rm -r /a/ /a/. /a/r/..; rm -r /; find /a/r; rm -r /a/r",
    `${["/a", ".", "..", "/a/", "/a/.", "/a/r/.."].map((path) => `${path}: invalid argument\n`).join("")}/: not mounted\n/a/r/x\n`,
  ],
  [
    "rm -r /bin; rmdir /bin/; mkdir /bin; touch /bin; echo x > /bin; mv /bin /a; cat /bin; cat < /bin/; hexdump /binary",
    `${["", "/", "", "", "", ""].map((slash) => `/bin${slash}: read only\n`).join("")}/bin: is a directory\n/bin/: is a directory\n/binary: not mounted\n`,
  ],
  [
    "rm -f /a/none && rm -rf /a/none /a/p && rm -f -r /a/p && ls /a/p; cd /a; du; cd",
    "/a/p: not found\n0 KiB in 3 files  .\n",
  ],
  ["echo -n a; /bin/echo --n b c; echo d -n; /bin/echo --nn; echo -; /bin/echo -n; /bin/echo", "ab cd -n\n--nn\n-\n\n"],
  // Sizes that programs of 32 bits cannot say in a register.
  [
    "touch /a/h; truncate /a/h 5G; ls /a/h; truncate /a/h 4294967297; truncate /a/h 2K; truncate /a/h 1M; ls /a/h; rm /a/h",
    `/a/h has 5368709120 bytes now.\nfile ${"5120Mi".padStart(26)}  h\n/a/h has 4294967297 bytes now.\n/a/h has 2048 bytes now.\n/a/h has 1048576 bytes now.\nfile ${"1048576".padStart(26)}  h\n`,
  ],
  [
    "truncate /a/x 5T; truncate /a/x K; truncate /a/x 1KK; truncate /a/x ''; truncate /a/x 18446744073709551616; truncate /a/x 17179869184G; truncate /a/x 18446744073709551615",
    `${"usage: truncate PATH BYTES\n".repeat(6)}/a/x: invalid argument\n`,
  ],
  // Several, to a directory.
  [
    "mkdir /a/p /a/q /a/q/r; cp /a/x /a/none /a/q /a/y /a/p; echo $?; find /a/p; mv /a/p/x /a/p/y /a/q/r; find /a/q",
    "/a/none: not found\n/a/q: is a directory\n1\n/a/p/x\n/a/p/y\n/a/q/r\n/a/q/r/x\n/a/q/r/y\n",
  ],
  // What is not whole yet takes no name of the user's, and errors are about the file that is to blame.
  [
    "echo mine > /a/x.part; cp /a/y /a/x.new; cp /a/x /a/x2; cp -r /a /a/q; cat /a/q/a/x.part; cat /a/x.part; rm -r /a/q/a /a/x.part /a/x.new /a/x2",
    "mine\nmine\n",
  ],
  [
    "cd /a; cp /bin/hello w; mv /bin/hello w; cat /bin/hello; rm /bin/hello; cp x /bin; touch /bin/w; cat /bin/none; cd",
    "/bin/hello: not supported\n/bin/hello: read only\n/bin/hello: not supported\n/bin/hello: read only\n/bin/x: read only\n/bin/w: read only\n/bin/none: not found\n",
  ],
  [
    "mkdir /a/q/x /a/q/x/y; cp /a/x /a/q; mv /a/x /a/q; mv /a/x /none/x; mv /a/none /a/q; mv /a/q/x /a/x; rmdir /a/q/x/y /a/q/x",
    "/a/q/x: is a directory\n/a/q/x: is a directory\n/none/x: not mounted\n/a/none: not found\n/a/x: not a directory\n",
  ],
  // More errors than a program has handles.
  [
    'mkdir /a/q/x; set l = /a/x; for i in 1 2 3 4; do set l = "$l $l"; done; cp $l $l $l /a/y /a/q | wc; ls /a/q/y; rmdir /a/q/x; rm /a/q/y; unset l',
    `${"/a/q/x: is a directory\n".repeat(48)}      0       0       0\nfile ${"51".padStart(26)}  y\n`,
  ],
  [
    "cp /a/x /a/y /a/none; cp /a/x /a/y /a/x; mv /a/q/r/ /a/p; mv /a/p/r/ /a/q//; find /a/p; find /a/q",
    "/a/none: not found\n/a/x: not a directory\n/a/q/r\n/a/q/r/x\n/a/q/r/y\n",
  ],
  // Directories with all that is in them; below themselves, too.
  [
    "cp -r /a/q /a/p; cp -r /a/q/r /a/q/r/s; cp -r /a/q/ /a/new/; find /a/p; find /a/new",
    "/a/p/q\n/a/p/q/r\n/a/p/q/r/x\n/a/p/q/r/y\n/a/new/r\n/a/new/r/s\n/a/new/r/s/x\n/a/new/r/s/y\n/a/new/r/x\n/a/new/r/y\n",
  ],
  [
    "cd /a/p; cp -r . q; cd; find /a/p; cat /a/p/q/q/r/x; cp -r /a/x /a/p; rm -r /a/p/q; find /a/p",
    "/a/p/q\n/a/p/q/r\n/a/p/q/r/x\n/a/p/q/r/y\n/a/p/q/q\n/a/p/q/q/r\n/a/p/q/q/r/x\n/a/p/q/q/r/y\nsome text\n/a/p/x\n",
  ],
  [
    "cp -r /a/q /a/x; cp -r /a/none /a/p; cp -r /a/q /none/q; cp -x /a/x /a/p; cp -r /a/x; rm -r /a/p /a/q /a/new",
    "/a/x: exists already\n/a/none: not found\n/none/q: not mounted\nusage: cp [-r] PATH... NEW\nusage: cp [-r] PATH... NEW\n",
  ],
  ["cat /a/x | grep some | cat > /a/z; cat < /a/z; rm /a/z /a/n", "some text\n"],
  [
    "cd /a; ls; cp x w; mv w ../a/v; cat ./v; rm v; cd",
    `file ${"10".padStart(26)}  x\nfile ${"51".padStart(26)}  y\nsome text\n`,
  ],
];

describe("programs for files", () => {
  test("print what is asked for, and say what is wrong", async () => {
    const node = await withVolume(32 << 20);
    const before = await output(node, "handles");
    for (const [line, printed] of LINES) expect(await output(node, line), line).toBe(printed);
    expect(await output(node, "handles")).toBe(before);
    // How long something took is not among what it prints.
    expect(await output(node, "time seq 2 | wc -l")).toMatch(/^( +2\n)?\d+ ms, status 0\n( +2\n)?$/);
    expect(await output(node, "help tail")).toMatch(
      /^usage: tail \[-f\] \[-LINES\] \[PATH\]\nshow the end of a file\ntail -20 PATH/,
    );
  });

  thoroughly("take few instructions for a byte", async () => {
    const bytes = 1 << 20;
    const lab = await nodeWithVolume([`touch /a/w; truncate /a/w ${bytes}`], { isAlone: true });
    const perByte = async (line: string): Promise<number> => {
      const before = lab.instructions;
      await output(lab.nodes[0]!, line);
      return (lab.instructions - before) / bytes;
    };
    const alone = await perByte("wc /a/w");
    expect(alone).toBeLessThan(12);
    expect((await perByte("cat /a/w | cat | cat | wc")) - alone).toBeLessThan(3 * 2);
    expect(await perByte("hexdump /a/w | wc -c")).toBeLessThan(70);
  });

  thoroughly("make a file or none where no space is left, and say which", async () => {
    const node = await withVolume(32 << 20);
    await output(node, "seq 900000 > /a/large; seq 2000 > /a/more");
    expect(await output(node, "touch /a/new; echo $?; ls /a/new; touch /a/large; echo $?")).toBe(
      `0\nfile ${"0".padStart(26)}  new\n0\n`,
    );
    expect(await output(node, "cp /a/large /a/copy; echo $?; ls /a/copy; find /a part")).toBe(
      "/a/copy: no space left\n1\n/a/copy: not found\n",
    );
  });

  thoroughly("go down as far as names lead", async () => {
    const node = await withVolume(32 << 20);
    const name = "twenty-characters-xy";
    const path = (depth: number): string => `/a${`/${name}`.repeat(depth)}`;
    for (let depth = 1; depth <= 15; depth++) await output(node, `mkdir ${path(depth)}`);
    await output(node, `echo deep > ${path(15)}/file`);
    expect(await output(node, `cp ${path(15)}/file /a/up; cat /a/up`)).toBe("deep\n");
    expect(await output(node, "find /a file")).toBe(`${path(15)}/file\n`);
    expect(await output(node, "rm -r /a/twenty*; find /a")).toBe("/a/up\n");
  });

  thoroughly("run with 5 MiB of memory", async () => {
    const node = await withVolume(5 << 20);
    expect(await output(node, "seq 3000 > /a/x; cp /a/x /a/y; cat /a/y | grep 99 | wc; ls /a | tail -1")).toBe(
      `     57      57     265\nfile ${"13893".padStart(26)}  y\n`,
    );
  });
});

test("a program reads the console until Ctrl-D in an empty line", async () => {
  const node = await withVolume(32 << 20);
  node.type("cat > /a/typed; wc\n");
  node.type("one rox\bw\ntwo\n\x04");
  node.type("three\nfo\x04ur\n\x04");
  await node.waitFor(/^ {6}2 {7}2 {6}11$/m);
  await node.waitFor(PROMPT);
  expect(await output(node, "cat /a/typed")).toBe("one row\ntwo\n");
});
