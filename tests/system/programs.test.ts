/**
 * Programs in ring 3: what they can do, what they cannot, and that whatever they did is undone when they have ended.
 * The same on the interpreter, with compiled code, and in QEMU.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { oracle } from "../oracle.ts";
import { describeAtLength, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { cProgram } from "./c-program.ts";
import { boot, images, inState, isoWith, isoWithProgram, PROMPT, root } from "./images.ts";
import { inQemu } from "./in-qemu.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

const gcc = oracle("gcc");
const qemu = oracle("qemu-system-i386");

async function atPrompt(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lab = await inState("prompt of programs", async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso }] });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    return booted;
  });
  return { lab, node: lab.nodes[0]! };
}

/** What programs may leave behind: nothing. */
async function belongings(node: LabNode): Promise<string> {
  const memory = await output(node, "mem");
  return `${memory.replace(/heap .* blocks.*\n/, "")}${await output(node, "handles")}`;
}

/** Command, what it prints. */
const PROGRAMS: readonly (readonly [command: string, printed: RegExp])[] = [
  ["hello", /^Hello from ring 3\.\n$/],
  ["/bin/echo one 'two three'", /^one two three\n$/],
  ["env", /^$/],
  ["seq 3", /^1\n2\n3\n$/],
  ["primes 10000", /^1229\n$/],
  ["pipe /bin/seq 1200 : /bin/wc", /^ {3}1200 {4}1200 {4}4893\n$/],
  ["pipe /bin/seq 100000 : /bin/head", /^1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n$/],
  ["time /bin/sleep 100", /^1[1-9]0 ms, status 0\n$/],
  ["time /bin/fault divide", /divide error, eip [0-9a-f]{8}, fault\.s:\d+\n\d+ ms, status 128\n$/],
  ["threads", /^4000\n$/],
  ["/bin/none", /^\/bin\/none: unknown command; help lists the commands\n$/],
];

/** Word for `fault`, what is said of it. */
const FAULTS: readonly (readonly [word: string, sentence: RegExp])[] = [
  ["", /page fault, write at 00000000/],
  ["kernel", /page fault, read at c0100000/],
  ["port", /general protection fault/],
  ["divide", /divide error/],
  ["halt", /general protection fault/],
  ["stack", /page fault, write at bfef[0-9a-f]{4}/],
];

