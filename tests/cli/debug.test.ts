/** `qure emu` with gdb, traces and counters, as a person calls it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
let folder: string;

function run(...args: string[]) {
  return execa("node", [bundle, ...args], { cwd: folder, reject: false, timeout: 120_000, stdin: "ignore" });
}

/** A boot sector that reads a port that nobody has, says hello at COM1, and halts. */
const SECTOR = Uint8Array.from([0xba, 0xcd, 0xab, 0xec, 0xba, 0xf8, 0x03, 0xb0, 0x68, 0xee, 0xfa, 0xf4, 0xeb, 0xfd]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-debug-cli-"));
  const disk = new Uint8Array(1 << 20);
  disk.set(SECTOR);
  disk.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, "hello.img"), disk);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("qure emu", () => {
  thoroughly("-d writes a trace, --stats prints counters, and neither changes the digest", async () => {
    const plain = JSON.parse((await run("emu", "--hda", "hello.img", "--for", "200ms", "--json")).stdout) as Record<
      string,
      unknown
    >;
    const traced = await run(
      "emu",
      "--hda",
      "hello.img",
      "--for",
      "200ms",
      "--json",
      "--stats",
      "-d",
      "int,io",
      "-D",
      "trace.txt",
    );
    const outcome = JSON.parse(traced.stdout) as {
      digest: string;
      stats: { quanta: number; machines: { name: string; softwareInterrupts: Record<string, number> }[] };
    };
    expect(outcome.digest).toBe(plain["digest"]);
    expect(outcome.stats.machines[0]).toMatchObject({ name: "qure-1" });
    expect(outcome.stats.machines[0]!.softwareInterrupts["19"]).toBe(1);
    const trace = readFileSync(join(folder, "trace.txt"), "utf8");
    expect(trace).toMatch(/^0\.\d{9} qure-1 int {2}INT 19h /m);
    expect(trace).toMatch(/^0\.\d{9} qure-1 io {3}port abcdh -> ffh at 00007c03$/m);
    expect(trace).toMatch(/port 03f8h <- 68h at 00007c09$/m);
    const people = await run("emu", "--hda", "hello.img", "--for", "200ms", "--stats");
    expect(people.stdout).toMatch(/interrupts .*\n.*INT n .*19h 1/);
    // Without --log the guest's mistake is counted.
    expect(people.stderr).toMatch(/accesses of guests that nothing answers: .*qure-1.* \d+.*; --log DIR says which/);
  });

  test("gdb connects, stops at the boot sector, and ends with the run", async (context) => {
    const gdb = requireOracle("gdb", context);
    const port = await freePort();
    const emulator = run("emu", "--hda", "hello.img", "--gdb", String(port), "-S", "--for", "300ms");
    const commands = [
      `target remote localhost:${port}`,
      "break *0x7c00",
      "continue",
      "x/i $pc",
      "x/2xh $ss_base + $sp",
      "reverse-stepi",
      "monitor mode",
      "continue",
      "delete",
      "continue",
    ];
    // gdb comes before the emulator listens, now and then: it is asked to wait.
    const { all } = await execa(
      gdb,
      [
        "-nx",
        "-batch",
        "-ex",
        "set tcp connect-timeout 30",
        "-ex",
        "set architecture i8086",
        ...commands.flatMap((command) => ["-ex", command]),
      ],
      { reject: false, all: true, timeout: 60_000 },
    );
    expect(all).toMatch(/Breakpoint 1, 0x0*7c00[\s\S]*=> 0x7c00:\tmov +\$0xabcd,%dx/);
    // As docs/debugging.md says: the words on a real-mode stack.
    expect(all).toMatch(/^0x[0-9a-f]+:\t0x[0-9a-f]{4}\t0x[0-9a-f]{4}$/m);
    expect(all).toMatch(/real mode, CS:IP f000:[0-9a-f]{4}/);
    expect(all).toMatch(/exited normally/);
    const { exitCode, stderr } = await emulator;
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/gdb: target remote localhost:\d+\n/);
  });

  thoroughly("refuses options that cannot be meant, and a port that is taken", async () => {
    for (const [args, message] of [
      [["-d", "inf"], /--trace inf: not a kind of event; there are int, exec, io, pci, net/],
      [["--trace-file", "x"], /--trace-file: give --trace too/],
      [["-S"], /--stopped: give --gdb or --monitor or --qmp too/],
      [["--gdb", "65536"], /--gdb 65536: not a whole number from 1 to 65535/],
      [["--gdb", "65535", "--nodes", "2"], /--gdb 65535: 2 nodes have ports from there to 65535 only/],
    ] as const) {
      const { exitCode, stderr } = await run("emu", "--hda", "hello.img", "--for", "1ms", ...args);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(message);
    }
    const missing = await run("emu", "--hda", "hello.img", "--for", "1ms", "-d", "int", "--symbols", "none.elf");
    expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringMatching(/none\.elf: no such file/)]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const taken = await run(
      "emu",
      "--hda",
      "hello.img",
      "--for",
      "1ms",
      "--gdb",
      String((server.address() as { port: number }).port),
    );
    server.close();
    expect([taken.exitCode, taken.stderr]).toEqual([1, expect.stringMatching(/cannot listen/)]);
  });
});
