/**
 * Volumes beside qcow2, in one run: what it takes to make, snapshot and clone them, the space of clones, and what
 * qemu-nbd and `qure volume map` let through. Needs qemu-utils, libnbd-bin and fio.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolderStore } from "../src/host/volume-folder.ts";
import { volumeHost } from "../src/host/volume-host.ts";
import type { VolumeDevice } from "../src/volume/model.ts";
import { openVolumes } from "../src/volume/volumes.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const ROUNDS = 20;
const folder = mkdtempSync(join(process.env["QURE_BENCH_FOLDER"] ?? tmpdir(), "qure-bench-volume-"));
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: "utf8", cwd: folder });
const spaceOf = (path: string): number => Number(run("du", "-s", "-B1", path).split("\t")[0]);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Milliseconds of the median of some rounds. */
async function median(action: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await action(round);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

const store = openFolderStore(join(folder, "volumes"));
const volumes = openVolumes(
  store,
  volumeHost(() => ({ id: "bench", host: "bench" })),
);

async function small(): Promise<void> {
  for (const [name, size] of [
    ["10 GiB", 10 * GIB],
    ["10 TiB", 10 * 1024 * GIB],
  ] as const) {
    const id = name.replace(" ", "");
    const create = await median((round) => volumes.create(`${id}-${round}`, { sizeBytes: size }));
    const device = await volumes.open(`${id}-0`);
    await device.write(0, new Uint8Array(MIB).fill(1));
    await device.close();
    const snapshot = await median((round) => volumes.snapshot(`${id}-0`, `${id}-s${round}`));
    const clone = await median((round) => volumes.clone(`${id}-s0`, `${id}-c${round}`));
    const qcow = await median(async (round) =>
      run("qemu-img", "create", "-q", "-f", "qcow2", `${id}-${round}.qcow2`, `${size}`),
    );
    const overlay = await median(async (round) =>
      run("qemu-img", "create", "-q", "-f", "qcow2", "-b", `${id}-0.qcow2`, "-F", "qcow2", `${id}-o${round}.qcow2`),
    );
    say(
      `${name}: create ${create.toFixed(2)} ms, snapshot ${snapshot.toFixed(2)} ms, clone ${clone.toFixed(2)} ms; qemu-img create ${qcow.toFixed(1)} ms, overlay ${overlay.toFixed(1)} ms, its process's start included`,
    );
  }
}

async function space(): Promise<void> {
  const before = spaceOf("volumes");
  for (let count = 0; count < 100; count++) await volumes.clone("10GiB-s0", `space-${count}`);
  const each = (spaceOf("volumes") - before) / 100;
  say(
    `100 clones of 10 GiB: ${(each / 1024).toFixed(1)} KiB each; a qcow2 overlay ${(spaceOf("10GiB-o0.qcow2") / 1024).toFixed(1)} KiB`,
  );
}

async function memory(): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const device: VolumeDevice = await volumes.open("10TiB-1");
  for (let at = 0; at < 1000; at++) await device.write(at * 10 * GIB, new Uint8Array(4096).fill(at & 255));
  await device.flush();
  say(
    `10 TiB open, 1,000 blocks written all over it: ${((process.memoryUsage().rss - before) / MIB).toFixed(1)} MiB more`,
  );
  await device.close();
}

async function garbage(): Promise<void> {
  const id = "0".repeat(32);
  for (let count = 0; count < 100_000; count++)
    await store.write(`frozen/${id}/00000001/${count.toString(16).padStart(64, "0")}`, 0, new Uint8Array(64), {
      isDurable: false,
    });
  const start = performance.now();
  const { objects } = await volumes.collect();
  say(`gc of ${objects} objects: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

const fio = (uri: string, ...args: string[]): number => {
  const text = run("fio", "--name=x", "--ioengine=nbd", `--uri=${uri}`, "--output-format=json", "--direct=0", ...args);
  const [job] = (
    JSON.parse(text.slice(text.indexOf("{"))) as {
      jobs: { read: { bw_bytes: number; iops: number }; write: { bw_bytes: number; iops: number } }[];
    }
  ).jobs;
  return args.includes("--bs=4k") ? job!.read.iops + job!.write.iops : (job!.read.bw_bytes + job!.write.bw_bytes) / MIB;
};

/** Of a server at a URI, all of it filled first. */
function rates(uri: string): readonly number[] {
  const size = "--size=512M";
  return [
    fio(uri, "--rw=write", "--bs=1M", size),
    fio(uri, "--rw=read", "--bs=1M", size),
    fio(uri, "--rw=randread", "--bs=4k", "--iodepth=16", size, "--io_size=64M"),
    fio(uri, "--rw=randwrite", "--bs=4k", "--iodepth=16", size, "--io_size=64M"),
  ];
}

const RATE_ROUNDS = 3;
const RATES = ["sequential write MiB/s", "sequential read MiB/s", "random 4 KiB reads/s", "random 4 KiB writes/s"];

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function ratesOfPeer(round: number): Promise<readonly number[]> {
  const [socket, disk] = [join(folder, `q${round}.sock`), `disk${round}.qcow2`];
  run("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", disk);
  const peer = spawn("qemu-nbd", ["-f", "qcow2", "--persistent", "--shared=8", "--discard=unmap", "-k", socket, disk], {
    cwd: folder,
    stdio: "ignore",
  });
  await sleep(500);
  const found = rates(`nbd+unix:///?socket=${socket}`);
  peer.kill();
  rmSync(join(folder, disk));
  return found;
}

function ratesOfOurs(round: number): readonly number[] {
  const env = {
    ...process.env,
    XDG_RUNTIME_DIR: join(folder, "run"),
    XDG_STATE_HOME: join(folder, "state"),
    QURE_STORE: join(folder, "volumes"),
  };
  const qure = (...args: string[]): string =>
    execFileSync("node", ["dist/qure.cjs", "volume", ...args], { encoding: "utf8", env }).trim();
  const name = `served-${round}`;
  qure("create", name, "--size", "512M");
  const found = rates(qure("map", name, "--detach"));
  qure("unmap", name);
  return found;
}

/** New disks in each round, since memory that the host has never touched is slow for whoever comes first. */
async function served(): Promise<void> {
  mkdirSync(join(folder, "run"));
  run("qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "512M");
  const [theirs, ours]: [(readonly number[])[], (readonly number[])[]] = [[], []];
  for (let round = 0; round < RATE_ROUNDS; round++) {
    theirs.push(await ratesOfPeer(round));
    ours.push(ratesOfOurs(round));
  }
  for (const [index, what] of RATES.entries()) {
    const [our, their] = [ours, theirs].map((all) => middle(all.map((found) => found[index]!))) as [number, number];
    say(`${what}: qure ${our.toFixed(0)}, qemu-nbd with qcow2 ${their.toFixed(0)}, ratio ${(our / their).toFixed(2)}`);
  }
}

try {
  await small();
  await space();
  await memory();
  await garbage();
  await served();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