describe("programs", () => {
  test("do what they should, and leave nothing behind", async () => {
    const { node } = await atPrompt();
    await output(node, "hello");
    const before = await belongings(node);
    for (const [command, printed] of rowsOf(PROGRAMS, 8)) expect(await output(node, command), command).toMatch(printed);
    expect(await belongings(node)).toBe(before);
  });

  test("that fault are ended with a sentence, and harm nobody", async () => {
    const { node } = await atPrompt();
    const before = await belongings(node);
    for (const [word, sentence] of FAULTS) {
      const printed = await output(node, `fault ${word}`);
      expect(printed).toMatch(/^fault \(task \d+\) has ended: .*, eip [0-9a-f]{8}, fault\.s:\d+\n$/);
      expect(printed).toMatch(sentence);
    }
    expect(await belongings(node)).toBe(before);
  });

  thoroughly("that want more memory than there is are ended, and give back what they had", async () => {
    const { node } = await atPrompt();
    const before = await belongings(node);
    expect(await output(node, "primes 100000000")).toMatch(
      /^primes \(task \d+\) has ended: page fault, write at [0-9a-f]{8}, eip [0-9a-f]{8}, primes\.s:\d+: out of memory\n$/,
    );
    expect(await belongings(node)).toBe(before);
  });

  test("run beside the shell, are listed, get less of the processor, and are killed", async () => {
    const { node } = await atPrompt();
    const before = await belongings(node);
    await output(node, "sleep 100000 &");
    await output(node, "primes 1000000000 &");
    expect(await output(node, "ps")).toMatch(/ sleep\n[\s\S]* primes\n/);
    const id = /^ *(\d+) .* primes$/m.exec(node.console.text)![1]!;
    expect(await output(node, `nice 2 ${id}`)).toBe("");
    expect(await output(node, "kill primes sleep")).toBe("");
    await node.enter("sleep 50", PROMPT);
    expect(await output(node, "ps")).not.toMatch(/primes|sleep/);
    expect(await output(node, `kill 9999 ${id} %9 none`)).toBe(
      `kill: there is no task 9999\nkill: there is no task ${id}\nkill: there is no job %9\nkill: there is no task none\n`,
    );
    expect(await output(node, "wait shell")).toBe("wait: shell is the one that would do it\n");
    expect(await belongings(node)).toBe(before);
  });

  test("of the kernel are not killed when nothing would start them again", async () => {
    const { node } = await atPrompt();
    const names = ["sync", "idle", "'power button'", "shell"];
    expect(await output(node, `kill ${names.join(" ")}; echo $?`)).toBe(
      `${names
        .map(
          (name) =>
            `kill: ${name.replaceAll("'", "")} is the task that would do it, or one that nothing would start again\n`,
        )
        .join("")}1\n`,
    );
    expect(await output(node, "ps")).toMatch(/ idle\n[\s\S]* sync\n[\s\S]* power button\n/);
  });

  thoroughly("have their memory counted, with the most that it was, until it has gone back", async () => {
    const { node } = await atPrompt();
    const rows = async (): Promise<Map<string, readonly number[]>> => {
      const table = (await output(node, "mem owners")).matchAll(/^ *(\d+) +(\d+) {2}(.*)$/gm);
      return new Map([...table].map(([, now, most, name]) => [name!, [Number(now), Number(most)]]));
    };
    const before = await rows();
    await output(node, "sleep 100000 &");
    const [now, most] = (await rows()).get("sleep")!;
    expect(now).toBeGreaterThanOrEqual(32); // its stack in the kernel, directory, tables, file and stack
    expect(now).toBeLessThan(80);
    expect(most).toBeGreaterThanOrEqual(now!);
    expect(await output(node, "ps")).toMatch(new RegExp(` ${now} +${most} {2}sleep$`, "m"));
    await output(node, "primes 3500000 &");
    await node.enter("sleep 100", PROMPT);
    expect((await rows()).get("primes")![0]).toBeGreaterThan(700);
    await output(node, "kill primes sleep");
    await node.enter("sleep 50", PROMPT);
    const after = await rows();
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const part of ["shell", "kernel", "drivers"]) expect(after.get(part)?.[0]).toBe(before.get(part)?.[0]);
    const shown = Number(/used +(\d+) KiB/.exec(await output(node, "mem"))![1]);
    const all = (await output(node, "mem owners")).matchAll(/^ *(\d+) +\d+ /gm);
    expect([...all].reduce((sum, [, kib]) => sum + Number(kib), 0)).toBe(shown);
  });

  test("take numbers of 32 bits, and refuse larger ones", async () => {
    const { node } = await atPrompt();
    expect(await output(node, "seq 4294967298")).toBe("usage: seq [FIRST] LAST\n");
    expect(await output(node, "seq 42949672970")).toBe("usage: seq [FIRST] LAST\n");
    expect(await output(node, "seq 4294967295 | head -2")).toBe("1\n2\n");
    expect(await output(node, "seq 002")).toBe("1\n2\n");
    expect(await output(node, "seq 2x")).toBe("usage: seq [FIRST] LAST\n");
  });

  test("end at Ctrl-C, also while they read the console", async () => {
    const { lab, node } = await atPrompt();
    node.type("sleep 1000000\n");
    await lab.advance("100ms");
    node.type("\x03");
    await node.waitFor(PROMPT);
    node.type("wc\n");
    await lab.advance("100ms");
    node.type("some words\n");
    await lab.advance("100ms");
    node.type("\x03");
    await node.waitFor(PROMPT);
    expect(await output(node, "ps")).not.toMatch(/wc|sleep/);
  });

  thoroughly("may call the kernel with anything", async () => {
    const { node } = await atPrompt();
    const before = await belongings(node);
    expect(await output(node, "hostile 4000 5")).toMatch(/\d+ calls by \d+ programs, \d+ of them killed\n/);
    expect(await output(node, "mem check")).toMatch(/all headers agree/);
    expect(await belongings(node)).toBe(before);
  });
});

/** Types the same commands on every kind of machine. */
const EVERYWHERE = [
  "hello",
  "pipe /bin/seq 1200 : /bin/wc",
  "threads",
  "primes 5000",
  "fault",
  "fault stack",
  "mem check",
];
const SAID = [
  /Hello from ring 3\./,
  /1200 {4}1200 {4}4893/,
  /\n4000\n/,
  /\n669\n/,
  /page fault, write at 00000000, eip [0-9a-f]{8}, fault\.s:\d+/,
  /page fault, write at bfef[0-9a-f]{4}/,
  /all headers agree/,
];

