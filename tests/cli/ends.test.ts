/**
 * How runs of `qure emu` end: with which status, in which words, and that all that was asked for is written each time.
 */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { PowerLog } from "../../src/cli/emu/ending.ts";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { readOptions } from "../../src/cli/option-table.ts";
import { parseListeningPlace } from "../../src/host/places.ts";
import { startCluster } from "../../src/index.ts";
import { Client } from "./client.ts";
import { Person } from "./person.ts";

/** Boot sectors. */
const GUESTS = {
  // cli; hlt
  halt: [0xfa, 0xf4],
  // out F4h, 11h
  fail: [0xba, 0xf4, 0x00, 0xb0, 0x11, 0xee, 0xf4],
  // SLP_EN of ACPI's S5
  off: [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4],
  // lidt of an empty table; int3
  fault: [0xfa, 0x0f, 0x01, 0x1e, 0x20, 0x7c, 0xcc],
  // sti; hlt; again
  rest: [0xfb, 0xf4, 0xeb, 0xfd],
  // The year in the CMOS, and out F4h with it
  year: [0xb0, 0x09, 0xe6, 0x70, 0xe4, 0x71, 0xba, 0xf4, 0x00, 0xee],
} as const;
type Guest = keyof typeof GUESTS | "blank";

function diskOf(guest: Guest): Uint8Array {
  const disk = new Uint8Array(1 << 20);
  if (guest === "blank") return disk;
  disk.set(GUESTS[guest]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

let folder: string;
let said = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-ends-"));
  for (const guest of [...Object.keys(GUESTS), "blank"] as Guest[])
    writeFileSync(join(folder, `${guest}.img`), diskOf(guest));
  writeFileSync(join(folder, "script.txt"), "!wait 10ms\n!expect never\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

interface Ended {
  readonly exitCode: number;
  readonly message: string;
  readonly stdout: string;
}

/** Runs a disk; nobody sits there. */
async function run(guest: Guest, given: Record<string, unknown>): Promise<Ended> {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const person = new Person();
  person.stdin.isTTY = false;
  try {
    await runEmu(readOptions(EMU_OPTIONS, { hda: join(folder, `${guest}.img`), ...given }), null, person);
    return { exitCode: 0, message: "", stdout: person.shown };
  } catch (error) {
    const { exitCode = 1, message } = error as { exitCode?: number; message: string };
    return { exitCode, message, stdout: person.shown };
  }
}

const HALTED = "qure-1: the processor has halted with interrupts off";
const NOTHING = "qure-1: nothing bootable was found";
const NEVER = { text: "text:never", pattern: /never/ };

interface Row {
  readonly name: string;
  readonly guest: Guest;
  readonly options?: Record<string, unknown>;
  readonly ended: string;
  readonly exitCode: number;
  /** The error, or what is noted. */
  readonly says?: string | RegExp;
  readonly signal?: "SIGINT" | "SIGTERM";
}

const ROWS: readonly Row[] = [
  { name: "halted for good", guest: "halt", ended: "standstill", exitCode: 4, says: HALTED },
  {
    name: "halted, and a time is given",
    guest: "halt",
    options: { for: 1e8 },
    ended: "time",
    exitCode: 0,
    says: HALTED,
  },
  { name: "nothing bootable", guest: "blank", ended: "standstill", exitCode: 4, says: NOTHING },
  {
    name: "nothing bootable, and a time is given",
    guest: "blank",
    options: { for: 1e8 },
    ended: "standstill",
    exitCode: 4,
    says: NOTHING,
  },
  { name: "off by ACPI", guest: "off", ended: "off", exitCode: 0 },
  {
    name: "the debug exit port",
    guest: "fail",
    ended: "debug exit",
    exitCode: 35,
    says: "qure-1: the guest ended with exit status 35 (debug exit port)",
  },
  {
    name: "the debug exit port, within a time",
    guest: "fail",
    options: { for: 1e8 },
    ended: "debug exit",
    exitCode: 35,
  },
  {
    name: "the debug exit port before a goal",
    guest: "fail",
    options: { until: NEVER },
    ended: "not reached",
    exitCode: 35,
    says: /^--until text:never was not reached: all machines were off at virtual time [\d.]+ ms$/m,
  },
  {
    name: "a goal that is reached, and the debug exit port a moment later",
    guest: "fail",
    options: { until: { text: "text:QuRe", pattern: /QuRe/ } },
    ended: "reached",
    exitCode: 0,
  },
  { name: "a triple fault", guest: "fault", options: { reboot: false }, ended: "triple fault", exitCode: 4 },
  {
    name: "a triple fault, within a time",
    guest: "fault",
    options: { reboot: false, for: 1e8 },
    ended: "triple fault",
    exitCode: 4,
  },
  { name: "the time is over", guest: "rest", options: { for: 1e8 }, ended: "time", exitCode: 0 },
  {
    name: "a goal that is not reached",
    guest: "rest",
    options: { until: NEVER, for: 1e8 },
    ended: "not reached",
    exitCode: 3,
    says: "--until text:never was not reached within 100.000 ms of virtual time",
  },
  {
    name: "a goal that cannot be reached",
    guest: "blank",
    options: { until: NEVER, for: 1e8 },
    ended: "not reached",
    exitCode: 3,
    says: `--until text:never was not reached within 100.000 ms of virtual time; ${NOTHING}`,
  },
  {
    name: "a goal that is reached",
    guest: "blank",
    options: { until: { text: "text:QuRe", pattern: /QuRe/ } },
    ended: "reached",
    exitCode: 0,
  },
  {
    name: "a script that fails",
    guest: "rest",
    options: { script: "script.txt" },
    ended: "failed",
    exitCode: 1,
    says: /script\.txt:2:1: error: qure-1 did not print/,
  },
  { name: "Ctrl-C", guest: "rest", ended: "interrupted", exitCode: 130, signal: "SIGINT" },
  { name: "SIGTERM", guest: "rest", ended: "interrupted", exitCode: 130, signal: "SIGTERM" },
];

describe("everything is written, whichever way the run ends", () => {
  test.each(ROWS)("$name", async ({ guest, options = {}, ended, exitCode, says, signal, name }) => {
    const out = join(folder, name.replace(/\W+/g, "-"));
    const { script } = options;
    const running = run(guest, {
      ...options,
      ...(script ? { script: join(folder, String(script)) } : {}),
      json: true,
      link: options["reboot"] !== false,
      screenshot: out,
      log: out,
      save: "end",
      store: out,
      pcap: join(out, "wire.pcapng"),
      debugcon: { kind: "file", path: join(out, "debug.txt") },
      sound: [],
    });
    if (signal) setImmediate(() => process.emit(signal));
    const found = await running;
    const [json, link] = found.stdout.split(/\n(?=http)/);
    const report = JSON.parse(json!) as { nodes: { exitStatus: number | null }[] };
    const reached = !["not reached", "failed", "interrupted"].includes(ended);
    expect({ ...report, message: found.message }).toMatchObject({ ended, exitCode, reached });
    expect(found.exitCode).toBe(exitCode);
    expect(report.nodes[0]!.exitStatus).toBe(guest === "fail" ? 35 : null);
    if (says !== undefined) expect(`${said}${found.message}`).toMatch(says);
    expect(link === undefined).toBe(options["reboot"] === false);
    for (const file of ["qure-1.png", "qure-1.log", "end.qsnap", "wire.pcapng", "debug.txt"])
      expect(existsSync(join(out, file)), file).toBe(true);
    expect(statSync(join(out, "qure-1.png")).size).toBeGreaterThan(100);
  });

  test("an output that cannot be written keeps nothing else from being written", async () => {
    const out = join(folder, "half");
    writeFileSync(join(folder, "file"), "");
    const ended = await run("halt", { screenshot: join(folder, "file"), save: "end", store: out, json: true });
    expect(ended).toMatchObject({ exitCode: 1 });
    expect(ended.message).toMatch(/file/);
    expect(existsSync(join(out, "end.qsnap"))).toBe(true);
    expect(JSON.parse(ended.stdout)).toMatchObject({ ended: "standstill" });
  });
});

test("of several machines the status is that of the first to give one", async () => {
  const log = new PowerLog();
  const other = diskOf("fail");
  // Out F4h, 1.
  other[4] = 1;
  const lab = startCluster({
    nodes: [{ disk: other }, { disk: diskOf("fail") }, { disk: diskOf("off") }],
    log: (node, line, timeNs) => log.hear(node, timeNs, line),
  });
  expect(log.firstStatus(lab)).toBeNull();
  lab.nodes[0]!.freeze("1s");
  await lab.until(() => lab.nodes.every(({ isOff }) => isOff), "not all are off", { within: "10s" });
  expect(lab.nodes.map(({ exitStatus }) => exitStatus)).toEqual([3, 35, null]);
  expect(log.firstStatus(lab)).toEqual({ name: "qure-2", status: 35 });
});

test("--rtc says when the clock on the board begins", async () => {
  expect((await run("year", {})).exitCode).toBe(2 * 0x26 + 1);
  expect((await run("year", { rtc: { seconds: Date.UTC(2031, 5, 1) / 1000, isNow: false } })).exitCode).toBe(
    2 * 0x31 + 1,
  );
});

describe("somebody looks", () => {
  const PROMPT = /\(qemu\) $/;
  const place = () => ({ monitor: parseListeningPlace("tcp::0,server") });
  const monitorAt = async (): Promise<Client> => {
    const client = await Client.at(() => /--monitor: at (\S+)/.exec(said)?.[1] ?? null);
    await client.hear(PROMPT);
    return client;
  };
  const ask = async (client: Client, line: string): Promise<string> => {
    client.say(`${line}\n`);
    return (await client.hear(PROMPT)).replace(PROMPT, "").trim();
  };
  /** Asks until the machine is so far. */
  const whenIt = async (client: Client, line: string, answer: string): Promise<void> => {
    while ((await ask(client, line)) !== answer);
  };

  test("a machine that is off stays, as with QEMU's -no-shutdown, and may be reset", async () => {
    const ended = run("fail", place());
    const client = await monitorAt();
    await whenIt(client, "info status", "VM status: paused (shutdown)");
    expect(await ask(client, "cont")).toBe("Error: Resetting the Virtual Machine is required");
    expect(await ask(client, "info registers")).toMatch(/EIP=00007c0[0-9a-f]/);
    await ask(client, "system_reset");
    expect(await ask(client, "info status")).toBe("VM status: paused (prelaunch)");
    await ask(client, "cont");
    await whenIt(client, "info status", "VM status: paused (shutdown)");
    client.say("quit\n");
    expect(await ended).toMatchObject({ exitCode: 35, message: "" });
  });

  test("a machine that has halted stays, and the run ends when the last has gone", async () => {
    const ended = run("halt", place());
    const client = await monitorAt();
    await whenIt(client, "info nodes", "* 1: qure-1 halted");
    expect(await ask(client, "info status")).toBe("VM status: running");
    client.close();
    expect(await ended).toMatchObject({ exitCode: 4, message: HALTED });
  });

  test("gdb is told that the machine is off, may look, and hears the status when it goes on", async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const { port: free } = server.address() as { port: number };
        server.close(() => resolve(free));
      });
    });
    const ended = run("fail", { gdb: port, stopped: true });
    const client = await Client.at(() => (/gdb: target remote/.test(said) ? `127.0.0.1:${port}` : null));
    client.say("$c#63");
    expect(await client.hear(/\$T[^#]*#../)).toMatch(/\$T03/);
    client.say("+$m7c00,3#c6");
    expect(await client.hear(/\$[^#]*#../)).toContain("$baf400#");
    client.say("+$c#63");
    expect(await client.hear(/\$W[^#]*#../)).toContain("$W23#");
    client.close();
    expect(await ended).toMatchObject({ exitCode: 35 });
  });
});
