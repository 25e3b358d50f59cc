/** QMP answers as QEMU's: the same requests to both, where an answer does not depend on the machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { guest } from "../systems/guest.ts";
import { bootDisk, Monitored } from "./monitored.ts";

/** In this order. */
const REQUESTS: readonly (object | string)[] = [
  { execute: "query-status" },
  { execute: "nothing" },
  { execute: "qmp_capabilities" },
  { execute: "qmp_capabilities" },
  { execute: "query-status", id: 7 },
  { execute: "query-status", id: { a: [1] } },
  { execute: "nothing", id: "x" },
  { foo: 1 },
  {},
  "[1]",
  '"text"',
  { execute: 1 },
  { execute: "stop", arguments: { x: 1 } },
  { execute: "stop", arguments: 1 },
  { execute: "stop" },
  { execute: "stop" },
  { execute: "query-status" },
  { execute: "system_reset" },
  { execute: "query-status" },
  { execute: "cont" },
  { execute: "cont" },
  { execute: "stop" },
  { execute: "send-key" },
  { execute: "send-key", arguments: { keys: 1 } },
  { execute: "send-key", arguments: { keys: [{ type: "qcode", data: "zz" }] } },
  { execute: "send-key", arguments: { keys: [{ type: "qcode", data: "ret" }] } },
  { execute: "set_link", arguments: { name: "nothing", up: false } },
  { execute: "set_link", arguments: { name: "e1000.0", up: 1 } },
  { execute: "set_link", arguments: { name: "e1000.0", up: false } },
  { execute: "set_link", arguments: { name: "e1000.0" } },
  { execute: "inject-nmi" },
  { execute: "human-monitor-command", arguments: { "command-line": "info status" } },
  { execute: "human-monitor-command", arguments: { "command-line": "nothing" } },
  { execute: "screendump", arguments: {} },
  { execute: "system_powerdown" },
  { execute: "quit" },
];

interface Answer {
  readonly event?: string;
  timestamp?: unknown;
}

/** What comes until the answer to a request; times are their own. */
class Qemu {
  readonly #child: ChildProcess;
  readonly #heard: Answer[] = [];
  #wake = (): void => {};

  constructor(program: string, disk: string) {
    const machine = [
      "-M",
      "pc",
      "-m",
      "32",
      "-display",
      "none",
      "-serial",
      "null",
      "-parallel",
      "none",
      "-nic",
      "none",
    ];
    const parts = ["-device", "e1000", "-drive", `file=${disk},format=raw,snapshot=on`, "-qmp", "stdio"];
    this.#child = spawn(program, [...machine, ...parts], { stdio: ["pipe", "pipe", "ignore"] });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.#heard.push(JSON.parse(line) as Answer);
      this.#wake();
    });
  }

  async #next(): Promise<Answer> {
    for (;;) {
      const answer = this.#heard.shift();
      if (answer) return answer;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  greeting(): Promise<Answer> {
    return this.#next();
  }

  async ask(text: string): Promise<Answer[]> {
    this.#child.stdin!.write(`${text}\n`);
    const all: Answer[] = [];
    for (;;) {
      const answer = await this.#next();
      // A guest that is being reset may reset once more.
      if ((answer as { data?: { guest?: boolean } }).data?.guest === true) continue;
      all.push(answer);
      if (answer.event === undefined) return all;
    }
  }

  close(): void {
    this.#child.kill();
  }
}

const timeless = (answers: readonly unknown[]): unknown[] =>
  answers.map((answer) => ({ ...(answer as Answer), ...((answer as Answer).timestamp ? { timestamp: {} } : {}) }));

test("QMP's answers and events are QEMU's", async (context) => {
  const program = requireOracle("qemu-system-i386", context);
  const code = bootDisk(guest("tests/guest/programs/monitor.s"));
  const folder = mkdtempSync(join(tmpdir(), "qure-qmp-"));
  const path = join(folder, "disk.img");
  writeFileSync(path, code);
  const ours = new Monitored([{ disk: code }]).program();
  const qemu = new Qemu(program, path);
  try {
    ours.heard();
    await qemu.greeting();
    for (const request of REQUESTS) {
      const text = typeof request === "string" ? request : JSON.stringify(request);
      expect.soft(timeless(ours.say(text)), text).toEqual(timeless(await qemu.ask(text)));
    }
  } finally {
    qemu.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
