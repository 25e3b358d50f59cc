/** The debugger in the kernel: what it shows, and that the kernel goes on as if nothing had been. */
import { expect, test } from "vitest";
import { type LabCluster, type LabNode, readElf } from "../../src/index.ts";
import { disassemble } from "../../src/isa/disassemble.ts";
import { lineRowsOf } from "../../src/object/dwarf/line-table.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { boot, images, inState, PROMPT } from "./images.ts";

async function labAtPrompt(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lab = await inState("prompt of the debugger", async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso }], gateway: false });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    await booted.advance("2s");
    return booted;
  });
  return { lab, node: lab.nodes[0]! };
}

const atPrompt = async (): Promise<LabNode> => (await labAtPrompt()).node;

const ASKS = /debug> $/;

/** What a command of the debugger, or one that begins it, says up to the next prompt of the debugger. */
async function said(node: LabNode, command: string): Promise<string> {
  const before = node.console.text.length;
  node.type(`${command}\n`);
  await node.waitFor(ASKS);
  return node.console.text.slice(before);
}

/** Which line the linked kernel's own debugging information knows for an address. */
function placeOf(address: number): string {
  const rows = lineRowsOf(readElf(images().kernelElf, "kernel.elf"));
  const row = rows.findLast((row, index) => !row.end && row.address <= address && rows[index + 1]!.address > address)!;
  return `${row.file}:${row.line}`;
}

/** Of lines that say where code was called from: what the kernel says, and what its debugging information does. */
function calledFrom(text: string): { said: string[]; expected: string[] } {
  const lines = [...text.matchAll(/ {2}(c0\w{6}) {2}\S+ {2}(\S+:\d+)$/gm)];
  return {
    said: lines.map(([, , place]) => place!),
    expected: lines.map(([, address]) => placeOf(Number.parseInt(address!, 16) - 1)),
  };
}

test("shows registers, stack, tasks and memory, steps, and goes on", async () => {
  const node = await atPrompt();
  expect(await said(node, "debug")).toMatch(
    /DEBUG: breakpoint\n {2}\w+ {2}command_debug\+0x\w+ {2}asm\/console\/debug\.s:\d+/,
  );
  expect(await said(node, "r")).toMatch(/eip c0\w{6} {2}eflags [\s\S]*esp c0\w{6}\ntask \d+ shell\n/);
  const stack = await said(node, "b");
  expect(stack).toMatch(/command_debug\+[\s\S]* shell_run\+0x\w+ {2}asm\/shell\/shell\.s:\d+/);
  const calls = calledFrom(stack.slice(stack.indexOf("\n", stack.indexOf("command_debug"))));
  expect(calls.said.length).toBeGreaterThan(2);
  expect(calls.said).toEqual(calls.expected);
  expect(await said(node, "t")).toMatch(/^ +\d+ waiting {2}log +holds 0 {2}waits for mount_made\+0x0$/m);
  expect(await said(node, "h owners")).toMatch(/^ +\d+ +\d+ {2}heap \(part of the kernel\)$[\s\S]* shell$/m);
  const callers = await said(node, "h");
  expect(callers).toMatch(/^ +\d+ blocks +\d+ bytes {2}\w+ {2}task_new\+/m);
  const blocks = calledFrom(callers);
  expect(blocks.said.length).toBeGreaterThan(5);
  expect(blocks.said).toEqual(blocks.expected);
  expect(await said(node, "m hostname 16")).toMatch(/^c0\w{6} {2}71 75 72 65 00 /m);
  expect(await said(node, "m 10 16")).toMatch(/^00000010 {2}-- --/m);
  expect(await said(node, "what")).toMatch(/r registers {2}b stack/);
  expect(await said(node, "s")).toMatch(/DEBUG: step\n {2}\w+ {2}command_debug\+/);
  expect(await said(node, "s")).toMatch(/DEBUG: step\n {2}\w+ {2}command_call\+/);
  await node.enter("c", PROMPT);
  await node.enter("echo going on", /\ngoing on\n/);
});

