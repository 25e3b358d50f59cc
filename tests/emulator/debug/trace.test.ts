/** Traces and counters: they say what happened, with names, and leave no mark on the run. */
import { describe, expect, test } from "vitest";
import { describeFrame } from "../../../emulator/debug/frame-summary.ts";
import { describeConfigAccess } from "../../../emulator/debug/pci-summary.ts";
import { countersOf, describeCounters } from "../../../emulator/debug/statistics.ts";
import { SymbolTable } from "../../../emulator/debug/symbols.ts";
import { TRACE_KINDS, Trace } from "../../../emulator/debug/trace.ts";
import { blankDisk, type LabCluster, readElf } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { boot, images } from "../../system/images.ts";

const MIB = 1024 * 1024;
const RUN_NS = 200_000_000;

function cluster(nodes = 2): LabCluster {
  return boot({
    nodes: Array.from({ length: nodes }, () => ({
      cdrom: images().iso,
      disk: blankDisk(16 * MIB),
      ramBytes: 16 * MIB,
    })),
  });
}

function kernelSymbols(): SymbolTable {
  const elf = readElf(images().kernelElf, "kernel.elf");
  return new SymbolTable(
    elf.symbols
      .filter(({ name, section }) => name !== "" && elf.sections[section]?.address)
      .map(({ name, value, section }) => {
        const home = elf.sections[section]!;
        return { name, linearAddress: value, endAddress: home.address + home.sizeBytes };
      }),
  );
}

describe("traces", () => {
  thoroughly("one line for each event, with time, node and names; the digest is that of the run without", async () => {
    const plain = cluster();
    await plain.advance(RUN_NS);
    const lab = cluster();
    /** By node and kind. */
    const lines = new Map<string, string[]>();
    let count = 0;
    const write = (line: string): void => {
      const match =
        count++ % 100 === 0
          ? /^\d+\.\d{9} (qure-[12] (?:int|exec|io|pci|net)) +\S.*\n$/.exec(line)
          : /(qure-\d \w+)/.exec(line);
      if (!match) throw new Error(`not a line of a trace: ${line}`);
      const list = lines.get(match[1]!);
      if (list) list.push(line);
      else lines.set(match[1]!, [line]);
    };
    const debuggers = lab.debug();
    const symbols = kernelSymbols();
    debuggers.nodes.forEach(
      ({ machine, index }) =>
        new Trace(machine, debuggers.probes[index]!, {
          kinds: new Set(TRACE_KINDS.filter((kind) => kind !== "exec")),
          symbols,
          isMuted: () => false,
          write,
        }),
    );
    await lab.advance(RUN_NS);
    expect(lab.digest()).toBe(plain.digest());
    const of = (node: string, kind: string): string[] => lines.get(`${node} ${kind}`)!;
    expect(of("qure-1", "int").join("")).toMatch(
      /INT 13h EAX 0000[0-9a-f]{4}h returns to 0000[0-9a-f]{4} \([0-9a-f]{4}h:[0-9a-f]{4}h\)/,
    );
    expect(of("qure-2", "int").join("")).toMatch(/interrupt 20h before [0-9a-f]{8} idle\+\dh/);
    expect(of("qure-1", "io").join("")).toMatch(/port 0020h <- 20h at c01[0-9a-f]{5} \w+/);
    expect(of("qure-1", "pci").join("")).toMatch(/00:03\.0 00h vendor -> 100e8086h at/);
    expect(of("qure-2", "net").join("")).toMatch(
      /eth0 sends \d+ bytes 52:54:00:(?:[0-9a-f]{2}:?){3} > ff:ff:ff:ff:ff:ff IPv4 UDP 0\.0\.0\.0:68 > 255\.255\.255\.255:67/,
    );
  });

  thoroughly("executed code, from each place to which control goes", async () => {
    const plain = cluster(1);
    await plain.advance("120ms");
    const lab = cluster(1);
    const debuggers = lab.debug();
    let count = 0;
    const ticks: string[] = [];
    const write = (line: string): void => {
      count++;
      if (line.includes("clock_tick")) ticks.push(line);
    };
    new Trace(lab.nodes[0]!.machine, debuggers.probes[0]!, {
      kinds: new Set(["exec"]),
      symbols: kernelSymbols(),
      isMuted: () => false,
      write,
    });
    await lab.advance("120ms");
    expect(lab.digest()).toBe(plain.digest());
    expect(count).toBeGreaterThan(100_000);
    expect(ticks[0]).toMatch(/^0\.0\d{8} qure-1 exec c01[0-9a-f]{5} clock_tick\n$/);
  });

  test("counters agree with what is known otherwise", async () => {
    const lab = cluster();
    await lab.advance(RUN_NS);
    const { machine } = lab.nodes[0]!;
    const counters = countersOf(machine);
    expect(counters["instructions"]).toBe(machine.instructions);
    expect((counters["interrupts"] as Record<string, number>)["20"]).toBeGreaterThan(2);
    expect((counters["softwareInterrupts"] as Record<string, number>)["13"]).toBeGreaterThan(5);
    expect(counters["idleNs"]).toBe(machine.nowNs - machine.instructions * 10);
    for (const name of [
      "blocksDecoded",
      "translationMisses",
      "portReads",
      "portWrites",
      "mmioWrites",
      "dmaBytesRead",
      "dmaBytesWritten",
    ])
      expect(counters[name], name).toBeGreaterThan(0);
    const described = describeCounters(machine);
    expect(described.join("\n")).toMatch(/interrupts +.*20h \d+/);
    for (const row of described) expect(row).toMatch(/ (?:none|.*\d.*)$/);
    expect(described).toContain(
      `translation   ${counters["translationMisses"]} misses, ${counters["translationFlushes"]} flushes`,
    );
    expect(lab.cluster.quanta).toBeGreaterThan(100);
  });
});

