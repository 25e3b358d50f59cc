/**
 * Real work in a real system: Debian's kernel and busybox, booted from the same CD by each emulator, and what a person
 * types there; memtest86+; and xv6's usertests, where somebody has built one. A row is the time from the command (or
 * the key) to the answer on COM1, in wall and in processor seconds of the emulator and all its threads; the least of
 * several launches that take turns. Processor time is what to compare on a machine that does other things too.
 *
 *     npm run bench -- systems
 *
 * The kernel and busybox come from `tests/systems/fetch`, the other programs from `tests/systems/fetch programs`; the
 * CD is made with ISOLINUX and xorriso.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { listOf, oneOf, wholeNumber, workshopCommand } from "../scripts/command.mjs";
import { linuxIso, memtestIso, type RootFile } from "../tests/systems/linux.ts";
import { machineName, SYSTEM_PEERS, type SystemPeer } from "./peers/peers.ts";
import { encode, NOBODY_SKIPS, programFiles } from "./peers/programs.ts";
import { processorTime, Terminal } from "./peers/terminal.ts";
import { cSource, LUA_SOURCE, SQL_SOURCE } from "./work-files.ts";

/** What is typed, by the row's name. Each prints what it has computed, which has to be equal everywhere. */
const COMMANDS: Readonly<Record<string, string>> = {
  md5sum: "for i in 1 2 3 4; do md5sum /bin/busybox; done | uniq",
  gzip: "head -c 2000000 /bin/busybox | gzip | md5sum",
  awk: "awk 'BEGIN { for (i = 0; i < 100000; i++) x = x * 0.5 + i / 3; printf \"%.6f\\n\", x }'",
  forks: "i=0; while [ $i -lt 20 ]; do /bin/busybox true; i=$((i+1)); done; echo $i",
  tcc: "tcc -c -o /tmp/work.o /work.c && md5sum /tmp/work.o",
  lua: "lua5.4 /work.lua",
  sqlite: "sqlite3 :memory: < /work.sql",
};
const BOOT = "boot";
const MEMTEST = "memtest86+";
const XV6 = "xv6";
const LINUX_MEGABYTES = 128;
const MEMTEST_MEGABYTES = 16;
const READY = "init has come up";
const PROMPT = "/ # ";
const PATIENCE_MS = 10_000;
interface Time {
  readonly wallSeconds: number;
  /** NaN where /proc does not tell. */
  readonly processorSeconds: number;
}

type Times = Map<string, Time & { readonly answer: string }>;
type Note = (name: string, since: number, processorSince: number, answer: string) => void;

/** An emulator that is asked to end keeps what it keeps. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, "exit");
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    try {
      process.kill(-child.pid!, signal);
    } catch {
      // It has ended by itself.
    }
    if (await Promise.race([end.then(() => true), setTimeout(PATIENCE_MS, false, { ref: false })])) return;
  }
}

/** Launches an emulator once, and measures what happens at its terminal. */
async function launched(
  [program, ...options]: readonly [program: string, ...options: string[]],
  work: (terminal: Terminal, note: Note, launch: number, pid: number) => Promise<void>,
): Promise<Times> {
  const times: Times = new Map();
  const launch = performance.now();
  const child = spawn(program, options, { stdio: ["pipe", "pipe", "ignore"], detached: true });
  try {
    const note: Note = (name, since, processorSince, answer) =>
      void times.set(name, {
        wallSeconds: (performance.now() - since) / 1000,
        processorSeconds: processorTime(child.pid!) - processorSince,
        answer,
      });
    await work(new Terminal(child), note, launch, child.pid!);
    return times;
  } finally {
    await ended(child);
  }
}

/** Boots Linux once and runs all rows. */
const linuxRows = (peer: SystemPeer, iso: string, names: readonly string[]): Promise<Times> =>
  launched(peer.command(iso, LINUX_MEGABYTES), async (terminal, note, launch, pid) => {
    await terminal.until(READY, 0);
    await terminal.until(PROMPT, terminal.text.indexOf(READY));
    note(BOOT, launch, 0, "");
    for (const name of names) {
      // The mark is put together by the shell, so that its echo is not taken for the answer.
      const from = terminal.text.length;
      const start = performance.now();
      const before = processorTime(pid);
      terminal.type(`${COMMANDS[name]}; echo do''ne`);
      await terminal.until("\ndone", from);
      const said = terminal.text.slice(from).split("\n").slice(1, -1);
      const answer = said.filter((line) => !line.startsWith("done"));
      note(name, start, before, answer.join("\n").trim());
      await terminal.until(PROMPT, terminal.text.indexOf("\ndone", from));
    }
  });

