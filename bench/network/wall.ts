/**
 * The network in wall time, beside QEMU: two machines that run the same image of QuRe in our emulator, and two QEMUs
 * with a cable between them; and what a program of this host gets through a forwarded port of each.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware, folderTree, LabCluster } from "../../src/index.ts";
import { machineName } from "../peers/peers.ts";
import { processorTime, Terminal } from "../peers/terminal.ts";
import { emptyDisk, prepareQure, qureIso, ROOT, SERVER_ADDRESS } from "./work.ts";

const RAM_MEGABYTES = 32;
const PROMPT = "> ";
const [HTTP_PORT, FIRST_PORT] = [80, 5001];
/** The cable between two QEMUs, and the ports of this host that lead to a guest. */
const [CABLE_PORT, FORWARDED] = [47951, 47952];
/** The kernel's serial port holds 16 characters. */
const [PIECE, PIECE_MS] = [8, 20];
const UPLOAD_BYTES = 16_000_000;
const DOWNLOADS = 15;

interface WallRow {
  readonly name: string;
  /** What `stream` does on either end; no server where it is the system's web server. */
  readonly client: string;
  readonly server?: string;
  readonly connections: number;
  /** Bytes, round trips or requests of each connection. */
  readonly count: number;
  readonly show: (units: number, seconds: number) => string;
}

const megabytes = (bytes: number, seconds: number): string => `${(bytes / seconds / 1e6).toFixed(1)} MB/s`;
const requests = (count: number, seconds: number): string => `${Math.round(count / seconds).toLocaleString("en")} /s`;
const microseconds = (count: number, seconds: number): string => `${((seconds / count) * 1e6).toFixed(0)} µs`;

const ROWS: readonly WallRow[] = [
  { name: "one connection", client: "s", server: "t", connections: 1, count: 16_000_000, show: megabytes },
  { name: "8 connections", client: "s", server: "t", connections: 8, count: 2_000_000, show: megabytes },
  { name: "a byte there and back", client: "p", server: "e", connections: 1, count: 1000, show: microseconds },
  { name: "1 KiB by HTTP, connection kept", client: "k", connections: 1, count: 1000, show: requests },
  { name: "1 KiB by HTTP, a connection each", client: "c", connections: 1, count: 150, show: requests },
];

/** What something took. */
interface Cost {
  readonly wallSeconds: number;
  readonly processorSeconds: number;
}

