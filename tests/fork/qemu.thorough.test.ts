/** Two machines of QEMU: with its card, its clocks and its processor a kernel becomes two as well. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { emptyVolume } from "./migrate-disk-scene.ts";
import { QemuMachine, writeMedia } from "./qemu-machine.ts";

/** Until the first one listens. */
const LISTENS_MS = 500;
const MEMBER = /^cloud: \S+ (\S+) era 1 age 1 peers 1\s*$/m;

/** Two members, and what is to be done when they are through. */
async function pair(qemu: string, hasDisks = false): Promise<[QemuMachine, QemuMachine, string, () => Promise<void>]> {
  const folder = mkdtempSync(join(tmpdir(), "qure-fork-"));
  writeMedia(folder);
  const machine = (number: number): QemuMachine => {
    const side = number === 1 ? "on" : "off";
    const wire = `stream,id=wire,server=${side},addr.type=unix,addr.path=${join(folder, "wire")}`;
    return new QemuMachine({ qemu, folder, number, wire, disk: hasDisks ? emptyVolume(number) : undefined });
  };
  const source = machine(1);
  await delay(LISTENS_MS);
  const target = machine(2);
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