/** From power-on through the tests of memtest86+'s first pass, up to the last, in which it only waits. */
const memtestRow = (peer: SystemPeer, iso: string): Promise<Times> =>
  launched(peer.command(iso, MEMTEST_MEGABYTES), async (terminal, note, launch) => {
    await terminal.until("Bit fade", 0);
    note(MEMTEST, launch, 0, "");
  });

/** From power-on to the end of usertests, which an xv6 runs instead of its shell. */
const xv6Row = (peer: SystemPeer, xv6: string): Promise<Times> =>
  launched(peer.disks!(join(xv6, "xv6.img"), join(xv6, "fs.img")), async (terminal, note, launch) => {
    await terminal.until("ALL TESTS PASSED", 0);
    note(XV6, launch, 0, "");
  });

/** A compiler, an interpreter and a database, and what they are given. */
const files = (): readonly RootFile[] => [
  ...programFiles("programs", ["tcc", "lua5.4", "sqlite3"]),
  ["tmp", null],
  ["work.c", encode(cSource())],
  ["work.lua", encode(LUA_SOURCE)],
  ["work.sql", encode(SQL_SOURCE)],
];

const peerNames = SYSTEM_PEERS.map((peer) => peer.name);
const { runs, only, xv6, json } = workshopCommand(
  "npm run bench -- systems",
  "Linux's work beside other emulators",
  "--runs 1",
)
  .option("--runs <number>", "the least of so many is taken", wholeNumber(1), 2)
  .option("--only <names>", `of ${peerNames.join(", ")}`, listOf(oneOf(peerNames)), peerNames)
  .option("--xv6 <folder>", "also its xv6.img and fs.img, whose init runs usertests")
  .option("--json <file>", "write the figures to FILE too")
  .parse()
  .opts<{ readonly runs: number; readonly only: readonly string[]; readonly xv6?: string; readonly json?: string }>();
const names = Object.keys(COMMANDS);
const peers = SYSTEM_PEERS.filter((peer) => peer.installed() && only.includes(peer.name));
const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
try {
  const iso = join(folder, "linux.iso");
  writeFileSync(iso, linuxIso("console=ttyS0 quiet", NOBODY_SKIPS, files()));
  const memtest = join(folder, "memtest.iso");
  writeFileSync(memtest, memtestIso("console=ttyS0,115200", NOBODY_SKIPS));
  const best = new Map<SystemPeer, Map<string, Time>>(peers.map((peer) => [peer, new Map()]));
  const answers = new Map<string, string>();
  for (let run = 0; run < runs; run++) {
    for (const peer of peers) {
      const failed = (error: unknown): Times => {
        process.stderr.write(`bench: ${peer.name}: ${String(error)}\n`);
        return new Map();
      };
      const linux = await linuxRows(peer, iso, names).catch(failed);
      const times = [...linux, ...(await memtestRow(peer, memtest).catch(failed))];
      if (xv6 !== undefined && peer.disks) times.push(...(await xv6Row(peer, xv6).catch(failed)));
      for (const [name, { wallSeconds, processorSeconds, answer }] of times) {
        const known = best.get(peer)!.get(name);
        best.get(peer)!.set(name, {
          wallSeconds: Math.min(wallSeconds, known?.wallSeconds ?? Infinity),
          processorSeconds: Math.min(processorSeconds, known?.processorSeconds ?? Infinity),
        });
        const expected = answers.get(name) ?? answer;
        if (answer !== expected)
          throw new Error(`${name}: ${peer.name} says ${JSON.stringify(answer)}, others ${JSON.stringify(expected)}`);
        answers.set(name, answer);
      }
    }
  }
  console.log(`${machineName()}; seconds of processor (wall), least of ${runs}\n`);
  console.log(`| | ${peers.map(({ name }) => name).join(" | ")} |`);
  console.log(`|---|${peers.map(() => "---:|").join("")}`);
  for (const name of [BOOT, ...names, MEMTEST, ...(xv6 === undefined ? [] : [XV6])]) {
    const cells = peers.map((peer) => {
      const time = best.get(peer)!.get(name);
      return time === undefined ? "-" : `${time.processorSeconds.toFixed(2)} (${time.wallSeconds.toFixed(2)})`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  if (json !== undefined) {
    const rows = peers.map((peer) => ({ name: peer.name, seconds: Object.fromEntries(best.get(peer)!) }));
    writeFileSync(json, `${JSON.stringify({ machine: machineName(), runs, peers: rows }, null, 2)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
