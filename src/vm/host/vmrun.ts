/** VMware's `vmrun` (Using vmrun to Control Virtual Machines, VMware): the one place that calls it. */
import { realpathSync } from "node:fs";
import type { Environment } from "./home.ts";
import { ask } from "./program.ts";

const ANSWER_MS = 60_000;
const PRODUCT = ["-T", "player"] as const;

export class Vmrun {
  readonly #env: Environment;
  readonly #withinMs: number;
  /** Of the machine, its `.vmx`. */
  readonly path: string;

  constructor(path: string, env: Environment, withinMs = ANSWER_MS) {
    this.#withinMs = withinMs;
    this.path = path;
    this.#env = env;
  }

  #ask(...args: readonly string[]): Promise<string> {
    return ask(this.#env["QURE_VMRUN"] || "vmrun", [...PRODUCT, ...args], {
      env: this.#env,
      withinMs: this.#withinMs,
      missing: "vmrun is not there: install VMware, name its vmrun by QURE_VMRUN, or set driver=emu",
      reason: (said) => /^Error: (.*)$/m.exec(said)?.[1] ?? said.split("\n").at(-1)!,
    });
  }

  /** Does something to the machine. */
  async do(
    verb: "start" | "stop" | "reset" | "suspend" | "pause" | "unpause",
    ...more: readonly string[]
  ): Promise<void> {
    await this.#ask(verb, this.path, ...more);
  }

  /** Whether it is among those that run. */
  async isRunning(): Promise<boolean> {
    const real = realpathSync(this.path);
    const lines = (await this.#ask("list")).split(/\r?\n/);
    return lines.some((line) => line.trim() === this.path || line.trim() === real);
  }
}
