/**
 * QuRe beside Linux on the same work: bench/system/work.s, a program for both, on a volume of the system's own kind on
 * the same virtual disk (an OOFS and an ext4 of 128 MiB, by IDE with DMA). Each system runs in our emulator, which
 * counts the instructions that it retires, and in QEMU. Processor time is that of the emulator with all its threads,
 * wall time is also what else the host does. Before each row that reads, and before each that writes, the volume is
 * unmounted and mounted again, so nothing is in memory.
 *
 *     npm run bench -- system
 *
 * The kernel, its modules and busybox come from `tests/systems/fetch`; ext4 is made by mke2fs.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listOf, oneOf, workshopCommand } from "../scripts/command.mjs";
import {
  buildFirmware,
  buildSystem,
  FileDisk,
  folderTree,
  formatDiagnostic,
  LabCluster,
  type LabNode,
} from "../src/index.ts";
import { treeWithProgram } from "../tests/system/tree-with.ts";
import { linuxIso, type RootFile } from "../tests/systems/linux.ts";
import { systemsFolder } from "../tests/systems/packages.ts";
import { machineName } from "./peers/peers.ts";
import { NOBODY_SKIPS } from "./peers/programs.ts";
import { processorTime, Terminal } from "./peers/terminal.ts";

const ROOT = join(import.meta.dirname, "..");
const SECTOR_BYTES = 512;
const PARTITION_LBA = 16384;
const VOLUME_BYTES = 128 << 20;
const RAM_MEGABYTES = 128;

interface Row {
  /** What `work` is told. */
  readonly letter: string;
  readonly name: string;
  /** How many of what is measured. */
  readonly count: number;
  readonly unit: string;
  /** Whether nothing of the volume may be in memory. */
  readonly cold: boolean;
}

const ROWS: readonly Row[] = [
  { letter: "w", name: "write on, 16 MiB, with sync", count: 4096, unit: "4 KiB", cold: true },
  { letter: "r", name: "read on, 16 MiB", count: 4096, unit: "4 KiB", cold: true },
  { letter: "x", name: "read 2048 blocks here and there", count: 2048, unit: "4 KiB", cold: true },
  { letter: "y", name: "write 2048 blocks here and there, with sync", count: 2048, unit: "4 KiB", cold: true },
  { letter: "c", name: "create 10,000 files, with sync", count: 10000, unit: "file", cold: true },
  { letter: "s", name: "stat 10,000 files", count: 10000, unit: "file", cold: true },
  { letter: "u", name: "unlink 10,000 files, with sync", count: 10000, unit: "file", cold: true },
  { letter: "g", name: "100,000 system calls", count: 100000, unit: "call", cold: false },
  { letter: "p", name: "10,000 bytes there and back by pipes", count: 20000, unit: "switch", cold: false },
  { letter: "e", name: "start 200 programs and wait for them", count: 200, unit: "program", cold: false },
];

interface System {
  readonly name: string;
  readonly prompt: string;
  /** What is typed once. */
  readonly prepare: readonly string[];
  readonly mount: string;
  readonly unmount: string;
  /** Files of the machine: its CD, and the disk. */
  readonly make: (folder: string) => { readonly iso: string; readonly disk: string };
}

