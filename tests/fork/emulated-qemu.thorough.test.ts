/** One switch with machines of the emulator and one of QEMU: a kernel goes from the ones to the other, and back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { NicModel } from "../../emulator/board-config.ts";
import { type LabCluster, type LabNode, openWay } from "../../src/index.ts";
import { requireOracle, type SkippableContext } from "../oracle.ts";
import { boot, images } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { emptyVolume } from "./migrate-disk-scene.ts";
import { QemuMachine, type QemuOptions, writeMedia } from "./qemu-machine.ts";
import { NODES } from "./scene.ts";

/** With the features of the emulator's processor. */
const ALIKE = "Nehalem";
const SLOW = { timeout: 400_000 };
const CLEAN = "/net: no problem was found";
const ids = (text: string): string[] => [...text.matchAll(/^\S+ +\S+ +([0-9a-f]{16}) /gm)].map(([, id]) => id!);
/** What a machine said since it began the last time. */
const sinceBoot = (text: string): string => text.split(/^QuRe revision /m).at(-1)!;

class Mixed {
  readonly lab: LabCluster;
  readonly machine: QemuMachine;

  constructor(lab: LabCluster, machine: QemuMachine) {
    this.lab = lab;
    this.machine = machine;
  }

  get home(): LabNode {
    return this.lab.nodes[0]!;
  }

  get other(): LabNode {
    return this.lab.nodes[1]!;
  }

  /** The emulated machines go on until what QEMU's does is done. */
  async meanwhile<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const done = work.finally(() => (isOver = true));
    done.catch(() => {});
    try {
      await this.lab.until(() => isOver, "it has not shown what was waited for", { within: "120s" });
    } catch (error) {
      throw new Error(`QEMU's machine ends with\n${this.machine.text.slice(-1000)}`, { cause: error });
    }
    return done;
  }

  enter(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    return this.meanwhile(this.machine.enter(line, pattern));
  }

  /** Until every member that runs QuRe sees so many others, on whatever machine it is. */
  async settled(): Promise<void> {
    const all = (text: string): boolean => [...text.matchAll(/^cloud: .* peers (\d+)\s*$/gm)].at(-1)?.[1] === "2";
    const { lab, machine } = this;
    const texts = (): string[] => [...lab.nodes.map(({ console }) => console.text), machine.text];
    await lab.until(() => texts().every(all), "not all are members", { within: "60s" });
  }

  /** What `cloud` shows: three different nodes. */
  async expectThree(): Promise<void> {
    expect(new Set(ids(await outputAmong(this.home, "cloud"))).size).toBe(3);
    for (const text of [...this.lab.nodes.map(({ console }) => console.text), this.machine.text])
      expect(text).not.toMatch(/PANIC|page fault|has the id/);
  }
}

/** Two emulated machines, the first with a disk, and one of QEMU, all members. */
async function mixed(
  context: SkippableContext,
  options: Partial<QemuOptions> = {},
  nic: NicModel = "e1000",
): Promise<Mixed> {
  const qemu = requireOracle("qemu-system-i386", context);
  const folder = mkdtempSync(join(tmpdir(), "qure-fork-"));
  writeMedia(folder);
  const nodes = NODES(images().iso, nic).slice(0, 2);
  const lab = boot({
    realtime: true,
    nodes: nodes.map((node, index) => ({
      ...node,
      ramBytes: 32 << 20,
      ...(index === 0 ? { disk: emptyVolume(1) } : {}),
    })),
  });
  const path = join(folder, "wire");
  await openWay(lab, `stream,listen=${path}`);
  const wire = `stream,id=wire,server=off,addr.type=unix,addr.path=${path}`;
  // SeaBIOS keeps the end of the memory for itself.
  const machine = new QemuMachine({
    qemu,
    folder,
    number: 9,
    wire,
    disk: emptyVolume(9),
    memory: "33",
    cpu: ALIKE,
    ...options,
  });
  onTestFinished(async () => {
    await machine.end();
    lab.close();
    rmSync(folder, { recursive: true });
  });
  const pair = new Mixed(lab, machine);
  await pair.settled();
  return pair;
}

const addressOf = ({ console }: LabNode): string =>
  [...console.text.matchAll(/^cloud: \S+ (\S+) era \d+ age \d+ peers 2\s*$/gm)].at(-1)![1]!;

