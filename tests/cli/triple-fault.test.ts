/** A guest that ends in a triple fault is explained, and the run goes on, ends, or fails, as its owner wants. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { Places } from "../../src/cli/emu/symbols.ts";
import { TripleFaults } from "../../src/cli/emu/triple-fault.ts";
import { readOptions } from "../../src/cli/option-table.ts";
import { SparseDisk, startCluster, TripleFaultError } from "../../src/index.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { provideBuild } from "../system/images.ts";
import { guest } from "../systems/guest.ts";
import { Person } from "./person.ts";

const MIB = 1 << 20;
const REPORT =
  /triple fault: #GP error 001ah, then #GP error 006ah, then #DF error 0000h, then #GP error 0042h\n {2}at 00007c1e, cs:eip 0000:00007c1e, eflags [0-9a-f]{8}\n {2}eax 12345678 {2}ecx (?:.|\n)*idt 00000000 limit 0000h/;
let folder: string;
let image: string;
const disk = new Uint8Array(MIB);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-triple-"));
  disk.set(guest("tests/guest/programs/triple-fault.s"));
  image = join(folder, "fault.img");
  writeFileSync(image, disk);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

/** Runs the disk unattended: how it ended, and what was said on standard error. */
async function run(given: Record<string, unknown>): Promise<{ said: string; exitCode: number; message: string }> {
  let said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const person = new Person();
  person.stdin.isTTY = false;
  try {
    await runEmu(readOptions(EMU_OPTIONS, { hda: image, ...given }), null, person);
    return { said, exitCode: 0, message: "" };
  } catch (error) {
    const { exitCode, message } = error as { exitCode: number; message: string };
    return { said, exitCode, message };
  }
}

test("is explained, and resets the machine as on a PC", async () => {
  const { said, exitCode, message } = await run({});
  expect(said).toMatch(REPORT);
  expect(said).toMatch(/^qure-1, at virtual time [\d.]+ m?s: triple fault/m);
  expect({ exitCode, message }).toEqual({
    exitCode: 4,
    message: "qure-1: the processor has halted with interrupts off",
  });
});

test("with --no-reboot the machine is off, and the status is 4", async () => {
  const { said, exitCode, message } = await run({ reboot: false });
  expect(said).toMatch(REPORT);
  expect({ exitCode, message }).toEqual({ exitCode: 4, message: "" });
});

test("page faults are told with the address that each was for", async () => {
  const faulty = new Uint8Array(MIB);
  faulty.set(guest("tests/guest/programs/triple-page-fault.s"));
  writeFileSync(join(folder, "page.img"), faulty);
  const { said } = await run({ hda: join(folder, "page.img"), reboot: false });
  // A page fault in the delivery of a page fault is a double fault, the delivery of which meets one again.
  expect(said).toMatch(
    /triple fault: #PF error 0000h for address 00200123, then #PF error 0000h for address 00300070, then #DF error 0000h, then #PF error 0000h for address 00300040\n/,
  );
});

test("an address of the kernel has its routine and its line", () => {
  provideBuild(folder);
  const kernel = readFileSync(join(folder, "build/kernel.elf"));
  const panic = readElf(kernel, "kernel.elf").symbols.find(({ name }) => name === "panic")!;
  expect(new Places([], join(folder, "build/qure.iso")).describe(panic.value)).toMatch(
    /^[0-9a-f]{8} panic \(\S*asm\/kernel\/panic\.s:\d+\)$/,
  );
});

test("the branches before it have theirs", () => {
  provideBuild(folder);
  const kernel = readFileSync(join(folder, "build/kernel.elf"));
  const panic = readElf(kernel, "kernel.elf").symbols.find(({ name }) => name === "panic")!;
  const digits = panic.value.toString(16);
  const noted: string[] = [];
  const progress = { step: () => {}, note: (text: string) => void noted.push(text), done: () => {} };
  const faults = new TripleFaults(progress, [], join(folder, "build/qure.iso"));
  faults.hear(
    "qure-1",
    0,
    `triple fault: x\n  at 00000000, y\n  the last branches, up to this:\n    ${digits} to ${digits}, 3 times`,
  );
  const place = String.raw`${digits} panic \(\S*asm/kernel/panic\.s:\d+\)`;
  expect(noted[0]).toMatch(new RegExp(`^ {4}${place} to ${place}, 3 times$`, "m"));
});

test("one that comes again and again is told once, and counted", () => {
  const noted: string[] = [];
  const progress = { step: () => {}, note: (text: string) => void noted.push(text), done: () => {} };
  const faults = new TripleFaults(progress, [], null);
  const fault = (node: string, address: string, more: string): void =>
    faults.hear(node, 0, `triple fault: #GP error 001ah\n  at ${address}, cs:eip 0000:${address}\n  eax ${more}`);
  expect(faults.hint).toBeNull();
  for (const eax of ["1", "2", "3"]) fault("qure-1", "00007c1e", eax);
  fault("qure-1", "00007c20", "1");
  fault("qure-2", "00007c1e", "1");
  expect(noted).toHaveLength(3);
  expect(faults).toMatchObject({
    count: 5,
    hint: "triple faults that were told came 2 times more; --no-reboot ends the run with the first",
  });
});

test("fails a wait of the API, or not", async () => {
  const start = (tripleFault: "fail" | "go on") => {
    const medium = new SparseDisk(MIB);
    medium.write(0, disk.subarray(0, 512));
    return startCluster({ nodes: [{ disk: medium }], tripleFault });
  };
  const failing = start("fail").advance("5s");
  await expect(failing).rejects.toThrow(TripleFaultError);
  await expect(failing).rejects.toThrow(REPORT);
  await start("go on").advance("5s");
});