thoroughly("calls at the edges of what they take give what they should", async () => {
  const lab = boot({ nodes: [{ cdrom: await isoWith("tests/guest/programs/edges.s", "asm/programs/edges.s") }] });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("edges", /edges: done\n/);
  expect(node.console.text).not.toMatch(/is wrong/);
});

thoroughly("calls reach all of a file of more than 4 GiB", async () => {
  const iso = await isoWith("tests/guest/programs/far.s", "asm/programs/far.s");
  const lab = await nodeWithVolume([], { iso, isAlone: true });
  expect(await output(lab.nodes[0]!, "far")).toBe("far: done\n");
});

thoroughly("calls give what a table says, for files, pipes, programs, memory and time", async () => {
  const lab = await inState("prompt with calls", async () => {
    const iso = await isoWith("tests/guest/programs/calls.s", "asm/programs/calls.s");
    return nodeWithVolume([], { iso, isAlone: true });
  });
  const node = lab.nodes[0]!;
  // A table of pages that the kernel makes stays.
  await output(node, "calls");
  await lab.advance("100ms");
  const before = await belongings(node);
  const said = await output(node, "calls");
  expect(said).toMatch(/^calls: done\n$/m);
  expect(said).not.toMatch(/ gave /);
  await lab.advance("100ms");
  expect(await belongings(node)).toBe(before);
});

thoroughly("threads and programs have an FPU each, which is new for each that begins", async () => {
  const lab = await inState("prompt with an FPU's test", async () => {
    const iso = await isoWith("tests/guest/programs/fpu.s", "asm/programs/fputest.s");
    const booted = boot({ nodes: [{ cdrom: iso }], gateway: false });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    return booted;
  });
  const node = lab.nodes[0]!;
  await output(node, "mem mark");
  const said = await output(node, "fputest & fputest; sleep 200");
  expect(said.match(/^fputest: .*$/gm)).toEqual(["fputest: done", "fputest: done"]);
  expect(await output(node, "fputest")).toBe("fputest: done\n");
  expect(await output(node, "mem leaks")).not.toMatch(/fpu/);
});

describeAtLength("programs run alike", () => {
  test("on the interpreter and compiled", async () => {
    const run = async (jit: "off" | "force"): Promise<{ digest: string; text: string }> => {
      const lab = boot({ nodes: [{ cdrom: images().iso }], jit });
      const node = lab.nodes[0]!;
      await node.waitFor(PROMPT);
      for (const command of EVERYWHERE) await node.enter(command, PROMPT);
      await node.enter("hostile 600 9", PROMPT);
      return { digest: lab.digest(), text: node.console.text };
    };
    const interpreted = await run("off");
    for (const pattern of SAID) expect(interpreted.text).toMatch(pattern);
    expect(await run("force")).toEqual(interpreted);
  });

  test("in QEMU, with little memory and with more than is mapped", async (context) => {
    if (!qemu) return context.skip("qemu-system-i386 is not installed");
    const folder = mkdtempSync(join(tmpdir(), "qure-programs-"));
    const iso = join(folder, "qure.iso");
    writeFileSync(iso, images().iso);
    for (const memory of ["16", "1024"]) {
      const text = await inQemu(qemu, ["-m", memory, "-cdrom", iso], [...EVERYWHERE, "hostile 600 9"]);
      for (const pattern of [...SAID, /\d+ calls by \d+ programs/]) expect(text, `${memory} MiB`).toMatch(pattern);
      expect(text).not.toContain("PANIC");
    }
    rmSync(folder, { recursive: true, force: true });
  });
});

thoroughly(
  "a program in C is built by gcc, gets its arguments, computes with the FPU, and names its line when it faults",
  async (context) => {
    if (!gcc) return context.skip("gcc is not installed");
    const lab = boot({ nodes: [{ cdrom: isoWithProgram("example", await cProgram(gcc, "example")) }] });
    const node = lab.nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("time /bin/example one two", /^one\ntwo\n\d+ ms, status 7\n/m);
    await node.enter("example fault", /page fault, write at 00000010, eip [0-9a-f]{8}, example\.c:\d+\n/);
    const line = Number(/example\.c:(\d+)/.exec(node.console.text)![1]);
    const source = readFileSync(join(root, "asm/programs/c/example.c"), "utf8").split("\n");
    expect(source[line - 1]).toContain("(volatile int *)16");
  },
);
