/**
 * `cloud fork` in virtual time: how long the source stands still, how long until there is a twin, and what goes over
 * the wire beside the memory in use; eight twins in a row, and at once; and the code and data that the kernel has for
 * it.
 *
 *     npm run bench -- fork
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { workshopCommand } from "../scripts/command.mjs";
import { assemble } from "../src/assembler/assemble.ts";
import { LabCluster, loadFirmware, type NodeOptions } from "../src/index.ts";
import { keyOfSeed } from "../src/lab/cluster-key.ts";
import { SHF_ALLOC, SHF_WRITE } from "../src/object/elf.ts";
import { readElf } from "../src/object/elf-reader.ts";
import { MoveScene } from "../tests/fork/migrate-scene.ts";
import { ForkScene, joined } from "../tests/fork/scene.ts";
import { isTcp } from "../tests/system/clone-scene.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const KERNEL_SPACE = 0xc0000000;
const MIB = 1 << 20;
const PAGE_BYTES = 4096;
const KEY = keyOfSeed(1);
const INCLUDES = ["asm/include", "asm"];

/** Programs that sort so many lines each, and keep them in memory as nobody reads the result. */
interface Load {
  /** Virtual time of an instruction. */
  readonly nsPerInstruction: number;
  readonly ramMib: number;
  readonly programs: number;
  readonly lines: number;
}

const LOADS: readonly Load[] = [
  { nsPerInstruction: 10, ramMib: 12, programs: 0, lines: 0 },
  { nsPerInstruction: 10, ramMib: 32, programs: 1, lines: 300_000 },
  { nsPerInstruction: 10, ramMib: 96, programs: 4, lines: 300_000 },
  { nsPerInstruction: 2, ramMib: 96, programs: 4, lines: 300_000 },
];

const TWINS = 8;
const CONNECTIONS = 32;
const FIRST_PORT = 5100;
const WINDOW_NS = 1e9;

workshopCommand(
  "npm run bench -- fork",
  "pause, time and bytes of cloud fork, and what the kernel has for it",
  "",
).parse();

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(ROOT, path)));
const symbols = new Map(
  readElf(read("build/kernel.elf"), "build/kernel.elf").symbols.map(({ name, value }) => [name, value - KERNEL_SPACE]),
);

/** A cluster of this many machines with a key. */
async function cluster(count: number, ramMib: number, nsPerInstruction = 10): Promise<ForkScene> {
  const cdrom = read("build/qure.iso");
  const nodes = Array.from(
    { length: count },
    (_, index): NodeOptions => ({ cdrom, ramBytes: ramMib * MIB, hostName: `m${index + 1}`, key: KEY }),
  );
  return new ForkScene(await joined(new LabCluster({ firmware: loadFirmware(), nodes, nsPerInstruction })));
}

/** Memory that is in use at the source. */
function usedBytes({ source }: ForkScene): number {
  const wordAt = (name: string): number =>
    new DataView(source.readMemory(symbols.get(name)!, 4).slice().buffer).getUint32(0, true);
  return (wordAt("pages_low_end") - wordAt("pages_free")) * PAGE_BYTES;
}

async function oneFork({ nsPerInstruction, ramMib, programs, lines }: Load): Promise<void> {
  const scene = await cluster(3, ramMib, nsPerInstruction);
  for (let program = 0; program < programs; program++) {
    scene.source.type(`seq ${lines} | sort | sleep 3600000 &\n`);
    await scene.lab.advance("10s");
  }
  const used = usedBytes(scene);
  await scene.accept();
  await scene.fork();
  const [, pages, pauseUs, totalMs] = scene.became!.map(Number);
  const share = scene.transferBytes / used;
  process.stdout.write(
    `${(used / MIB).toFixed(1)} MiB in use, ${1000 / nsPerInstruction} million instructions a second: ${(pauseUs! / 1000).toFixed(1)} ms of pause, ${(totalMs! / 1000).toFixed(2)} s in all, ${pages} pages, ${share.toFixed(2)} bytes on the wire for each in use\n`,
  );
  scene.lab.close();
}

