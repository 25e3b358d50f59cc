/**
 * Speed of compiled guest code beside the interpreter and QEMU's TCG: millions of guest instructions a second on each guest of
 * ../shared/bench, with and without paging. The engines take turns on each guest, so that what else the machine does hits all alike;
 * the best run of each counts, and the results that the guests print have to agree.
 *
 *     engine.ts [--runs N] [guest...]
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { GUESTS, PER_ITERATION, guestImage, guestNames, measure } from "./interpreter.ts";

const QEMU = "qemu-system-i386";
const QEMU_OPTIONS = [
  ...["-M", "pc", "-m", "32", "-display", "none", "-nodefaults", "-vga", "none", "-no-reboot", "-monitor", "none", "-serial", "stdio"],
  ...["-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-boot", "a", "-accel", "tcg"],
];
const FLOPPY_BYTES = 1_474_560;
/** Instructions of one run: enough that warming up does not count, where an engine is fast. */
const COMPILED: Readonly<Record<string, number>> = { alu: 4e9, crc32: 2e9, copyadd: 3e9, repmovs: 3e9, fib: 1.5e9, interp: 1e9, outport: 2e8, softint: 1e8 };
const INTERPRETED = 40e6;
const SLOW_INTERPRETED = 4e6;

/** Speeds in millions of instructions a second; 0 where an engine is not there. */
export interface EngineResult {
  readonly guest: string;
  readonly flags: number;
  readonly compiled: number;
  readonly interpreted: number;
  readonly qemu: number;
}

/** One run in QEMU: instructions between the guest's marks, by the time at which they arrive. */
async function measureQemu(guest: string, flags: number, instructions: number): Promise<{ mips: number; result: string }> {
  const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
  try {
    const floppy = new Uint8Array(FLOPPY_BYTES);
    floppy.set(guestImage(guest, flags, instructions));
    const path = join(folder, "floppy");
    writeFileSync(path, floppy);
    const child = spawn(QEMU, [...QEMU_OPTIONS, "-drive", `if=none,id=f,format=raw,file=${path}`, "-device", "floppy,drive=f"], { stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    let start = 0;
    let end = 0;
    child.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString("latin1");
      if (start === 0 && output.includes("S\n")) start = performance.now();
      if (end === 0 && output.includes("E ")) end = performance.now();
    });
    const timer = setTimeout(() => child.kill(), 120_000);
    await new Promise<void>((resolve) => void child.on("close", () => resolve()));
    clearTimeout(timer);
    const perIteration = PER_ITERATION[guest] ?? 1_000_000;
    const retired = Math.max(1, Math.round(instructions / perIteration)) * perIteration;
    const mark = output.indexOf("E ");
    return { mips: end > start ? retired / (end - start) / 1000 : 0, result: output.slice(mark + 2, mark + 10) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const hasQemu = (): boolean => spawnSync(QEMU, ["--version"]).status === 0;

export async function benchEngines(names: readonly string[] = [], runs = 3, report: (line: EngineResult) => void = () => undefined): Promise<EngineResult[]> {
  const results: EngineResult[] = [];
  const qemu = hasQemu();
  for (const guest of guestNames(names)) {
    const instructions = COMPILED[guest] ?? 1e9;
    const slow = guest === "softint" || guest === "outport";
    for (const flags of [0, 1]) {
      let best = { compiled: 0, qemu: 0 };
      const computed = new Set<string>();
      for (let run = 0; run < runs; run++) {
        const compiled = measure(guest, flags, "on", instructions, 1);
        computed.add(compiled.result.slice(0, 8));
        best = { ...best, compiled: Math.max(best.compiled, compiled.mips) };
        if (!qemu) continue;
        const other = await measureQemu(guest, flags, instructions);
        computed.add(other.result);
        best = { ...best, qemu: Math.max(best.qemu, other.mips) };
      }
      if (computed.size !== 1) throw new Error(`${guest}: the engines disagree: ${[...computed].join(" ")}`);
      const interpreted = measure(guest, flags, "off", slow ? SLOW_INTERPRETED : INTERPRETED, 1).mips;
      const result = { guest, flags, ...best, interpreted };
      results.push(result);
      report(result);
    }
  }
  return results;
}

const column = (value: number): string => value.toFixed(0).padStart(12);
const ratio = (value: number, of: number): string => (of > 0 ? (value / of).toFixed(2) : "-").padStart(8);

export const HEADER = `guest    paging    compiled  interpreter    QEMU TCG   /QEMU  /interpreter`;
export const formatResult = ({ guest, flags, compiled, interpreted, qemu }: EngineResult): string =>
  `${guest.padEnd(8)} ${flags === 0 ? "off" : "on "}   ${column(compiled)} ${column(interpreted)} ${column(qemu)}${ratio(compiled, qemu)} ${ratio(compiled, interpreted)}`;

/** Geometric mean of the ratios to QEMU, 0 without it. */
export function meanRatio(results: readonly EngineResult[]): number {
  const compared = results.filter(({ qemu }) => qemu > 0);
  return compared.length === 0 ? 0 : Math.exp(compared.reduce((sum, { compiled, qemu }) => sum + Math.log(compiled / qemu), 0) / compared.length);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  const at = words.indexOf("--runs");
  const runs = at >= 0 ? Number(words.splice(at, 2)[1]) : 3;
  console.log(HEADER);
  const results = await benchEngines(words, runs, (result) => console.log(formatResult(result)));
  if (results.length === 0) console.log(`no guests at ${GUESTS}, skipped`);
  else console.log(`geometric mean against QEMU TCG: ${meanRatio(results).toFixed(2)}`);
}
