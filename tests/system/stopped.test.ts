/** What the debugger and the panic screen show of a kernel that was stopped with known values in its registers. */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, inState, isoWithGuests, PROMPT } from "./images.ts";
import { output } from "./output.ts";

async function atPrompt(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lab = await inState("prompt with ways to stop", async () => {
    const iso = await isoWithGuests();
    const booted = boot({ nodes: [{ cdrom: iso }], gateway: false });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    return booted;
  });
  return { lab, node: lab.nodes[0]! };
}

const ASKS = /debug> $/;

/** What a command says up to the next prompt of the debugger. */
async function said(node: LabNode, command: string): Promise<string> {
  const before = node.console.text.length;
  node.type(`${command}\n`);
  await node.waitFor(ASKS);
  return node.console.text.slice(before);
}

const FIRST_ROW = "eax 11112222  ebx 33334444  ecx 55556666  edx 77778888\n";
const SECOND_ROW = "esi 9999aaaa  edi bbbbcccc  ebp ddddeeee";
const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** How it stops; the panic's first rows; at which routine; how far below what it said its stack is. */
const PANICS: readonly (readonly [how: string, says: string, routine: string, deeper: number])[] = [
  ["opcode", "PANIC: invalid opcode (vector 6, error code 00000000)\n", "stopped_opcode", 4],
  [
    "page",
    "PANIC: page fault (vector 14, error code 00000002)\nwrite at fffff123: page is not present\n",
    "stopped_page",
    4,
  ],
  [
    "protected",
    "PANIC: page fault (vector 14, error code 00000002)\nwrite at 00000000: page is not present (null pointer)\n",
    "stopped_protected",
    4,
  ],
  ["general", "PANIC: general protection fault (vector 13, error code 00002220)\n", "stopped_general", 4],
  ["panic", "PANIC: registers\n", "stopped_panic", 4],
];

describe("the registers are shown as they were", () => {
  test("by the debugger, which gives them back", async () => {
    const { node } = await atPrompt();
    await said(node, "stopped break");
    const stack = Number.parseInt(/^esp (\w{8})$/m.exec(node.console.text)![1]!, 16);
    const shown = await said(node, "r");
    expect(shown).toContain(`${FIRST_ROW}${SECOND_ROW}  esp ${hex(stack - 4)}\n`);
    // Carry, zero, direction, and that interrupts are on.
    const [, eip, flags] = /eip (\w{8}) {2}eflags (\w{8})\n/.exec(shown)!;
    expect(Number.parseInt(flags!, 16) & 0xed5).toBe(0x645);
    expect(await said(node, "b")).toContain(`  ${eip}  stopped_break+0x1  asm/kernel/stopped-test.s:`);
    // One instruction on, and the same again.
    await said(node, "s");
    expect(await said(node, "r")).toContain(`${FIRST_ROW}${SECOND_ROW}  esp ${hex(stack)}\n`);
    await node.enter("c", PROMPT);
    expect(await output(node, "echo on")).toBe("on\n");
  });

  test.each(rowsOf(PANICS, 1))("by a panic after `%s`", async (how, says, routine, deeper) => {
    const { node } = await atPrompt();
    await node.enter(`stopped ${how}`, /system halted\n/);
    const { text } = node.console;
    const stack = Number.parseInt(/^esp (\w{8})$/m.exec(text)![1]!, 16);
    expect(text).toContain(`\n${says}eip `);
    const first = how === "panic" ? FIRST_ROW.replace("11112222", "\\w{8}") : FIRST_ROW;
    expect(text).toMatch(new RegExp(`${first}${SECOND_ROW}  esp ${hex(stack - deeper)}\n`));
    const [, eip] = /eip (\w{8}) {2}eflags \w{8} {2}cs 8 {2}task \d+ shell {2}tick \d+\n/.exec(text)!;
    expect(text).toMatch(new RegExp(`stack trace:\n  ${eip}  ${routine}\\+0x`));
    expect(text).toMatch(/cr0 8\w{7} {2}cr2 \w{8} {2}cr3 \w{8} {2}cr4 \w{8}\n/);
    if (says.includes("page fault")) expect(text).toContain(`cr2 ${/at (\w{8}):/.exec(says)![1]!} `);
  });

  test("by a double fault, which has a stack of its own", async () => {
    const { node } = await atPrompt();
    await node.enter("stopped twice", /system halted\n/);
    const { text } = node.console;
    expect(text).toMatch(/PANIC: double fault \(vector 8, error code 00000000\)\nthe stack has overflowed/);
    expect(text).toContain(`${FIRST_ROW}${SECOND_ROW}  esp `);
    expect(text).toMatch(/stack trace:\n {2}\w{8} {2}stopped_twice\+0x/);
  });
});