/** Two machines with a cable. */
interface Pair {
  /** Types a line on a machine, and waits for a text after it. */
  readonly enter: (machine: 0 | 1, line: string, text: string) => Promise<Cost>;
  readonly close: () => void;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function ownCost(): Cost {
  const { user, system } = process.cpuUsage();
  return { wallSeconds: performance.now() / 1000, processorSeconds: (user + system) / 1e6 };
}

const between = (before: Cost, after: Cost): Cost => ({
  wallSeconds: after.wallSeconds - before.wallSeconds,
  processorSeconds: after.processorSeconds - before.processorSeconds,
});

function pairInLab(cdrom: Uint8Array): Pair {
  const { files } = buildFirmware(folderTree(ROOT));
  const lab = new LabCluster({
    nodes: [0, 1].map(() => ({ cdrom, disk: emptyDisk(), ramBytes: RAM_MEGABYTES << 20 })),
    gateway: false,
    firmware: files!.find(({ name }) => name === "firmware.bin")!.content,
  });
  return {
    enter: async (machine, line, text) => {
      const node = lab.nodes[machine]!;
      const before = ownCost();
      if (line) node.type(`${line}\n`);
      await node.waitFor(text, { within: "forever" });
      return between(before, ownCost());
    },
    close: () => lab.close(),
  };
}

/** A machine in QEMU; what is given are its card's and drives' options. */
function startQemu(options: readonly string[]): ChildProcess {
  const usual = ["-M", "pc", "-accel", "tcg", "-m", `${RAM_MEGABYTES}`, "-display", "none", "-monitor", "none"];
  return spawn("qemu-system-i386", [...usual, "-serial", "stdio", "-boot", "d", ...options], {
    stdio: ["pipe", "pipe", "ignore"],
  });
}

/** Types a line in pieces that the guest's port holds; its end comes when the rest is there. */
async function typeSlowly(child: ChildProcess, line: string): Promise<void> {
  for (const piece of line.match(/[\s\S]{1,8}/g) ?? []) {
    if (piece.length > PIECE) throw new Error(piece);
    child.stdin!.write(piece);
    await pause(PIECE_MS);
  }
}

function pairInQemu(cdrom: Uint8Array, folder: string): Pair {
  const iso = join(folder, "qure.iso");
  writeFileSync(iso, cdrom);
  const machines = [0, 1].map((machine) => {
    const disk = join(folder, `disk-${machine}`);
    writeFileSync(disk, emptyDisk());
    const end = machine === 0 ? "listen" : "connect";
    const cable = ["-netdev", `socket,id=lan,${end}=127.0.0.1:${CABLE_PORT}`];
    const card = ["-device", `e1000,netdev=lan,mac=52:54:00:00:00:0${machine + 1}`];
    const child = startQemu([...cable, ...card, "-cdrom", iso, "-drive", `file=${disk},format=raw,if=ide,index=0`]);
    return { child, terminal: new Terminal(child), read: 0 };
  });
  const cost = (): Cost => ({
    wallSeconds: performance.now() / 1000,
    processorSeconds: machines.reduce((sum, { child }) => sum + processorTime(child.pid!), 0),
  });
  return {
    enter: async (number, line, text) => {
      const machine = machines[number]!;
      await typeSlowly(machine.child, line);
      const before = cost();
      if (line) machine.child.stdin!.write("\r");
      await machine.terminal.until(text, machine.read);
      machine.read = machine.terminal.text.indexOf(text, machine.read) + text.length;
      return between(before, cost());
    },
    close: () => {
      for (const { child } of machines) child.kill("SIGKILL");
    },
  };
}

async function measurePair(title: string, pair: Pair): Promise<Cost[]> {
  const costs: Cost[] = [];
  try {
    for (const machine of [0, 1] as const) {
      await pair.enter(machine, "", PROMPT);
      for (const line of prepareQure(machine + 1)) {
        await pair.enter(machine, line, "\n");
        await pair.enter(machine, "", PROMPT);
      }
      // The address is tried first.
      await pair.enter(machine, "sleep 5000; echo a''wake", "\nawake");
    }
    let port = FIRST_PORT;
    for (const row of ROWS) {
      const line = (work: string): string =>
        `/bin/stream ${work} ${SERVER_ADDRESS} ${row.server ? port : HTTP_PORT} ${row.connections} ${row.count}`;
      if (row.server) await pair.enter(1, `${line(row.server)} &`, "ready");
      const cost = await pair.enter(0, `${line(row.client)} &`, `<${row.client}>`);
      process.stderr.write(`${title}, ${row.name}: ${JSON.stringify(cost)}\n`);
      costs.push(cost);
      port++;
    }
  } finally {
    pair.close();
  }
  return costs;
}

/** Sends bytes to a port of this host, and waits until the other side has taken all. */
function upload(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(Buffer.alloc(UPLOAD_BYTES, "x")));
    socket.on("close", () => resolve()).on("error", reject);
    socket.resume();
  });
}

/** Fetches the kernel's file, again and again by one connection; gives the bytes. */
function download(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const socket = connect(port, "127.0.0.1", () => {
      const request = (end: string): string => `GET /kernel HTTP/1.1\r\nHost: guest\r\n${end}\r\n`;
      socket.write(request("").repeat(DOWNLOADS - 1) + request("Connection: close\r\n"));
    });
    socket.on("data", (piece: Buffer) => (bytes += piece.length));
    socket.on("close", () => resolve(bytes)).on("error", reject);
  });
}

/** Goodput from and to a program of this host. */
interface Forwarded {
  readonly inwards: Cost;
  readonly outwards: Cost;
  readonly outwardBytes: number;
}