describe("names", () => {
  test("the symbol before an address, within its section", () => {
    const table = new SymbolTable([
      { name: "b", linearAddress: 0x2000, endAddress: 0x2100 },
      { name: "a", linearAddress: 0x1000, endAddress: 0x1800 },
      { name: "again", linearAddress: 0x1000, endAddress: 0x1800 },
    ]);
    expect([0xfff, 0x1000, 0x17ff, 0x1800, 0x2010].map((address) => table.describe(address))).toEqual([
      "00000fff",
      "00001000 a",
      "000017ff a+7ffh",
      "00001800",
      "00002010 b+10h",
    ]);
    expect(new SymbolTable([]).describe(-1)).toBe("ffffffff");
  });

  test("configuration registers", () => {
    expect(describeConfigAccess(0x80001810, 0)).toBe("00:03.0 10h BAR0");
    expect(describeConfigAccess(0x80000904, 2)).toBe("00:01.1 06h status");
    expect(describeConfigAccess(0x800000f8, 3)).toBe("00:00.0 fbh");
    expect(describeConfigAccess(0x00001810, 0)).toBe(null);
  });

  test("frames, also cut off and strange ones", () => {
    const arp = Uint8Array.from([
      ...Array<number>(6).fill(0xff),
      2,
      0,
      0,
      0,
      0,
      1,
      8,
      6,
      0,
      1,
      8,
      0,
      6,
      4,
      0,
      1,
      2,
      0,
      0,
      0,
      0,
      1,
      10,
      0,
      2,
      15,
      0,
      0,
      0,
      0,
      0,
      0,
      10,
      0,
      2,
      2,
    ]);
    expect(describeFrame(arp)).toBe(
      "42 bytes 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff ARP who has 10.0.2.2, tell 10.0.2.15",
    );
    for (let length = 0; length < arp.length; length++)
      expect(describeFrame(arp.subarray(0, length))).toMatch(/cut off|too short/);
    for (let type = 0; type < 0x10000; type += 0x101) {
      const odd = Uint8Array.from(arp);
      [odd[12], odd[13], odd[14]] = [type >> 8, type & 0xff, 0x4f];
      expect(describeFrame(odd)).toMatch(/^42 bytes/);
    }
  });
});
