/** Two machines of QEMU: with its card, its clocks and its processor a kernel becomes two as well. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { expect, test } from "vitest";
import type { BlockBackend } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { requireOracle } from "../oracle.ts";
import { images } from "../system/images.ts";
import { emptyVolume } from "./migrate-disk-scene.ts";

const LOOK_MS = 100;
/** The UART loses what is typed faster than the machine reads. */
const KEY_MS = 5;
const MEMBER = /^cloud: \S+ (\S+) era 1 age 1 peers 1\s*$/m;

function bytesOf(disk: BlockBackend): Uint8Array {
  const bytes = new Uint8Array(disk.sizeBytes);
  disk.read(0, bytes);
  return bytes;
}

class Machine {
  readonly #child;
  text = "";

  constructor(qemu: string, folder: string, number: number, wire: string, hasDisk: boolean) {
    const machine = ["-M", "pc", "-m", "32", "-display", "none", "-monitor", "none", "-serial", "stdio"];
    const card = ["-netdev", wire, "-device", `e1000,netdev=wire,mac=52:54:00:00:00:0${number}`];
    const media = ["-cdrom", join(folder, "qure.iso"), "-boot", "d"];
    const key = ["-fw_cfg", `name=opt/org.qure/cluster,file=${join(folder, "key")}`];
    const file = join(folder, `disk${number}`);
    if (hasDisk) writeFileSync(file, bytesOf(emptyVolume(number)));
    const disk = hasDisk ? ["-drive", `file=${file},format=raw,if=ide,index=0`] : [];
    this.#child = execa(qemu, [...machine, ...card, ...media, ...disk, ...key], {
      timeout: 100_000,
      reject: false,
      buffer: false,
      stdin: "pipe",
    });
    this.#child.stdout!.on("data", (chunk) => {
      this.text += String(chunk).replace(/\r|\x1b\[[0-9;?]*[A-Za-z]/g, "");
    });
  }

  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      await delay(LOOK_MS);
    }
  }

  async enter(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    for (const character of `${line}\r`) {
      this.#child.stdin!.write(character);
      await delay(KEY_MS);
    }
    return this.shows(pattern);
  }

  async end(): Promise<void> {
    this.#child.kill();
    await this.#child;
  }
}

/** Two members, and what is to be done when they are through. */
async function pair(qemu: string, hasDisks = false): Promise<[Machine, Machine, string, () => Promise<void>]> {
  const folder = mkdtempSync(join(tmpdir(), "qure-fork-"));
  writeFileSync(join(folder, "qure.iso"), images().iso);
  writeFileSync(join(folder, "key"), keyOfSeed(1));
  const wire = `type=unix,path=${join(folder, "wire")}`;
  const source = new Machine(qemu, folder, 1, `stream,id=wire,server=on,addr.${wire.replace(",", ",addr.")}`, hasDisks);
  await delay(5 * LOOK_MS);
  const target = new Machine(
    qemu,
    folder,
    2,
    `stream,id=wire,server=off,addr.${wire.replace(",", ",addr.")}`,
    hasDisks,
  );
  const end = async (): Promise<void> => {
    await source.end();
    await target.end();
    rmSync(folder, { recursive: true });
  };
  const [[, address]] = await Promise.all([target.shows(MEMBER), source.shows(MEMBER)]);
  return [source, target, address!, end];
}

test("a kernel becomes two on QEMU's machines", async (context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const [source, target, address, end] = await pair(qemu);
  try {
    await source.enter("set greeting hello", /set greeting hello\n.*> $/);
    await target.enter("cloud fork accept", /^For a minute, /m);
    await source.enter(`cloud fork ${address}`, /is the twin: /);
    await target.shows(/^I am \S+, forked from \S+$/m);
    await target.shows(/forked from[\s\S]*^cloud: \S+ \S+ era 1 age \d+ peers 1\s*$/m);
    await target.enter("echo twin $greeting", /^twin hello$/m);
    await source.enter("echo source $greeting", /^source hello$/m);
    expect(`${source.text}${target.text}`).not.toMatch(/PANIC/);
  } finally {
    await end();
  }
}, 120_000);

test("a kernel moves from one of QEMU's machines to the other", async (context) => {
  const [source, target, , end] = await pair(requireOracle("qemu-system-i386", context));
  try {
    await source.enter("set greeting hello", /set greeting hello\n.*> $/);
    await target.enter("cloud fork accept", /^For a minute, /m);
    await source.enter("cloud migrate any", /^moved to \S+: /m);
    await target.shows(/^I am \S+, moved to the machine that was \S+$/m);
    await target.enter("echo moved $greeting", /^moved hello$/m);
    await target.shows(/moved to the machine[\s\S]*^cloud: \S+ \S+ era \d+ age \d+ peers \d+\s*$/m);
    await source.shows(/^moved to [\s\S]*^QuRe revision /m);
    expect(`${source.text}${target.text}`).not.toMatch(/PANIC/);
  } finally {
    await end();
  }
}, 120_000);

test("a kernel moves with its files from one of QEMU's machines to the other", async (context) => {
  const [source, target, , end] = await pair(requireOracle("qemu-system-i386", context), true);
  try {
    await source.enter("echo of the source > /net/mine; sync", /sync\n.*> $/);
    await target.enter("cloud fork accept --erase", /^What moves here .*$/m);
    await source.enter("cloud migrate any", /^moved to \S+: /m);
    await target.shows(/^I am \S+, moved to the machine that was \S+$/m);
    await target.enter("cat /net/mine; fsck /net", /^of the source\n\/net: no problem was found$/m);
    await source.shows(/^moved to [\s\S]*^cluster: .* in memory only: hda0: its files moved to another machine, /m);
    expect(`${source.text}${target.text}`).not.toMatch(/PANIC/);
  } finally {
    await end();
  }
}, 120_000);