async function measureForward(title: string, child: ChildProcess): Promise<Forwarded> {
  const terminal = new Terminal(child);
  const enter = async (line: string, text: string): Promise<void> => {
    const from = terminal.text.length;
    await typeSlowly(child, line);
    child.stdin!.write("\r");
    await terminal.until(text, from + line.length);
  };
  const cost = (): Cost => ({
    wallSeconds: performance.now() / 1000,
    processorSeconds: processorTime(child.pid!),
  });
  try {
    await terminal.until("by DHCP", 0);
    // The files of /boot.
    await enter("netboot on", PROMPT);
    await enter("set http.root /boot", PROMPT);
    await enter(`/bin/stream t 0 ${FIRST_PORT} 1 ${UPLOAD_BYTES} &`, "ready");
    let before = cost();
    await upload(FORWARDED);
    const inwards = between(before, cost());
    before = cost();
    const outwardBytes = await download(FORWARDED + 1);
    const outwards = between(before, cost());
    if (outwardBytes < DOWNLOADS << 19) throw new Error(`${title}: ${outwardBytes} bytes are no ${DOWNLOADS} kernels`);
    process.stderr.write(`${title}: ${JSON.stringify({ inwards, outwards, outwardBytes })}\n`);
    return { inwards, outwards, outwardBytes };
  } finally {
    child.kill("SIGKILL");
    // Its ports are the next one's.
    if (child.exitCode === null) await once(child, "exit");
  }
}

function forwardInOurs(iso: string): ChildProcess {
  const ports = [`${FORWARDED}:${FIRST_PORT}`, `${FORWARDED + 1}:${HTTP_PORT}`].flatMap((one) => ["--forward", one]);
  const options = [
    "emu",
    "--realtime",
    "--cdrom",
    iso,
    "--boot",
    "d",
    "--serial",
    "stdio",
    "--memory",
    `${RAM_MEGABYTES}M`,
  ];
  return spawn("node", [join(ROOT, "dist/qure.cjs"), ...options, ...ports], { stdio: ["pipe", "pipe", "ignore"] });
}

function forwardInQemu(iso: string): ChildProcess {
  const port = (ours: number, guests: number): string => `hostfwd=tcp:127.0.0.1:${ours}-:${guests}`;
  const user = `user,id=lan,${port(FORWARDED, FIRST_PORT)},${port(FORWARDED + 1, HTTP_PORT)}`;
  return startQemu(["-netdev", user, "-device", "e1000,netdev=lan", "-cdrom", iso]);
}

const inBoth = (show: (cost: Cost) => string, costs: readonly Cost[]): string =>
  costs.map((cost) => `${show(cost)} | ${cost.processorSeconds.toFixed(2)} s`).join(" | ");

/** Measures all of it, and prints tables. */
export async function measureWall(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
  try {
    const cdrom = qureIso(folder);
    const pairs = [
      await measurePair("two machines of ours", pairInLab(cdrom)),
      await measurePair("two QEMUs", pairInQemu(cdrom, folder)),
    ];
    const iso = join(folder, "qure.iso");
    const forwarded = [
      await measureForward("--forward", forwardInOurs(iso)),
      await measureForward("hostfwd", forwardInQemu(iso)),
    ];
    console.log(`${machineName()}\n`);
    console.log(
      "| in wall time | QuRe's emulator | processor time | QEMU | processor time |\n|---|---:|---:|---:|---:|",
    );
    for (const [place, row] of ROWS.entries()) {
      const show = ({ wallSeconds }: Cost): string => row.show(row.connections * row.count, wallSeconds);
      console.log(
        `| ${row.name} | ${inBoth(
          show,
          pairs.map((costs) => costs[place]!),
        )} |`,
      );
    }
    const into = ({ wallSeconds }: Cost): string => megabytes(UPLOAD_BYTES, wallSeconds);
    const outOf = ({ wallSeconds }: Cost): string => megabytes(forwarded[0]!.outwardBytes, wallSeconds);
    console.log(
      `| from this host through a forwarded port | ${inBoth(
        into,
        forwarded.map((one) => one.inwards),
      )} |`,
    );
    console.log(
      `| and to this host | ${inBoth(
        outOf,
        forwarded.map((one) => one.outwards),
      )} |`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
