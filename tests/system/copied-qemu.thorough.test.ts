/** A machine of QEMU that goes on from a saved state is told so where its vmgenid says so (asm/kernel/generation.s). */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { expect, test } from "vitest";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { requireOracle } from "../oracle.ts";
import { images } from "./images.ts";

const GENERATION = "11111111-2222-3333-4444-555555555555";
const OTHER = "99999999-2222-3333-4444-555555555555";
const LOOK_MS = 100;
const JOINS_ANEW = /^cluster: this machine has come back from a snapshot; its node joins anew$/m;

/** QEMU's machine: what its console has shown, and its monitor. */
class Machine {
  readonly #child;
  readonly #answers: AsyncIterator<unknown>;
  readonly #console: string;

  constructor(qemu: string, folder: string, name: string, options: readonly string[]) {
    this.#console = join(folder, `${name}.txt`);
    const machine = ["-M", "pc", "-m", "64", "-display", "none", "-no-reboot", "-nic", "user,model=e1000"];
    const media = ["-cdrom", join(folder, "qure.iso"), "-boot", "d", "-serial", `file:${this.#console}`];
    const key = ["-fw_cfg", `name=opt/org.qure/cluster,file=${join(folder, "key")}`];
    this.#child = execa(qemu, [...machine, ...media, ...key, "-qmp", "stdio", ...options], {
      timeout: 90_000,
      reject: false,
      buffer: false,
      stdin: "pipe",
      lines: true,
    });
    this.#answers = this.#child[Symbol.asyncIterator]();
  }

  get text(): string {
    return existsSync(this.#console) ? readFileSync(this.#console, "latin1").replaceAll("\r", "") : "";
  }

  async ask(execute: string, parameters: object = {}): Promise<{ readonly status?: string }> {
    this.#child.stdin!.write(`${JSON.stringify({ execute, arguments: parameters })}\n`);
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error("QEMU has ended");
      const answer = JSON.parse(String(value));
      if ("return" in answer) return answer.return;
      if ("error" in answer) throw new Error(answer.error.desc);
    }
  }

  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await delay(LOOK_MS);
  }

  async end(): Promise<void> {
    this.#child.kill();
    await this.#child;
  }
}

test("a machine of QEMU that goes on from a saved state with another generation joins anew", async (context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const folder = mkdtempSync(join(tmpdir(), "qure-copied-"));
  try {
    writeFileSync(join(folder, "qure.iso"), images().iso);
    writeFileSync(join(folder, "key"), keyOfSeed(1));
    const generation = (guid: string): string[] => ["-device", `vmgenid,guid=${guid}`];
    const original = new Machine(qemu, folder, "original", generation(GENERATION));
    await original.ask("qmp_capabilities");
    await original.shows(/ era 1 age 1 peers 0$/m);
    await original.ask("migrate", { uri: `exec:cat > ${join(folder, "state")}` });
    while ((await original.ask("query-migrate")).status !== "completed") await delay(LOOK_MS);
    await original.end();
    const incoming = ["-incoming", `exec:cat ${join(folder, "state")}`];
    const copy = new Machine(qemu, folder, "copy", [...generation(OTHER), ...incoming]);
    await copy.shows(JOINS_ANEW);
    await copy.end();
    expect(original.text).not.toMatch(JOINS_ANEW);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