/** Eight twins, one after the other, of a source with nothing but its shell. */
async function inARow(): Promise<void> {
  const scene = await cluster(TWINS + 1, 12);
  const { source, lab } = scene;
  for (const node of lab.nodes.slice(1)) await node.enter("cloud fork accept", /^For a minute, .*$/m);
  const fromNs = lab.nowNs;
  for (let twin = 0; twin < TWINS; twin++)
    await source.enter("cloud fork any", /^m\d is the twin: .*$/m, { within: "60s" });
  const seconds = (lab.nowNs - fromNs) / 1e9;
  process.stdout.write(`${TWINS} twins in a row: ${seconds.toFixed(2)} s\n`);
  lab.close();
}

/** Eight twins at once of the same source. */
async function atOnce(): Promise<void> {
  const { lab, source } = await cluster(TWINS + 1, 12);
  for (const node of lab.nodes.slice(1)) await node.enter("cloud fork accept", /^For a minute, .*$/m);
  const fromNs = lab.nowNs;
  await source.enter("cloud fork all", new RegExp(`^twins: ${TWINS}, .*$`, "m"), { within: "60s" });
  const seconds = (lab.nowNs - fromNs) / 1e9;
  process.stdout.write(`${TWINS} twins at once: ${seconds.toFixed(2)} s\n`);
  lab.close();
}

/** A move with so many connections, each of which m3 fills: how long nothing comes, and how much a second does. */
async function oneMove(connections: number): Promise<void> {
  const { lab } = await cluster(3, 32);
  const scene = new MoveScene(lab);
  const { source, other } = scene;
  for (let port = FIRST_PORT; port < FIRST_PORT + connections; port++) source.type(`nc -l ${port} | wc &\n`);
  await lab.advance("5s");
  const address = scene.addressOf(source);
  await scene.accept();
  for (let port = FIRST_PORT; port < FIRST_PORT + connections; port++)
    other.type(`seq 150000 | nc ${address} ${port} &\n`);
  await lab.advance("5s");
  const arrivals: [atNs: number, bytes: number][] = [];
  lab.cluster.network.onFrame = (link, end, sentNs, _arrivalNs, frame) => {
    if (end !== 0 || link.name !== other.name || !isTcp(frame)) return;
    arrivals.push([sentNs, frame.length]);
  };
  await scene.move();
  await lab.advance("2s");
  lab.close();
  process.stdout.write(`${connections} connections: ${scene.moved?.[0] ?? "it has not moved"}\n`);
  const fromNs = arrivals[0]?.[0] ?? 0;
  const perWindow = new Map<number, number>();
  for (const [atNs, bytes] of arrivals) {
    const window = Math.floor((atNs - fromNs) / WINDOW_NS);
    perWindow.set(window, (perWindow.get(window) ?? 0) + bytes);
  }
  const shown = [...perWindow.values()].map((bytes) => `${((bytes * 8) / 1e6).toFixed(1)}`);
  process.stdout.write(`Mbit/s that are sent to it, by seconds: ${shown.join(", ")}\n`);
}

/** What the sources that exist for forks alone add to the kernel. */
function sizes(): void {
  let constantBytes = 0;
  let variableBytes = 0;
  const folders = readdirSync(join(ROOT, "asm"), { recursive: true, encoding: "utf8" });
  for (const name of folders.filter((path) => /(^|\/)(fork|migrate|handover|gate)[^/]*\.s$/.test(path))) {
    const path = `asm/${name}`;
    const { object } = assemble({
      path,
      files: {
        read: (wanted, from) => {
          const besides = from === null ? [] : [dirname(from)];
          for (const base of ["", ...[...besides, ...INCLUDES].map((folder) => `${folder}/`)]) {
            try {
              return { path: `${base}${wanted}`, bytes: read(`${base}${wanted}`) };
            } catch {}
          }
          return null;
        },
      },
    });
    for (const { flags, sizeBytes } of readElf(object!, path).sections) {
      if ((flags & SHF_ALLOC) === 0) continue;
      if ((flags & SHF_WRITE) === 0) constantBytes += sizeBytes;
      else variableBytes += sizeBytes;
    }
  }
  const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
  process.stdout.write(`code and constants: ${kib(constantBytes)} KiB, variables: ${kib(variableBytes)} KiB\n`);
}

sizes();
for (const load of LOADS) await oneFork(load);
await inARow();
await atOnce();
await oneMove(CONNECTIONS);