test("a kernel moves with its files and a connection to a machine of QEMU, and back", SLOW, async (context) => {
  const pair = await mixed(context);
  const { home, other, machine } = pair;
  await outputAmong(home, "set greeting hello; echo of the source > /net/mine");
  await home.enter("nc -l 5001 > /net/heard &", /heard &\n[\s\S]*> $/);
  await pair.enter("echo theirs > /net/theirs; sync", /sync\n.*> $/);
  other.type(`nc ${addressOf(home)} 5001\n`);
  await pair.lab.advance("1s");
  other.type("one\n");
  await pair.lab.advance("1s");

  await pair.enter("cloud fork accept --erase", /^What moves here .*$/m);
  await home.enter("cloud migrate any", /^moved to \S+: /m, { within: "60s" });
  await pair.meanwhile(machine.shows(/^I am m1, moved to the machine that was \S+$/m));
  other.type("two\n");
  await pair.enter("echo at $greeting; cat /net/mine; ls /net", /^at hello\nof the source\n[^>]*> $/m);
  expect(machine.text.slice(machine.text.lastIndexOf("at hello"))).not.toContain("theirs");
  await pair.enter("fsck /net", new RegExp(`^${CLEAN}$`, "m"));
  await home.waitFor(/^cluster: .* in memory only: hda0: its files moved to another machine, /m, { within: "60s" });
  await pair.settled();
  await pair.expectThree();
  expect(await outputAmong(home, "echo at $greeting")).toBe("at\n");

  await home.enter("cloud fork accept --erase", /^What moves here .*$/m);
  await pair.enter("cloud migrate any", /^moved to \S+: /m);
  await home.waitFor(/^I am m1, moved to the machine that was \S+$/m, { within: "60s" });
  other.type("three\n\x04");
  expect(await outputAmong(home, "wait; echo at $greeting; cat /net/mine /net/heard; fsck /net")).toContain(
    `at hello\nof the source\none\ntwo\nthree\n${CLEAN}\n`,
  );
  await pair.meanwhile(machine.shows(/^moved to [\s\S]*in memory only: hda0: its files moved to another machine, /m));
  await pair.settled();
  await pair.expectThree();
  await pair.enter("echo at $greeting;", /^at\n/m);
  // It finds its own firmware again.
  await home.enter("shutdown", /shutdown/);
  await pair.lab.until(() => home.isOff, "it does not switch itself off", { within: "30s" });
});

test("a kernel with files has a twin on a machine of QEMU, and the twin another one", SLOW, async (context) => {
  const pair = await mixed(context);
  const { home, machine } = pair;
  await home.enter("set greeting hello; echo of the source > /net/mine; sync", /sync\n.*> $/);
  await pair.enter("cloud fork accept --erase", /^What moves here or becomes a twin .*$/m);
  await home.enter("cloud fork any", /is the twin: /, { within: "60s" });
  await pair.meanwhile(machine.shows(/^I am \S+, forked from m1$/m));
  await pair.settled();
  await pair.enter("echo at $greeting; cat /net/mine; echo own > /net/own; fsck /net", /^at hello\nof the source\n/m);
  await pair.meanwhile(machine.shows(new RegExp(`at hello[\\s\\S]*^${CLEAN}$`, "m")));
  const there = await outputAmong(home, "echo at $greeting; ls /net; fsck /net");
  expect(there).toMatch(/^at hello\n[\s\S]*mine[\s\S]*no problem was found$/m);
  expect(there).not.toContain("own");
  await pair.expectThree();

  await pair.enter("cat /net/own; set greeting again", /^own\n/m);
  await home.enter("cloud fork accept --erase", /^What moves here or becomes a twin .*$/m);
  await pair.enter("cloud fork any", /is the twin: /);
  await home.waitFor(/^I am \S+, forked from \S+$/m, { within: "60s" });
  await pair.settled();
  expect(await outputAmong(home, "echo at $greeting; cat /net/mine /net/own; fsck /net")).toContain(
    `at again\nof the source\nown\n${CLEAN}\n`,
  );
  await pair.expectThree();

  // What came to its disk is there after a start.
  await pair.enter("reboot", /^QuRe revision [\s\S]*^cloud: .* peers 2\s*$/m);
  await pair.enter("cat /net/mine /net/own", /^of the source\nown\n/m);
  await pair.expectThree();
  await pair.enter("shutdown", /shutdown/);
  await pair.meanwhile(machine.off());
});

test("a twin on a machine of QEMU takes its virtio card into use", SLOW, async (context) => {
  const pair = await mixed(context, { card: "virtio-net-pci,disable-modern=on,vectors=0" }, "virtio");
  await pair.enter("cloud fork accept", /^For a minute, .*$/m);
  await pair.home.enter("cloud fork any", /is the twin: /, { within: "60s" });
  await pair.meanwhile(pair.machine.shows(/^I am \S+, forked from m1$/m));
  await pair.settled();
  await pair.expectThree();
});

test("what QEMU's machine lacks is said, and its files stay", SLOW, async (context) => {
  for (const [options, why] of [
    [{ memory: "32" }, "it has too little free memory, or not all that this machine has"],
    [{ cpu: "qemu32" }, "its processor lacks what this machine's has"],
  ] as const) {
    const pair = await mixed(context, options);
    await pair.enter("echo theirs > /net/theirs; sync", /sync\n.*> $/);
    await pair.enter("cloud fork accept --erase", /^What moves here .*$/m);
    await pair.home.enter("cloud migrate any", new RegExp(`: ${why}`), { within: "60s" });
    await pair.enter("\x03cat /net/theirs", /^theirs\n/m);
    expect(sinceBoot(pair.home.console.text)).not.toContain("moved to");
  }
});
