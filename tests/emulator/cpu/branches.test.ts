/** The explanation of a triple fault ends with the ways that led there: exactly, as far as code was interpreted. */
import { expect, test } from "vitest";
import { type LabCluster, startCluster } from "../../../src/index.ts";
import { bootDisk } from "../../monitor/monitored.ts";
import { codeOf } from "./assembled.ts";

/** Places are fixed, so that the ways between them are known. */
const FAULT = `
    cli
    lidt  cs:[0x7c80]
    mov   cx, 4
    jmp   1f
    .org  0x10
1:  dec   cx
    jnz   1b
    nop
    jcxz  2f
    .org  0x20
2:  call  3f
    ljmp  0x07c0, 0x40
    .org  0x30
3:  push  ax
    pop   ax
    ret
    .org  0x40
    ud2
    .org  0x80
    .word 0
    .long 0`;
/** The same behind a loop of 200,000 turns. */
const HOT = `
    cli
    lgdt  cs:[0x7c80]
    mov   eax, cr0
    or    al, 1
    mov   cr0, eax
    ljmp  8, 0x7c20
    .org  0x20
    .code32
    mov   ecx, 200000
1:  add   eax, ecx
    dec   ecx
    jnz   1b
    lidt  cs:[0x7c88]
    jmp   2f
    .org  0x50
2:  int   0x21
    .org  0x80
    .word 0x17
    .long 0x7c90
    .org  0x88
    .word 0
    .long 0
    .org  0x90
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff`;

async function report(source: string, jit: "on" | "off", processors = 1): Promise<string[]> {
  const lines: string[] = [];
  const disk = bootDisk(codeOf(source, 16));
  disk.set([0x55, 0xaa], 510);
  const lab: LabCluster = startCluster({
    nodes: [{ disk, processors }],
    jit,
    reboot: false,
    tripleFault: "go on",
    log: (_, line) => lines.push(line),
  });
  await lab.until(() => lab.nodes[0]!.isOff, "it went on");
  const [text = ""] = lines.filter((line) => line.startsWith("triple fault"));
  const all = text.split("\n");
  return all.slice(all.indexOf("  the last branches, up to this:") + 1);
}

test.for(["on", "off"] as const)("of code that ran once, compilation %s", async (jit) => {
  const ways = await report(FAULT, jit);
  expect(ways.length).toBe(16);
  expect(ways.slice(-7)).toEqual([
    expect.stringMatching(/^ {4}000f[0-9a-f]{4} to 00007c00$/),
    "    00007c0a to 00007c10",
    "    00007c11 to 00007c10, 3 times",
    "    00007c14 to 00007c20",
    "    00007c20 to 00007c30",
    "    00007c32 to 00007c23",
    "    00007c23 to 00007c40",
  ]);
});

test("of code that was compiled", async () => {
  const [loop, last] = (await report(HOT, "on")).slice(-2);
  expect(loop).toBe("    00007c25 to 00007c2a, in compiled code");
  expect(last).toMatch(/^ {4}00007c[0-9a-f]{2} to 00007c50$/);
  expect((await report(HOT, "off")).slice(-2)).toEqual(["    00007c28 to 00007c25, 199999 times", last]);
});

test("each of several processors has its own", async () => {
  expect((await report(FAULT, "on", 2)).slice(-1)).toEqual(["    00007c23 to 00007c40"]);
});
