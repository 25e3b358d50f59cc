/** The kernel's core inside a machine: what tasks leave behind, the console on both screens, and the ways to fail. */
import { describe, expect, test } from "vitest";
import { mount } from "../../src/disk/oofs/index.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { atPrompt as bootedAtPrompt, withAddress } from "./booted.ts";
import { boot, images, inState, isoWith, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { RecordingDisk, volumeOn } from "./recording-disk.ts";
import { nodeWithVolume } from "./volume.ts";

const RAM_BYTES = 8 << 20;
const PANIC_STATUS = 0x31 * 2 + 1;

async function bootTo(cdrom: Uint8Array): Promise<LabCluster> {
  const lab = boot({ nodes: [{ cdrom }] });
  await lab.nodes[0]!.waitFor(PROMPT);
  await lab.advance("100ms");
  await lab.nodes[0]!.enter("service stop network", PROMPT); // it opens handles when it likes
  return lab;
}

async function atPrompt(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lab = await bootedAtPrompt();
  return { lab, node: lab.nodes[0]! };
}

atLength("what tasks print at the same time does not mix, and each text stays in one piece", async () => {
  const iso = await isoWith("tests/guest/programs/printers.s", "asm/kernel/printers-test.s");
  const node = (await bootTo(iso)).nodes[0]!;
  const before = node.console.text.length;
  await node.enter("printers", "\nall have printed");
  const text = node.console.text.slice(before);
  const rows = text
    .replaceAll("\r", "")
    .match(/^[a-z]{5,}$/gm)!
    .filter((row) => row !== "printers");
  expect(rows).toHaveLength(26 * 4 * 3);
  const texts = Array.from({ length: 26 * 4 }, (_, at) => rows.slice(3 * at, 3 * at + 3));
  expect(texts.filter((three) => !three.every((row) => row === three[0]![0]!.repeat(63)))).toEqual([]);
});

const CLASSES = [
  "memory",
  "file",
  "directory",
  "mount in use",
  "datagram socket",
  "stream socket",
  "tap",
  "process",
  "lock",
];

for (const name of CLASSES)
  thoroughly(`a ${name} goes back when its owner ends or is killed, and its handle is refused`, async () => {
    const lab = await inState("stale handles, tested", async () => {
      const iso = await isoWith("tests/guest/programs/stale.s", "asm/kernel/stale-test.s");
      const booted = await nodeWithVolume(["echo text > /a/file"], { iso });
      const node = booted.nodes[0]!;
      const before = (await output(node, "handles")).match(/^[0-9a-f]{8} .*$/gm);
      await node.enter("staletest", /staletest: \d+ passed, \d+ failed/);
      await node.waitFor(PROMPT);
      await booted.advance("2s");
      expect((await output(node, "handles")).match(/^[0-9a-f]{8} .*$/gm)).toEqual(before);
      await node.enter("mem check", /all headers agree/);
      return booted;
    });
    expect(lab.nodes[0]!.console.text).toMatch(new RegExp(`^ok ${name}$`, "m"));
  });

thoroughly("an idle machine hardly wakes, and keeps the time", async () => {
  const { lab, node } = await atPrompt();
  await node.enter("service stop network", PROMPT);
  await lab.advance("3s");
  const before = lab.instructions;
  await lab.advance("60s");
  expect((lab.instructions - before) / 60).toBeLessThan(200);
  const second = Math.floor(lab.nowNs / 1e9);
  await node.enter("uptime", /up 0 days 00:01:(\d\d)/);
  const shown = 60 + Number(/00:01:(\d\d)/.exec(node.console.text)![1]);
  expect(shown).toBeGreaterThan(second - 2);
  expect(shown).toBeLessThanOrEqual(second);
});

thoroughly("each task has the time for which it ran, and all together have what has passed", async () => {
  const { lab, node } = await atPrompt();
  await output(node, "service stop network");
  /** Milliseconds of processor time by task. */
  const times = async (): Promise<Map<string, number>> => {
    const rows = (await output(node, "ps")).matchAll(/^ *(\d+) +\w+ +(\d+) +\d+ .* {2}(\S.*)$/gm);
    return new Map([...rows].map(([, id, ms, name]) => [`${id} ${name}`, Number(ms)]));
  };
  await output(node, "primes 3000000 | wc &");
  const [began, before] = [lab.nowNs, await times()];
  await lab.advance("200ms");
  const [ended, after] = [lab.nowNs, await times()];
  const passed = (ended - began) / 1e6;
  const worked = [...after].find(([name]) => name.endsWith(" primes"))!;
  expect(worked[1] - before.get(worked[0])!).toBeGreaterThan(passed * 0.9);
  const sum = (all: ReadonlyMap<string, number>): number => [...all.values()].reduce((first, next) => first + next, 0);
  expect(Math.abs(sum(after) - sum(before) - passed)).toBeLessThan(passed * 0.05);
});

test("ps and top list the tasks", async () => {
  const { node } = await atPrompt();
  await node.enter(
    "ps",
    /^ *\d+ {2}idle .*idle$[\s\S]*^ *\d+ {2}running .*shell$[\s\S]*^ *\d+ {2}(?:waiting|ready) .*cloud$/m,
  );
  await node.enter("top", /^ *0 +\d+ {2}idle$[\s\S]* {2}shell$/m);
});

describe("a failing kernel", () => {
  test.each(
    rowsOf(
      [
        ["page", /PANIC: page fault .*\nread at 00000010: page is not present \(null pointer\)/, "crash_page"],
        ["write", /PANIC: page fault .*\nwrite at \w+: page is read-only/, "crash_write"],
        ["divide", /PANIC: divide error/, "crash_divide"],
        ["opcode", /PANIC: invalid opcode/, "crash_opcode"],
        ["stack", /PANIC: double fault .*\nthe stack has overflowed into its guard page/, "crash_stack"],
        ["mark", /PANIC: the task has overwritten the end of its stack/, "crash_mark"],
        ["panic", /PANIC: as the user wished/, "crash_panic"],
        ["heap", /PANIC: heap: the header after a block is overwritten/, "crash_heap"],
      ],
      2,
    ),
  )("says so after `crash %s`", async (how, message, routine) => {
    const { node } = await atPrompt();
    await node.enter(`crash ${how}`, /system halted\n/);
    const { text } = node.console;
    expect(text).toMatch(message);
    expect(text).not.toMatch(/ [01] times more/);
    expect(text).toMatch(new RegExp(`^  [0-9a-f]{8}  ${routine}\\+0x[0-9a-f]+  asm/shell/crash\\.s:\\d+$`, "m"));
    expect(text).toMatch(/^ {2}[0-9a-f]{8} {2}shell_run\+0x[0-9a-f]+ {2}asm\/shell\/shell\.s:\d+$/m);
    expect(node.exitStatus).toBe(PANIC_STATUS);
    expect(node.screen().join("\n")).toContain("system halted");
  });
});

/** What registers hold that nothing uses: another value each. They are in the order of PUSHA; null is ESP. */
const HELD = [
  ["edi", 0xd1d1d1d1],
  ["esi", 0x51515151],
  ["ebp", 0xb9b9b9b9],
  null,
  ["ebx", 0xbbbbbbbb],
  ["edx", 0xdddddddd],
  ["ecx", 0xcccccccc],
  ["eax", 0xaaaaaaaa],
] as const;

thoroughly("after a double fault each register is what it was", async () => {
  const { node } = await atPrompt();
  await output(node, "service stop network");
  await node.enter("breakpoint c crash_stack", PROMPT);
  await node.enter("crash stack", "debug> ");
  await node.enter("r", "debug> ");
  const shown = (register: string): number =>
    Number.parseInt(new RegExp(`\\b${register} (\\w{8})`).exec(node.console.text)![1]!, 16);
  // The debugger keeps them on the stack, below where it was.
  const bytes = (values: readonly (number | null)[]): Buffer =>
    Buffer.concat(values.map((value) => Buffer.from(Uint32Array.of(value ?? 0).buffer)));
  const memory = Buffer.from(node.readMemory(0, RAM_BYTES));
  const first = bytes(HELD.slice(0, 3).map((one) => shown(one![0])));
  const last = bytes(HELD.slice(4).map((one) => shown(one![0])));
  let at = memory.indexOf(first);
  while (at >= 0 && memory.compare(last, 0, 16, at + 16, at + 32) !== 0) at = memory.indexOf(first, at + 1);
  expect(at).toBeGreaterThan(0);
  HELD.forEach((one, index) => {
    if (one) node.machine.memory.dma.write(at + 4 * index, bytes([one[1]]));
  });
  await node.enter("d", "debug> ");
  await node.enter("c", /system halted\n/);
  const panic = node.console.text.slice(node.console.text.lastIndexOf("PANIC"));
  for (const one of HELD) if (one) expect(panic).toContain(`${one[0]} ${one[1].toString(16)}`);
  const esp = Number.parseInt(/esp (\w{8})/.exec(panic)![1]!, 16);
  expect(Number.parseInt(/cr2 (\w{8})/.exec(panic)![1]!, 16)).toBe(esp - 4);
  expect(panic).toMatch(/crash_stack\+0x/);
});

thoroughly("says which interrupts have come, and who takes them", async () => {
  // While it gets its address, its services' words come between those of the command.
  const lab = await withAddress();
  const node = lab.nodes[0]!;
  const rows = async (): Promise<Map<string, number>> => {
    const table = await node.enter("irq", /^ *0 [\s\S]*^spurious 0$/m);
    return new Map(
      [...table[0].matchAll(/^ *(\d+) +(\d+) {2}(\w+(?: \w+)*)$/gm)].map(([, , count, name]) => [name!, Number(count)]),
    );
  };
  const before = await rows();
  expect([...before.keys()]).toEqual(
    expect.arrayContaining(["clock_tick", "keyboard_interrupt", "serial_interrupt", "clock_second"]),
  );
  await node.waitFor(PROMPT);
  await lab.advance("300ms");
  node.typeKeys("abc\n");
  await node.waitFor(PROMPT);
  const after = await rows();
  const more = (name: string): number => after.get(name)! - before.get(name)!;
  expect(more("keyboard_interrupt")).toBeGreaterThanOrEqual(8); // a key that goes down, and up
  expect(more("serial_interrupt")).toBeGreaterThan(0);
  expect(more("clock_tick")).toBeGreaterThan(0);
});

/** Ways to end in good order, and what the machine says then. */
const ENDS: readonly (readonly [name: string, end: (node: LabNode) => void, says: RegExp])[] = [
  ["its power button", (node) => node.pressPowerButton(), /^power button\n[\s\S]*^switching off\n/m],
  ["shutdown", (node) => node.type("shutdown\n"), /^switching off\n/m],
  ["reboot", (node) => node.type("reboot\n"), /^rebooting\n/m],
];

test.each(rowsOf(ENDS, 1))("by %s ends in good order: what was written is on the disk", async (name, end, says) => {
  const disk = new RecordingDisk();
  const lab = await nodeWithVolume(["echo kept > /a/file"], { isAlone: true, disk });
  const node = lab.nodes[0]!;
  expect(mount(volumeOn(disk), { readOnly: true }).list("/")).toEqual([]);
  end(node);
  await node.waitFor(says);
  if (name === "reboot") await node.waitFor(/QuRe loader: /);
  else await lab.until(() => node.isOff, "the machine did not go off");
  const left = mount(volumeOn(disk), { readOnly: true });
  expect(Buffer.from(left.read("/file")).toString()).toBe("kept\n");
});

const TABLE_HEADER_BYTES = 36;
const name = (of: string): readonly number[] => [0x08, ...Buffer.from(of)];

/** What a DSDT says of sleep states (ACPI 1.0, 16.2), and whether the machine goes off: its chip does so for type 0. */
const SLEEP_STATES: readonly (readonly [what: string, aml: readonly number[], isOff: boolean])[] = [
  ["in the root", [...name("\\_S5_"), 0x12, 6, 4, 0, 0, 0, 0], true],
  ["in no scope", [...name("_S5_"), 0x12, 6, 4, 0, 0, 0, 0], true],
  ["in bytes", [...name("_S5_"), 0x12, 10, 4, 0x0a, 0, 0x0a, 0, 0x0a, 0, 0x0a, 0], true],
  ["in a long package", [...name("_S5_"), 0x12, 0x47, 0, 4, 0, 0, 0, 0], true],
  ["after another state", [...name("_S3_"), 0x12, 6, 4, 1, 1, 0, 0, ...name("_S5_"), 0x12, 6, 4, 0, 0, 0, 0], true],
  ["after its name", [0x14, ...Buffer.from("_S5_"), 0x12, 1, ...name("_S5_"), 0x12, 6, 4, 0, 0, 0, 0], true],
  ["of another type", [...name("_S5_"), 0x12, 6, 4, 1, 1, 0, 0], false],
  ["of another type in a byte", [...name("_S5_"), 0x12, 10, 4, 0x0a, 1, 0x0a, 1, 0x0a, 0, 0x0a, 0], false],
  ["of another type in a long package", [...name("_S5_"), 0x12, 0x47, 0, 4, 1, 1, 0, 0], false],
  ["which it does not have", name("_S4_"), false],
  ["in no package", [...name("_S5_"), 0x11, 6, 4, 0, 0, 0, 0], false],
];

interface Tables {
  readonly lab: LabCluster;
  readonly node: LabNode;
  /** Where the first text of this kind is, from a place on. */
  find(signature: string, from?: number): number;
  dword(address: number): number;
  write(address: number, bytes: readonly number[]): void;
}

/** A machine whose tables for ACPI can be changed. */
function tablesOf(lab: LabCluster): Tables {
  const node = lab.nodes[0]!;
  return {
    lab,
    node,
    find: (signature, from = 0) => {
      const at = Buffer.from(node.readMemory(from, RAM_BYTES - from)).indexOf(signature);
      expect(at, signature).toBeGreaterThanOrEqual(0);
      return from + at;
    },
    dword: (address) => new DataView(node.readMemory(address, 4).buffer).getUint32(0, true),
    // POST has left the tables in memory that nobody but a debugger can write.
    write: (address, bytes) => {
      const { memory } = node.machine;
      bytes.forEach((byte, at) => {
        memory.bytes[memory.readOffset((address + at) >>> 12) | ((address + at) & 0xfff)] = byte;
      });
    },
  };
}

const withTables = async (): Promise<Tables> => tablesOf((await atPrompt()).lab);

async function switchesOff(lab: LabCluster, node: LabNode): Promise<void> {
  node.type("shutdown\n");
  await lab.until(() => node.isOff, "the machine did not switch off", { within: "5s" });
}

for (const [what, aml, isOff] of SLEEP_STATES)
  thoroughly(
    `shutdown ${isOff ? "switches off" : "says that nothing switches off"} a machine with a state S5 ${what}`,
    async () => {
      const { lab, node, find, dword, write } = await withTables();
      const at = find("DSDT");
      const bytes = dword(at + 4) - TABLE_HEADER_BYTES;
      write(
        at + TABLE_HEADER_BYTES,
        Array.from({ length: bytes }, (_, place) => aml[place] ?? 0),
      );
      if (isOff) return switchesOff(lab, node);
      node.type("shutdown\n");
      await node.waitFor(/^shutdown: ACPI does not switch this machine off: /m);
    },
  );

const RSDP = "RSD PTR ";
const RSDP_BYTES = 20;
const RSDP_RSDT = 16;
const ROM = 0xf0000;
const EBDA_SEGMENT = 0x40e;
/** Where in the EBDA other tables may begin, before which those of the ROM do not count. */
const PLACES: readonly (readonly [what: string, offset: number, isTaken: boolean, wrong?: number])[] = [
  ["at its beginning", 0, true],
  ["16 bytes on", 16, true],
  ["at its end", 1024 - 32, true],
  ["where 16 does not divide", 24, false],
  ["with another signature", 32, false, 3],
  ["with another end of it", 32, false, 6],
  ["with a wrong checksum", 32, false, RSDP_BYTES - 1],
];

for (const [what, offset, isTaken, wrong] of PLACES)
  thoroughly(`tables for ACPI in the EBDA ${what} are ${isTaken ? "" : "not "}taken`, async () => {
    const { lab, node, find, dword, write } = await withTables();
    const ebda = (dword(EBDA_SEGMENT) & 0xffff) << 4;
    const bytes = [...node.readMemory(find(RSDP, ROM), RSDP_BYTES)];
    // It lists no tables.
    const empty = ebda + 512;
    write(empty, [...Buffer.from("RSDT"), TABLE_HEADER_BYTES, 0, 0, 0]);
    for (const [index, byte] of [empty & 0xff, (empty >> 8) & 0xff, empty >> 16, 0].entries()) {
      bytes[8]! += bytes[RSDP_RSDT + index]! - byte; // the sum stays 0
      bytes[RSDP_RSDT + index] = byte;
    }
    if (wrong !== undefined) bytes[wrong]! ^= 1;
    write(ebda + offset, bytes);
    if (!isTaken) return switchesOff(lab, node);
    node.type("shutdown\n");
    await node.waitFor(/^shutdown: ACPI does not switch this machine off: no such device$/m);
  });

const FADT_CONTROL_A = 64;
const FADT_CONTROL_B = 68;
const NO_PORT = 0x5550;

thoroughly("the second control register switches off, too, with a type of its own", async () => {
  const { lab, node, find, dword, write } = await withTables();
  const aml = [...name("_S5_"), 0x12, 8, 4, 0x0a, 1, 0x0a, 0, 0, 0];
  write(find("DSDT") + TABLE_HEADER_BYTES, aml);
  const fadt = find("FACP");
  const port = dword(fadt + FADT_CONTROL_A);
  write(fadt + FADT_CONTROL_A, [...Buffer.from(Uint32Array.of(NO_PORT).buffer)]);
  write(fadt + FADT_CONTROL_B, [...Buffer.from(Uint32Array.of(port).buffer)]);
  await switchesOff(lab, node);
});

/** A machine whose kernel has not looked at the tables yet. */
async function beforeKernel(): Promise<Tables & { fadt: number; port: number }> {
  const lab = boot({ nodes: [{ cdrom: images().iso }], gateway: false });
  await lab.nodes[0]!.waitFor("QuRe loader: ");
  const tables = tablesOf(lab);
  const fadt = tables.find("FACP");
  return { ...tables, fadt, port: tables.dword(fadt + FADT_EVENT_A) };
}

const FADT_SCI = 46;
const FADT_EVENT_A = 56;
const FADT_EVENT_B = 60;
const FADT_GENERAL_0 = 80;
const FADT_GENERAL_1 = 84;
const FADT_GENERAL_BYTES = 92;

const FADT_SMI_COMMAND = 48;
const PM1_CONTROL = 4;
/** Another command than the chip knows, so that the chip stays where it was, and its port keeps the command. */
const COMMAND = 0x5a;

for (const [what, port, command, mode, said] of [
  ["is told to the machine's own program", 0xb2, COMMAND, 0, COMMAND],
  ["is not told where there is no such program", 0, COMMAND, 0, 0],
  ["is not told where there is no command", 0xb2, 0, 0, 0],
  ["is not told where it is there", 0xb2, COMMAND, 1, 0],
] as const)
  thoroughly(`that ACPI is wanted ${what}`, async () => {
    const { node, fadt, port: events, write } = await beforeKernel();
    const { board } = node.machine;
    write(fadt + FADT_SMI_COMMAND, [port, 0, 0, 0, command]);
    board.writePort(events + PM1_CONTROL, 2, mode);
    await node.waitFor(PROMPT);
    expect(board.readPort(0xb2, 1)).toBe(said);
    expect(board.readPort(events + PM1_CONTROL, 2) & 1).toBe(mode);
  });

for (const [irq, isTaken] of [
  [9, true],
  [15, true],
  [16, false],
] as const)
  thoroughly(`the power button's interrupt is ${isTaken ? "" : "not "}taken from line ${irq}`, async () => {
    const { node, fadt, write } = await beforeKernel();
    write(fadt + FADT_SCI, [irq, 0]);
    await node.waitFor(PROMPT);
    const table = await output(node, "irq");
    expect(table.match(/^ *(\d+) .*button_interrupt/m)?.[1]).toBe(isTaken ? String(irq) : undefined);
  });

thoroughly("the power button may be of the second block of events, and all general events are off", async () => {
  const { lab, node, fadt, port, write } = await beforeKernel();
  const dword = (value: number): number[] => [...Buffer.from(Uint32Array.of(value).buffer)];
  write(fadt + FADT_EVENT_A, dword(NO_PORT));
  write(fadt + FADT_EVENT_B, dword(port));
  // The chip keeps what is written to the rest of its ports.
  const [first, second] = [port + 0x20, port + 0x30];
  write(fadt + FADT_GENERAL_0, dword(first));
  write(fadt + FADT_GENERAL_1, dword(second));
  write(fadt + FADT_GENERAL_BYTES, [6, 4]);
  const { board } = node.machine;
  for (let at = 0; at < 8; at++) for (const block of [first, second]) board.writePort(block + at, 1, 0x5a);
  await node.waitFor(PROMPT);
  const kept = (block: number): number[] => Array.from({ length: 8 }, (_, at) => board.readPort(block + at, 1));
  expect(kept(first)).toEqual([0x5a, 0x5a, 0x5a, 0, 0, 0, 0x5a, 0x5a]);
  expect(kept(second)).toEqual([0x5a, 0x5a, 0, 0, 0x5a, 0x5a, 0x5a, 0x5a]);
  node.pressPowerButton();
  await node.waitFor(/^power button\n/m);
  await lab.until(() => node.isOff, "the machine did not switch off", { within: "5s" });
});

describe("the console", () => {
  test("shows the same on the screen and on COM1", async () => {
    const { node } = await atPrompt();
    // Services speak after the first prompt.
    await node.waitFor(/^cluster: node .*\n.*> $/m);
    await node.enter("cls", PROMPT);
    await node.enter("echo 'one  word' two", /one {2}word two\n/);
    await node.waitFor(PROMPT);
    expect(node.screen().filter((line) => line !== "")).toEqual([
      expect.stringMatching(/:\/> echo 'one {2}word' two$/),
      "one  word two",
      expect.stringMatching(/:\/>$/),
    ]);
  });

  test("takes keys from the keyboard and from COM1 alike, and edits the line", async () => {
    const { lab, node } = await atPrompt();
    node.typeKeys("echo Keys\n");
    await node.waitFor(/\nKeys\n/);
    await node.waitFor(PROMPT);
    node.type("bcho line\x1b[H\x1b[3~e\x05s!\x7f\n"); // Home, Delete, e, Ctrl-E, s!, Backspace
    await node.waitFor(/\nlines\n/);
    node.type("\x1b[A\x1b[A\n"); // Up, Up: the line before
    await node.waitFor(/\nKeys\n/);
    node.type("echo nothing of this\x15echo start\n"); // Ctrl-U
    await node.waitFor(/\nstart\n/);
    node.type("echo lost");
    await lab.advance("50ms");
    node.type("\x1b"); // Escape alone clears
    await lab.advance("200ms");
    await node.enter("echo kept", /\nkept\n/);
    expect(node.console.text).not.toMatch(/\nlost/);
  });

  test("shows rows that have left the screen, until another key comes", async () => {
    const { lab, node } = await atPrompt();
    await node.enter("service stop network", PROMPT);
    await node.enter("cls; seq 60", /^60\n[^\n]*> $/m);
    await lab.advance("100ms");
    const rows = async (keys: string): Promise<string[]> => {
      node.type(keys);
      await lab.advance("100ms");
      return node.screen().map((row) => row.trimEnd());
    };
    const present = await rows("");
    expect(present[0]).toBe("37");
    expect((await rows("\x1b[5~"))[0]).toBe("25"); // PgUp
    const oldest = await rows("\x1b[5~\x1b[5~");
    expect(oldest.slice(0, 3)).toEqual(["1", "2", "3"]);
    expect((await rows("\x1b[6~"))[0]).toBe("13"); // PgDn
    expect(await rows("\x1b[6~\x1b[6~")).toEqual(present);
    await rows("\x1b[5~");
    await node.enter("echo kept", /\nkept\n/);
    expect((await rows("")).slice(-3, -1)).toEqual([expect.stringMatching(/> echo kept$/), "kept"]);
  });

  test.each(
    rowsOf<[string, RegExp]>(
      [
        ["frobnicate now", /^frobnicate: unknown command/m],
        ["echo 'open", /^a quote is not closed/m],
        ["help nonsense", /^help: there is no command nonsense/m],
        ["help help", /^usage: help \[NAME\]/m],
        ["hostname way-too-long-for-a-name", /^hostname: a name has at most 15 characters/m],
        ["hostname -box", /^hostname: a name has letters and digits, a letter at least, and - and \. between them/m],
        ["hostname 10.0.0.1", /^hostname: a name has letters and digits/m],
        ["hostname box-", /^hostname: a name has letters and digits/m],
        ["hostname a..b", /^hostname: a name has letters and digits/m],
        ["hostname any", /^hostname: any, all and accept are words of commands/m],
        ["hostname anyone", /^anyone:\/> /m],
        ["hostname b-1.c", /^b-1\.c:\/> /m],
        ["cls now", /^usage: cls$/m],
        ["set colour=blue", PROMPT],
      ],
      4,
    ),
  )("answers `%s` in a line", async (line, answer) => {
    const node = (await withAddress()).nodes[0]!; // no service says anything in the middle of it
    await node.enter(line, answer);
  });
});

test("variables, name and history live in the shell", async () => {
  const { node } = await atPrompt();
  await node.enter("set colour blue", PROMPT);
  await node.enter("set", /^colour=blue$/m);
  await node.waitFor(PROMPT);
  await node.enter("set colour", PROMPT);
  await node.enter("set colour", /there is no variable colour/);
  await node.waitFor(PROMPT);
  await node.enter("hostname box-7", /box-7:\/> $/);
  await node.enter("hist", /\d+ {2}set colour blue\n/);
});

test("a variable has a name that the file of the settings gives back", async () => {
  const { node } = await atPrompt();
  for (const name of ["a b", "#a", "a=b =", "1x", "filter", "a$"])
    expect(await output(node, `set '${name}' x; echo $?`)).toMatch(
      /^(set: .* is no name for a variable\n1|usage: set .*\n2)$/m,
    );
  expect(await output(node, "set a.b-c_1 = x; set; set a.b-c_1 =; set a.b-c_1; echo $?")).toBe(
    "a.b-c_1=x\nset: there is no variable a.b-c_1\n1\n",
  );
});

test("shutdown switches the machine off, reboot starts it again", async () => {
  const { lab, node } = await atPrompt();
  await node.enter("reboot", /QuRe loader: /);
  await node.waitFor(PROMPT);
  node.type("shutdown\n");
  await lab.until(() => node.isOff, "the machine did not switch off", { within: "5s" });
  expect(node.exitStatus).toBeNull();
});