thoroughly("shows code as the tools do, around the place where it stopped, with what it names", async () => {
  const node = await atPrompt();
  expect(await said(node, "debug")).toMatch(/\n {2}(\w{8}) {2}command_debug\+.*\n {2}\1 {2}31c0 +xor {4}eax,eax\n/);
  expect(await said(node, "u")).toMatch(
    / {2}cc {13} int3\n->\n {2}\w{8} {2}31c0 +xor {4}eax,eax\n {2}\w{8} {2}c3 +ret\n/,
  );
  expect(await said(node, "u 10 1")).toMatch(/^ {2}00000010 {2}--$/m);
  expect(await said(node, "u console_clear")).toMatch(/ call {3}0xc0\w{6} {2}<console_begin\+0x0>\n/);
  const code = [...(await said(node, "u sha256_block 400")).matchAll(/^ {2}(\w{8}) {2}(\w+) +(\w.*?)(?: {2}<.*)?$/gm)];
  expect(code.length).toBe(400);
  for (const [, address, digits, text] of code) {
    const bytes = Uint8Array.from(digits!.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    const ours = disassemble(bytes, 0, Number.parseInt(address!, 16), { bits: 32, syntax: "intel" });
    expect({ text, length: bytes.length }).toEqual(ours);
  }
});

/** Where the kernel sees physical address 0. */
const DIRECT_MAP = 0xc000_0000;

/** What is asked for -> how many rows of 16 bytes. */
const DUMPS: readonly (readonly [asked: string, rows: number])[] = [
  ["m hostname", 4],
  ["m hostname 1", 1],
  ["m hostname 16", 1],
  ["m hostname 17", 2],
  ["m hostname 5000", 64],
];

thoroughly("shows the bytes of memory that was asked for, in whole rows and at most 1024", async () => {
  const node = await atPrompt();
  await said(node, "debug");
  for (const [asked, count] of DUMPS) {
    const rows = [...(await said(node, asked)).matchAll(/^(c0\w{6}) {2}((?:\w\w ?){16})$/gm)];
    expect(rows.length, asked).toBe(count);
    const first = Number.parseInt(rows[0]![1]!, 16);
    rows.forEach(([, address, bytes], row) => {
      expect(Number.parseInt(address!, 16)).toBe(first + 16 * row);
      const there = node.readMemory(first + 16 * row - DIRECT_MAP, 16);
      expect(bytes, asked).toBe(
        Buffer.from(there)
          .toString("hex")
          .replace(/(..)(?=.)/g, "$1 "),
      );
    });
  }
  for (const wrong of ["m", "m none_such", "m hostname many"])
    expect(await said(node, wrong), wrong).toBe(`${wrong}\nm ADDRESS [BYTES]\ndebug> `);
});

atLength("lists the locks that are held, by whom", async () => {
  const node = await atPrompt();
  await said(node, "\x1b[24~"); // F12, while the shell reads a line
  expect(await said(node, "l")).toMatch(/^console_keys\+0x14 {2}held by \d+ shell$/m);
  await node.enter("c", PROMPT);
  await node.enter("breakpoint w tcp_mutex", /^breakpoint 0$/m);
  await said(node, "netstat");
  for (let step = 0; step < 4; step++) await said(node, "s"); // to where mutex_lock has noted it
  expect(await said(node, "l")).toMatch(/^tcp_mutex\+0x0 {2}held by \d+ shell$/m);
  await said(node, "d");
  await node.enter("c", PROMPT);
  expect(await said(node, "debug")).toMatch(/DEBUG/);
  expect(await said(node, "l")).not.toMatch(/tcp_mutex/);
});

thoroughly("shows whose blocks of the heap have become more since a mark", async () => {
  const node = await atPrompt();
  await said(node, "debug");
  expect(await said(node, "h mark")).toBe("h mark\ndebug> ");
  expect(await said(node, "h leaks")).toBe("h leaks\ndebug> ");
  node.type("c\n");
  await node.waitFor(PROMPT);
  await node.enter("set colour red", PROMPT);
  await said(node, "debug");
  expect(await said(node, "h leaks")).toMatch(
    /^ +1 blocks +\d+ bytes {2}\w+ {2}env_set\+\w+ {2}asm\/kernel\/env\.s:\d+$/m,
  );
});

thoroughly("stops at code, steps over calls, and at writes", async () => {
  const node = await atPrompt();
  await node.enter("breakpoint c command_hostname", /^breakpoint 0$/m);
  await node.enter("breakpoint b hostname && echo set", /^breakpoint 1\nset$/m);
  await node.enter("breakpoint q hostname", /^breakpoint: b, w or d for writes, c for code$/m);
  await node.enter("breakpoint c none_such", /^breakpoint: there is no such address$/m);
  expect(await said(node, "hostname boxy")).toMatch(/DEBUG: hardware breakpoint 0\n {2}\w+ {2}command_hostname\+0x0 /);
  expect(await said(node, "n")).toMatch(/DEBUG: step\n {2}\w+ {2}command_hostname\+/);
  expect(await said(node, "c")).toMatch(/DEBUG: hardware breakpoint 1\n {2}\w+ {2}string_copy\+/);
  await said(node, "d");
  await node.enter("c", /boxy:\/> $/);
  await said(node, "\x1b[24~"); // F12
  await said(node, "\x1b[24~x command_pwd");
  await node.enter("c", PROMPT);
  expect(await said(node, "pwd")).toMatch(/DEBUG: hardware breakpoint 0\n {2}\w+ {2}command_pwd\+0x0 /);
  await node.enter("c", /\n\/\n/);
});

thoroughly("comes by a non-maskable interrupt, too, has a line that is edited, and three breakpoints", async () => {
  const node = await atPrompt();
  node.pressNmiButton();
  await node.waitFor(/DEBUG: non-maskable interrupt\n/);
  await node.waitFor(ASKS);
  expect(await said(node, "\x7f\x7frubbish\x7f\x7f\x7f\x7f\x7f\x7f")).toMatch(/^[^\n]*\n[\s\S]*eip c0\w{6} {2}eflags /);
  // More than a line has room for is not taken.
  expect(await said(node, `w hostname${" ".repeat(200)}x`)).toContain("\nbreakpoint 0\n");
  for (const [command, says] of [
    ["w command_pwd", "breakpoint 1"],
    ["x none_such", "there is no such address"],
    ["x command_pwd", "breakpoint 2"],
    ["x command_pwd", "all breakpoints are used; d in the debugger forgets them"],
    ["u none_such", "u [ADDRESS [COUNT]]"],
  ])
    expect(await said(node, command!)).toContain(`\n${says}\n`);
  await node.enter("c", PROMPT);
  expect(await said(node, "pwd")).toMatch(/DEBUG: hardware breakpoint 2\n/);
  await node.enter("c", /\n\/\n/);
  expect(await said(node, "hostname boxy")).toMatch(/DEBUG: hardware breakpoint 0\n/);
  await said(node, "d");
  await node.enter("c", /boxy:\/> $/);
  await node.enter("pwd", /\n\/\n/);
  expect(await said(node, "breakpoint")).toMatch(/DEBUG: breakpoint\n/);
  await node.enter("c", PROMPT);
  await node.enter("debug of", /usage: debug/);
});

atLength("steps over calls by a register or memory", async () => {
  const node = await atPrompt();
  await node.enter("breakpoint c command_call", /^breakpoint 0$/m);
  let text = await said(node, "pwd");
  for (let steps = 0; steps < 40 && !/ call {3}(?:DWORD PTR )?\[?e\w\w/.test(text); steps++)
    text = await said(node, "n");
  expect(text).toMatch(/ call {3}(?:DWORD PTR )?\[?e\w\w/);
  expect(await said(node, "n")).toMatch(/DEBUG: step\n {2}\w+ {2}command_call\+|\n\/\n/);
  await node.enter("c", PROMPT);
});

/** Address and text of each instruction that is shown, the one at which it stopped under null. */
const shownCode = (text: string): (string | null)[] =>
  [...text.matchAll(/^(?:->| {2}(\w{8}) {2}(\w+) +[a-z].*)$/gm)].map(([, address]) => address ?? null);

atLength("shows what comes before a place from the beginning of its routine on", async () => {
  const node = await atPrompt();
  await node.enter("breakpoint c command_call", PROMPT);
  let text = await said(node, "pwd");
  const passed: string[] = [];
  for (let steps = 0; steps < 6; steps++) {
    const [, place] = /^ {2}(\w{8}) {2}command_call\+/m.exec(text)!;
    const shown = shownCode(await said(node, "u"));
    const at = shown.indexOf(null);
    expect(shown[at + 1]).toBe(place);
    expect(shown.slice(0, at)).toEqual(passed.slice(-at || passed.length));
    expect(at).toBe(Math.min(steps, 5));
    passed.push(place!);
    text = await said(node, "n");
  }
});

atLength("steps over what an instruction repeats", async () => {
  const node = await atPrompt();
  await node.enter("breakpoint c malloc", PROMPT);
  let text = await said(node, "set colour red");
  const isAt = (mnemonic: RegExp): boolean =>
    mnemonic.test(text.split("\n").findLast((line) => /^ {2}\w{8} {2}\w+ +[a-z]/.test(line))!);
  for (let steps = 0; steps < 60 && !isAt(/ rep stos /); steps++) text = await said(node, "n");
  expect(isAt(/ rep stos /)).toBe(true);
  text = await said(node, "n");
  expect(text).toMatch(/\n {2}\w{8} {2}malloc\+/);
  expect(isAt(/ rep stos /)).toBe(false);
});

thoroughly("begins within a program, too, which goes on as if nothing had been", async () => {
  const { lab, node } = await labAtPrompt();
  node.type("primes 3000000\n");
  await node.waitFor("3000000\n");
  let runs = "";
  for (let tries = 0; tries < 20 && !/eip 08/.test(runs); tries++) {
    await lab.advance("3ms");
    node.pressNmiButton();
    await node.waitFor(/DEBUG: non-maskable interrupt\n/);
    await node.waitFor(ASKS);
    runs = await said(node, "r");
    if (!/eip 08/.test(runs)) node.type("c\n");
  }
  expect(runs).toMatch(/^eip 08[\s\S]*esp bf\w{6}\ntask \d+ primes$/m);
  await node.enter("c", /^216816$/m);
});

test("takes over after a panic when it was asked to, and restarts the machine", async () => {
  const node = await atPrompt();
  await node.enter("debug on", PROMPT);
  expect(await said(node, "crash divide")).toMatch(/PANIC: divide error[\s\S]*DEBUG: after a panic/);
  expect(await said(node, "t")).toMatch(/running +shell/);
  await node.enter("reset", /QuRe loader: /);
});

const KERNEL_SPACE = 0xc000_0000;
const TRACED = 14;

/**
 * Places in code right behind a call into it, by what calls there are (Intel SDM volume 2: E8, and FF /2 of 2 to 7
 * bytes).
 */
function returnsIn(code: Uint8Array): Readonly<Record<"direct" | "indirect" | "none", (length?: number) => number[]>> {
  const places = Array.from({ length: code.length - 7 }, (_, at) => at + 7);
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const direct = (at: number): boolean => {
    const target = at + view.getInt32(at - 4, true);
    return code[at - 5] === 0xe8 && target >= 0 && target < code.length;
  };
  const indirect = (at: number, length: number): boolean =>
    code[at - length] === 0xff && (code[at - length + 1]! & 0x38) === 0x10;
  const lengths = [2, 3, 4, 5, 6, 7];
  const anyOf = (at: number): number[] => lengths.filter((length) => indirect(at, length));
  return {
    direct: () => places.filter((at) => direct(at) && anyOf(at).length === 0),
    indirect: (length) => places.filter((at) => !direct(at) && anyOf(at).join() === String(length)),
    none: () => places.filter((at) => !direct(at) && anyOf(at).length === 0),
  };
}

thoroughly("a trace shows what may be a return address, and how often it comes again, and nothing else", async () => {
  const node = await atPrompt();
  await said(node, "debug");
  const esp = Number.parseInt(/esp (\w{8})$/m.exec(await said(node, "r"))![1]!, 16);
  const { symbols } = readElf(images().kernelElf, "kernel.elf");
  const linked = (name: string): number => symbols.findLast((symbol) => symbol.name === name)!.value;
  const isAt = /^(c0\w{6}) {2}/m.exec(await said(node, "m hostname 4"))![1]!;
  const moved = Number.parseInt(isAt, 16) - linked("hostname");
  const [start, end] = [linked("kernel_text") + moved, linked("kernel_text_end") + moved];
  const code = node.readMemory(start - KERNEL_SPACE, end - start).slice();
  const { direct, indirect, none } = returnsIn(code);
  const calls = direct();
  const lengths = [2, 3, 6, 7].filter((length) => indirect(length).length > 0);
  const after = none();
  const wrong = [
    after.find((at) => code[at - 5] === 0xe8)!, // out of the code
    after.find((at) => code[at - 2] === 0xff && (code[at - 1]! & 0x38) === 0x30)!, // PUSH
    after.find((at) => code[at - 2] === 0xff && (code[at - 1]! & 0x38) === 0x20)!, // JMP
    after.find((at) => code[at - 1] === 0xff)!,
    after.at(-1)!,
    after[0]!,
    6,
    -start,
    code.length + 1,
    calls[0]! - 1,
    calls[0]! + KERNEL_SPACE - start,
  ];
  const right = [calls[0]!, calls.at(-1)!, ...lengths.map((length) => indirect(length)[0]!)];
  const more = calls.slice(1, 1 + TRACED - right.length);
  const rows = [
    ...wrong,
    ...right.flatMap((at, number) => [at, wrong[number]!]),
    more[0]!,
    more[0]!,
    wrong[0]!,
    ...more,
  ];
  const stack = Uint32Array.from([...rows, calls.at(-2)!], (at) => (at + start) >>> 0);
  node.machine.memory.dma.write(esp - KERNEL_SPACE, new Uint8Array(stack.buffer));
  const shown = (await said(node, "b")).split("\n").slice(2, -1);
  const expected = [...right, ...more].map((at) => (at + start).toString(16));
  expect(lengths.length).toBeGreaterThan(2);
  expect(shown.filter((row) => !row.includes("times more")).map((row) => row.trim().split(" ")[0])).toEqual(expected);
  expect(shown.filter((row) => row.includes("times more"))).toEqual(["  ... 2 times more"]);
});
