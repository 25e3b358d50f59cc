/** `--serial`, `--parallel` and `--debugcon`: where the lines of a machine lead. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { declareOptions, readOptions } from "../../src/cli/option-table.ts";
import { guest } from "../systems/guest.ts";
import { Client } from "./client.ts";
import { Person } from "./person.ts";

let folder: string;
let said = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-lines-"));
  const disk = (code: Uint8Array): Uint8Array => {
    const bytes = new Uint8Array(1 << 20);
    bytes.set(code);
    return bytes;
  };
  writeFileSync(join(folder, "ports.img"), disk(guest("tests/guest/programs/ports.s")));
  const echo = new Uint8Array(512);
  // Each byte of COM2 comes back as the next one: mov dx, 2FDh; in al, dx; test al, 1; jz; mov dx, 2F8h; in; inc; out
  echo.set([0xba, 0xfd, 2, 0xec, 0xa8, 1, 0x74, 0xfb, 0xba, 0xf8, 2, 0xec, 0x40, 0xee, 0xeb, 0xf0]);
  echo.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, "echo.img"), disk(echo));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

async function run(disk: string, ...args: readonly string[]): Promise<void> {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const person = new Person();
  person.stdin.isTTY = false;
  const command = declareOptions(new Command().exitOverride(), EMU_OPTIONS);
  command.parse(["--hda", join(folder, disk), "--store", join(folder, "store"), ...args], { from: "user" });
  await runEmu(readOptions(EMU_OPTIONS, command.opts()), null, person);
}

const at = (name: string): string => join(folder, name);
const content = (name: string): string => readFileSync(at(name), "latin1");

test("what is written to port E9h and to port 402h goes to the debug console", async () => {
  // mov al, 'O'; out 0E9h, al; mov al, 'K'; mov dx, 402h; out dx, al; in al, 0E9h; out 0E9h, al; cli; hlt
  const code = [0xb0, 0x4f, 0xe6, 0xe9, 0xb0, 0x4b, 0xba, 0x02, 0x04, 0xee, 0xe4, 0xe9, 0xe6, 0xe9, 0xfa, 0xf4];
  const sector = new Uint8Array(1 << 20);
  sector.set(code);
  sector.set([0x55, 0xaa], 510);
  writeFileSync(at("debug.img"), sector);
  await run("debug.img", "--debugcon", `file:${at("debug")}`, "--for", "2s");
  expect(content("debug")).toBe("OK\xe9");
});

test("each serial port and the printer write files of their own", async () => {
  const lines = ["com1", "com2"].flatMap((name) => ["--serial", `file:${at(name)}`]);
  await run(
    "ports.img",
    ...lines,
    "--serial",
    "null",
    "--serial",
    `file:${at("com4")}`,
    "--parallel",
    `file:${at("lpt1")}`,
    "--for",
    "2s",
  );
  expect(content("com1")).toMatch(/03F8 02F8 03E8 02E8 0378 .*end\n$/s);
  expect(["com2", "com4", "lpt1"].map(content)).toEqual(["B", "D", "Paper"]);
});

test("a client talks with COM2, and says when it is over", async () => {
  const socket = at("line.sock");
  const ended = run(
    "echo.img",
    "--serial",
    "null",
    "--serial",
    `unix:${socket},server`,
    "--for",
    "1000s",
    "--realtime",
    "--monitor",
    `unix:${at("monitor.sock")},server,nowait`,
  );
  const client = await Client.at(() => /--serial: at (\S+)/.exec(said)?.[1] ?? null);
  client.say("HAL");
  expect(await client.hear(/IBM/)).toBe("IBM");
  const monitor = await Client.at(() => /--monitor: at (\S+)/.exec(said)?.[1] ?? null);
  monitor.say("quit\n");
  await ended;
});

test("a line leads to somebody who listens", async () => {
  const server = createServer();
  const heard = new Promise<string>((resolve) => {
    server.on("connection", (socket) => {
      let text = "";
      socket.on("data", (data) => (text += String(data)));
      socket.on("close", () => resolve(text));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await run("ports.img", "--serial", "null", "--serial", `tcp:127.0.0.1:${port}`, "--for", "2s");
  expect(await heard).toBe("B");
  server.close();
});

test("where nobody listens, and what a terminal cannot do twice, is said", async () => {
  await expect(run("echo.img", "--serial", `unix:${at("nobody")}`)).rejects.toThrow(/--serial: .*ENOENT/);
  await expect(run("echo.img", "--serial", "stdio", "--serial", "stdio")).rejects.toThrow(
    "--serial and --serial: only one of them can have stdio",
  );
  await expect(run("echo.img", "--serial", "null", "--parallel", "null", "--link")).rejects.toThrow(
    "--link: no link can hold --parallel",
  );
});