function run(program: string, ...options: string[]): void {
  const { status, stderr, error } = spawnSync(program, options, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${options.join(" ")}: ${error?.message ?? stderr}`);
}

/** work.s with one system's calls, as an ELF file. */
function workProgram(folder: string, system: string): Uint8Array {
  const qure = join(ROOT, "dist/qure.cjs");
  const path = (name: string): string => join(folder, name);
  writeFileSync(path("work-system.inc"), readFileSync(join(ROOT, `bench/system/${system}.inc`)));
  const include = ["-I", folder, "-I", join(ROOT, "asm/include")];
  run("node", qure, "as", ...include, "-o", path("work.o"), join(ROOT, "bench/system/work.s"));
  run("node", qure, "ld", "-T", join(ROOT, "asm/programs.ld"), "-o", path("work"), path("work.o"));
  return new Uint8Array(readFileSync(path("work")));
}

/** A disk with one partition, all zeros. */
function makeDisk(path: string, type: number): void {
  const bytes = new Uint8Array(PARTITION_LBA * SECTOR_BYTES + VOLUME_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(446 + 4, type);
  view.setUint32(446 + 8, PARTITION_LBA, true);
  view.setUint32(446 + 12, VOLUME_BYTES / SECTOR_BYTES, true);
  view.setUint16(510, 0xaa55, true);
  writeFileSync(path, bytes);
}

const SYSTEMS: readonly System[] = [
  {
    name: "qure",
    prompt: "> ",
    prepare: ["mkfs -t oofs hda0", "mount hda0 /a", "mkdir /a/f"],
    mount: "mount hda0 /a",
    unmount: "umount /a",
    make: (folder) => {
      const tree = treeWithProgram(folderTree(ROOT), "work", workProgram(folder, "qure"));
      const { files, diagnostics } = buildSystem(tree, { version: "0.1.0", revision: 1 });
      if (!files) throw new Error(diagnostics.map((one) => formatDiagnostic(one, { colour: false })).join("\n"));
      const [iso, disk] = [join(folder, "qure.iso"), join(folder, "qure.disk")];
      writeFileSync(iso, files.find(({ name }) => name === "qure.iso")!.content);
      makeDisk(disk, 0x99);
      return { iso, disk };
    },
  },
  {
    name: "linux",
    prompt: "/ # ",
    prepare: ["for m in /modules/*; do insmod $m; done", "sleep 2; mkdir /a; mount /dev/sda1 /a", "mkdir /a/f"],
    mount: "mount /dev/sda1 /a",
    unmount: "umount /a",
    make: (folder) => {
      const [iso, disk] = [join(folder, "linux.iso"), join(folder, "linux.disk")];
      const modules = join(systemsFolder, "modules");
      const more: RootFile[] = [
        ["modules", null],
        ["bin/work", workProgram(folder, "linux")],
        ...readdirSync(modules)
          .sort()
          .map((name): RootFile => [`modules/${name}`, new Uint8Array(readFileSync(join(modules, name)))]),
      ];
      // On a busy host QEMU's timer may be late when the kernel tries it, which would be a panic.
      writeFileSync(iso, linuxIso("console=ttyS0 quiet no_timer_check", NOBODY_SKIPS, more));
      makeDisk(disk, 0x83);
      const options = `offset=${PARTITION_LBA * SECTOR_BYTES},lazy_itable_init=0,lazy_journal_init=0`;
      run("mke2fs", "-q", "-t", "ext4", "-E", options, disk, `${VOLUME_BYTES / 1024}k`);
      return { iso, disk };
    },
  },
];

/** What something has cost. */
interface Cost {
  /** NaN where nobody counts them. */
  readonly instructions: number;
  readonly processorSeconds: number;
  readonly wallSeconds: number;
}

interface Machine {
  /** Types a line, and waits for a text after it; gives what came. */
  readonly enter: (line: string, text: string) => Promise<string>;
  readonly cost: () => Cost;
  readonly close: () => void;
}

function costs(instructions: number): Cost {
  const { user, system } = process.cpuUsage();
  return { instructions, processorSeconds: (user + system) / 1e6, wallSeconds: performance.now() / 1000 };
}

async function inLab(system: System, iso: string, disk: string): Promise<Machine> {
  const { files } = buildFirmware(folderTree(ROOT));
  const lab = new LabCluster({
    nodes: [
      {
        cdrom: new Uint8Array(readFileSync(iso)),
        disk: new FileDisk(disk, { readOnly: false }),
        ramBytes: RAM_MEGABYTES << 20,
      },
    ],
    gateway: false,
    firmware: files!.find(({ name }) => name === "firmware.bin")!.content,
  });
  const node: LabNode = lab.nodes[0]!;
  const until = async (text: string): Promise<string> => {
    const before = node.console.text.length;
    await node.waitFor(text, { within: "forever" });
    return node.console.text.slice(before);
  };
  await until(system.prompt);
  return {
    enter: (line, text) => {
      node.type(`${line}\n`);
      return until(text);
    },
    cost: () => costs(lab.instructions),
    close: () => lab.close(),
  };
}

async function inQemu(system: System, iso: string, disk: string): Promise<Machine> {
  const options = ["-M", "pc", "-accel", "tcg", "-m", `${RAM_MEGABYTES}`, "-display", "none", "-monitor", "none"];
  const drives = ["-drive", `file=${disk},format=raw,if=ide,index=0`, "-cdrom", iso, "-boot", "d"];
  const child = spawn("qemu-system-i386", [...options, "-nic", "none", "-serial", "stdio", ...drives], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const close = (): boolean => child.kill("SIGKILL");
  const terminal = new Terminal(child);
  await terminal.until(system.prompt, 0).catch((error: unknown) => {
    close();
    throw error;
  });
  return {
    enter: async (line, text) => {
      const from = terminal.text.length;
      // The kernel's serial port holds 16 characters.
      for (const piece of `${line}\r`.match(/[\s\S]{1,8}/g)!) {
        child.stdin.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await terminal.until(text, from + line.length);
      return terminal.text.slice(from);
    },
    cost: () => ({
      instructions: NaN,
      processorSeconds: processorTime(child.pid!),
      wallSeconds: performance.now() / 1000,
    }),
    close,
  };
}

const PLACES = { lab: inLab, qemu: inQemu };

async function measure(system: System, place: keyof typeof PLACES, rows: readonly Row[]): Promise<Map<Row, Cost>> {
  const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
  const measured = new Map<Row, Cost>();
  let machine: Machine | null = null;
  try {
    const { iso, disk } = system.make(folder);
    machine = await PLACES[place](system, iso, disk);
    for (const line of system.prepare) await machine.enter(line, system.prompt);
    for (const row of rows) {
      if (row.cold) {
        await machine.enter(system.unmount, system.prompt);
        await machine.enter(system.mount, system.prompt);
      }
      const before = machine.cost();
      // The mark is put together by the shell, so that its echo is not taken for the answer.
      const said = await machine.enter(`/bin/work ${row.letter} && echo go''od; echo do''ne`, "\ndone");
      const after = machine.cost();
      if (!said.includes("good")) throw new Error(`${system.name} in ${place}, ${row.name}: ${said}`);
      const cost = {
        instructions: after.instructions - before.instructions,
        processorSeconds: after.processorSeconds - before.processorSeconds,
        wallSeconds: after.wallSeconds - before.wallSeconds,
      };
      measured.set(row, cost);
      process.stderr.write(`${system.name} in ${place}, ${row.name}: ${JSON.stringify(cost)}\n`);
      await machine.enter("", system.prompt);
    }
  } finally {
    machine?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return measured;
}

const LETTERS = ROWS.map(({ letter }) => letter);
const NAMES = SYSTEMS.map(({ name }) => name);
const PLACE_NAMES = Object.keys(PLACES) as (keyof typeof PLACES)[];
const options = workshopCommand("npm run bench -- system", "the system's work beside Linux's", "--only qure --in lab")
  .option(
    "--rows <letters>",
    ROWS.map(({ letter, name }) => `${letter}: ${name}`).join(", "),
    listOf(oneOf(LETTERS)),
    LETTERS,
  )
  .option("--only <system>", NAMES.join(" or "), oneOf(NAMES))
  .option("--in <place>", PLACE_NAMES.join(" or "), oneOf(PLACE_NAMES))
  .parse()
  .opts<{ readonly rows: readonly string[]; readonly only?: string; readonly in?: string }>();
const rows = ROWS.filter(({ letter }) => options.rows.includes(letter));
const systems = SYSTEMS.filter(({ name }) => name === (options.only ?? name));
const places = PLACE_NAMES.filter((place) => place === (options.in ?? place));

const columns: { readonly title: string; readonly cell: (row: Row) => string }[] = [];
const instructions = new Map<string, Map<Row, Cost>>();
for (const place of places) {
  for (const system of systems) {
    const measured = await measure(system, place, rows);
    const title = system.name === "qure" ? "QuRe" : "Linux";
    if (place === "lab") {
      instructions.set(system.name, measured);
      columns.push({
        title: `${title}, instructions for one`,
        cell: (row) => Math.round(measured.get(row)!.instructions / row.count).toLocaleString("en"),
      });
    }
    columns.push({
      title: `${title} in ${place === "lab" ? "QuRe's emulator" : "QEMU"}: processor, wall`,
      cell: (row) => {
        const { processorSeconds, wallSeconds } = measured.get(row)!;
        return `${processorSeconds.toFixed(2)} s, ${wallSeconds.toFixed(2)} s`;
      },
    });
  }
}
const [ours, theirs] = [instructions.get("qure"), instructions.get("linux")];
if (ours && theirs)
  columns.push({
    title: "instructions, QuRe to Linux",
    cell: (row) => (ours.get(row)!.instructions / theirs.get(row)!.instructions).toFixed(2),
  });
console.log(`${machineName()}\n`);
console.log(`| | one | ${columns.map(({ title }) => title).join(" | ")} |`);
console.log(`|---|---|${columns.map(() => "---:|").join("")}`);
for (const row of rows)
  console.log(`| ${row.name} | ${row.unit} | ${columns.map(({ cell }) => cell(row)).join(" | ")} |`);