/** Kind of breakpoint, which byte it is at, at writes of which bytes it stops. */
const WATCHED: readonly (readonly [kind: string, at: number, stops: readonly number[]])[] = [
  ["b", 1, [1]],
  ["w", 2, [2, 3]],
  ["d", 4, [4, 5, 6, 7]],
];

thoroughly("hardware breakpoints stop at writes to as many bytes as was said", async () => {
  const { node } = await atPrompt();
  const begin = await said(node, "breakpoint");
  expect(begin).toMatch(/DEBUG: breakpoint\n/);
  const bytes = Number.parseInt(/^(\w{8}) /m.exec(await said(node, "m stopped_bytes 8"))![1]!, 16);
  for (const [kind, at, stops] of WATCHED) {
    await node.enter("c", PROMPT);
    await node.enter(`breakpoint ${kind} ${hex(bytes + at)}`, /^breakpoint 0$/m);
    await node.waitFor(PROMPT);
    let text = await said(node, "stopwrites");
    const seen: number[] = [];
    while (/DEBUG: hardware breakpoint 0\n/.test(text)) {
      seen.push(Number.parseInt(/eax (\w{8})/.exec(await said(node, "r"))![1]!, 16));
      const before = node.console.text.length;
      node.type("c\n");
      await node.waitFor(/(debug|\S+:\/\S*)> $/);
      text = node.console.text.slice(before);
    }
    expect(seen, kind).toEqual(stops);
    expect(text).toMatch(/^all written$/m);
    await said(node, "debug");
    await said(node, "d");
  }
  await node.enter("c", PROMPT);
  expect(await output(node, "stopwrites")).toBe("all written\n");
});

test("the debugger says who has a lock, and who waits for it", async () => {
  const { lab, node } = await atPrompt();
  expect(await output(node, "stoplocks")).toBe("");
  await lab.advance("100ms");
  await said(node, "debug");
  const tasks = await said(node, "t");
  const id = (name: string): string => new RegExp(`^ *(\\d+) waiting +${name} `, "m").exec(tasks)![1]!;
  expect(tasks).toMatch(/ waiting +holder +holds 1$/m);
  for (const name of ["waiter one", "waiter two"])
    expect(tasks).toMatch(
      new RegExp(` waiting +${name} +holds 0  waits for stopped_mutex\\+0x0, held by ${id("holder")} holder$`, "m"),
    );
  expect(await said(node, "l")).toMatch(
    new RegExp(
      `^stopped_mutex\\+0x0  held by ${id("holder")} holder, ${id("waiter one")} waiter one waits, ${id("waiter two")} waiter two waits$`,
      "m",
    ),
  );
  await node.enter("c", PROMPT);
  // Each has it for a second, then nobody.
  await lab.advance("1500ms");
  await said(node, "debug");
  expect(await said(node, "l")).toMatch(/^stopped_mutex\+0x0 {2}held by \d+ waiter one, \d+ waiter two waits$/m);
  await node.enter("c", PROMPT);
  await lab.advance("2s");
  await said(node, "debug");
  expect(await said(node, "l")).not.toMatch(/stopped_mutex/);
  expect(await said(node, "t")).not.toMatch(/holder|waiter/);
});
