/**
 * Kernels that are files, booted by the API, and what a wait for them says that fails: what was waited for, what came
 * instead, whether the machine had ended, and where it hangs.
 */
import { expect, onTestFinished, test } from "vitest";
import {
  assemble,
  type LabNode,
  link,
  parseScript,
  readElf,
  type StartNode,
  type StartOptions,
  startCluster,
} from "../../src/index.ts";

/** A Multiboot kernel that prints its line and the text of its first module, if any, and goes on as `then` says. */
function kernel(then: string): Uint8Array {
  const source = `
      .intel_syntax noprefix
      .text
      .long 0x1BADB002, 3, -(0x1BADB002 + 3)
      .global _start
  _start:
      mov esi, [ebx + 16]
      call say
      cmp dword ptr [ebx + 20], 0
      je the_end
      mov edi, [ebx + 24]
      mov esi, [edi + 8]
      call say
      jmp the_end
  say:
      lodsb
      mov dx, 0x3f8
      test al, al
      jz said
      out dx, al
      jmp say
  said:
      mov al, 10
      out dx, al
      ret
  the_end:
      ${then}
  `;
  const read = (path: string) => (path === "k.s" ? { path, bytes: new TextEncoder().encode(source) } : null);
  const { object, diagnostics } = assemble({ path: "k.s", files: { read } });
  expect(diagnostics).toEqual([]);
  const script = parseScript("ENTRY(_start) SECTIONS { . = 0x100000; .text : { *(.text) } }", "k.ld");
  return link({ objects: [readElf(object!, "k.o")], script }).linked!.file;
}

const HANGS = "cli\n hang: hlt\n jmp hang";
/** The port of the debug exit device. */
const FAILS = "mov al, 0x11\n out 0xf4, al\n jmp .";

function boot(...nodes: readonly StartNode[]): readonly LabNode[] {
  const lab = startCluster({ nodes: nodes.map((node) => ({ ramBytes: 2 << 20, ...node })), gateway: false });
  onTestFinished(() => lab.close());
  return lab.nodes;
}

const messageOf = (wait: Promise<unknown>): Promise<string> =>
  wait.then(
    () => "it came",
    (error: Error) => error.message,
  );

test("a kernel, its line and its modules are booted; a disk beside it is not", async () => {
  const [first, second] = boot(
    {
      kernel: { name: "k.elf", content: kernel(HANGS) },
      append: "one two",
      initrd: [{ name: "a.bin hello", content: Uint8Array.of(1) }],
      disk: new Uint8Array(1 << 20),
    },
    { kernel: kernel(HANGS) },
  );
  await first!.waitFor(/one two\na\.bin hello\n/, { within: "2s" });
  await second!.waitFor("kernel", { within: "2s" });
});

test.each<[string, StartNode, RegExp]>([
  ["a line without a kernel", { append: "quiet" }, /append is for a kernel: give the node one too/],
  [
    "a kernel beside a CD",
    { kernel: Uint8Array.of(0xf4), cdrom: new Uint8Array(2048) },
    /a kernel takes the place of the CD/,
  ],
  [
    "a RAM disk for a flat kernel",
    { kernel: Uint8Array.of(0xf4), initrd: new Uint8Array(4) },
    /kernel is neither a Multiboot kernel nor Linux/,
  ],
  // What a compiler would have refused is refused in words, too: without, the machine boots nothing.
  [
    "memory that no board takes",
    { ramBytes: 33_000_000 },
    /^node 1: ramBytes: expected a size, 1M to 1G in steps of 64K/,
  ],
  ["a card of no name", { nic: "ne2000" } as unknown as StartNode, /^node 1: nic: expected one of "e1000", /],
  ["a key of another form", { key: "open" }, /^node 1: key: expected one line `NAME KEY`: /],
  ["a misspelled option", { floppy: new Uint8Array(512) } as StartNode, /^node 1 has no option floppy; .* floppies,/],
  ["a file's name", { disk: "os.img" } as unknown as StartNode, /^node 1: disk is what a file holds, .*"os.img"/],
])("%s is refused", (_, node, sentence) => {
  expect(() => boot(node)).toThrow(sentence);
});

test("options of a cluster that are none are refused", () => {
  expect(() => startCluster(undefined as unknown as StartOptions)).toThrow(/^startCluster takes an object/);
  expect(() => startCluster({ nodes: 3 } as unknown as StartOptions)).toThrow(/^nodes is a list/);
  expect(() => startCluster({ node: [{}] } as unknown as StartOptions)).toThrow(/^startCluster has no option node; /);
});

test("a wait that lasts says for how long, what was printed last, and where the machine is", async () => {
  const [node] = boot({ kernel: kernel(HANGS), append: "hello\n\n\n" });
  const message = await messageOf(node!.waitFor("a prompt", { within: "5s" }));
  expect(message).toMatch(/^qure-1 did not print "a prompt" within 5\.000 s of virtual time; the console ends with\n/);
  expect(message).toMatch(/\n {4}\| .*hello\n {2}qure-1 is halted at [0-9a-f]{4}:0010[0-9a-f]{4} hang\+1h, IF 0, /);
  expect(message).toMatch(/, last interrupt [0-9a-f]{2}h, the processor has halted with interrupts off$/);
});

test("a wait for a screen shows its last lines that are not blank", async () => {
  const [node] = boot({});
  const message = await messageOf(node!.waitForScreen(/a prompt/, { within: "3s" }));
  expect(message).toMatch(/ within 3\.000 s of virtual time; the screen ends with\n/);
  expect(message).toMatch(
    /\n {4}\| .*No bootable device.*\n {2}qure-1 is halted at .*, IF 1, .*nothing bootable was found$/,
  );
  expect(message).not.toMatch(/\| *\n/);
});

test("a wait for a machine that had ended says so, and how long it went on", async () => {
  const [node] = boot({ kernel: kernel(FAILS), append: "oh" });
  const message = await messageOf(node!.waitFor("a prompt", { within: "5s" }));
  expect(message).toMatch(
    /^qure-1 did not print "a prompt": after \d+\.\d+ ms of virtual time it ended with exit status 35; the console ends with\n/,
  );
  expect(message.endsWith("oh")).toBe(true);
});

test("a wait for a cluster tells of each machine", async () => {
  const nodes = boot({ kernel: kernel(HANGS) }, { kernel: kernel(FAILS) });
  const wait = nodes[0]!.waitFor("more", { within: "1s" });
  expect(await messageOf(wait)).toMatch(/^qure-1 did not print "more" within 1\.000 s/);
});
