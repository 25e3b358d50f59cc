/** `--monitor` and `--qmp`: where they listen, what they need, and how a run goes that somebody holds by them. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { rewriteQemuWords } from "../../src/cli/emu/qemu-words.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { readOptions } from "../../src/cli/option-table.ts";
import { parseListeningPlace } from "../../src/host/places.ts";
import { Client } from "./client.ts";
import { Person } from "./person.ts";

let folder: string;
let image: string;
let said = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-monitor-"));
  image = join(folder, "halt.img");
  const disk = new Uint8Array(1 << 20);
  // sti; hlt; jmp back
  disk.set([0xfb, 0xf4, 0xeb, 0xfd]);
  disk.set([0x55, 0xaa], 510);
  writeFileSync(image, disk);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

/** Runs the disk unattended. */
async function run(given: Record<string, unknown>): Promise<void> {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const person = new Person();
  person.stdin.isTTY = false;
  const store = join(folder, "store");
  await runEmu(readOptions(EMU_OPTIONS, { hda: image, store, realtime: true, ...given }), null, person);
}

const PROMPT = /\(qemu\) /;
const placeOf = (option: string) => (): string | null => new RegExp(`${option}: at (\\S+)`).exec(said)?.[1] ?? null;

test("a client at a TCP port holds a machine from its beginning, and ends the run", async () => {
  const ended = run({ monitor: parseListeningPlace("telnet::0,server"), stopped: true });
  const client = await Client.at(placeOf("--monitor"));
  expect(await client.hear(PROMPT)).toMatch(/^QuRe \S+ monitor - type 'help' for more information\n\(qemu\) $/);
  // What a telnet client negotiates is no command.
  client.say(Uint8Array.of(0xff, 0xfd, 0x03, 0xff, 0xfb, 0x18, 0xff, 0xfa, 0x18, 0x00, 0x78, 0xff, 0xf0));
  client.say("info status\r\n");
  expect(await client.hear(PROMPT)).toBe("VM status: paused (prelaunch)\n(qemu) ");
  client.say("info registers\ncont\nsavevm first\n");
  expect(await client.hear(PROMPT)).toMatch(/EIP=0000fff0 EFL=00000002/);
  await client.hear(PROMPT);
  expect(await client.hear(PROMPT)).toBe("(qemu) ");
  expect(readdirSync(join(folder, "store"))).toEqual(["first.qsnap"]);
  client.say("quit\n");
  await ended;
});

test("a program at a Unix socket, and a person at another, see the same machine", async () => {
  const [qmp, monitor] = ["qmp", "monitor"].map((name) => join(folder, `${name}.sock`));
  const ended = run({
    qmp: parseListeningPlace(`unix:${qmp},server=on,wait=off`),
    monitor: parseListeningPlace(`unix:${monitor},server,nowait`),
  });
  const program = await Client.at(placeOf("--qmp"));
  await program.hear(/\n/);
  program.say('{"execute":"qmp_capabilities"}\n');
  expect(await program.hear(/\n/)).toBe('{"return":{}}\r\n');
  const person = await Client.at(placeOf("--monitor"));
  await person.hear(PROMPT);
  person.say("stop\n");
  expect(await program.hear(/\n/)).toMatch(/"event":"STOP"/);
  program.say('{"execute":"quit"}\n');
  expect(await program.hear(/\}\r\n[^\n]*\n/)).toMatch(/"event":"SHUTDOWN".*\n\{"return":\{\}\}/s);
  await ended;
  expect([qmp, monitor].map((path) => existsSync(path!))).toEqual([false, false]);
});

test("a monitor that cannot listen, and two at one terminal, are refused", async () => {
  await expect(run({ monitor: parseListeningPlace("unix:/no/such/folder/s,server") })).rejects.toThrow(
    /--monitor: cannot listen: .*ENOENT|EACCES/,
  );
  await expect(run({ monitor: { kind: "stdio" }, qmp: { kind: "stdio" } })).rejects.toThrow(
    "--monitor and --qmp: only one of them can have stdio",
  );
  await expect(run({ monitor: { kind: "stdio" }, threads: 2 })).rejects.toThrow(/--monitor, .* in one thread/);
  expect(() => readOptions(EMU_OPTIONS, { stopped: true })).toThrow("--stopped: give --gdb or --monitor or --qmp too");
});

test("places are written as QEMU's", () => {
  expect(parseListeningPlace("tcp:[::1]:80,server=on,wait=on")).toEqual({
    kind: "tcp",
    host: "::1",
    port: 80,
    listens: true,
    waits: true,
    telnet: false,
  });
  for (const [text, message] of [
    ["vc", "vc: write stdio, tcp:HOST:PORT,server, telnet:HOST:PORT,server or unix:PATH,server"],
    ["tcp:localhost:80", "tcp:localhost:80: add ,server: it listens, and does not connect to somebody"],
    ["tcp:localhost,server", "tcp:localhost,server: write HOST:PORT, a port from 0 to 65535"],
    ["unix:/a,server,tls=on", "unix:/a,server,tls=on: tls=on is none of server, wait=on, wait=off"],
  ] as const)
    expect(() => parseListeningPlace(text)).toThrow(message);
  expect(rewriteQemuWords(["-monitor", "stdio", "-qmp", "unix:/a,server", "-S"])).toEqual([
    "--monitor",
    "stdio",
    "--qmp",
    "unix:/a,server",
    "-S",
  ]);
});
