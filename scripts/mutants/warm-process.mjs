// The parent's end of a process that runs mutants (warm.mjs): begins it, asks it, and ends it when it takes too much of
// the processor's time. Time on the wall says little on a machine that does other things too.

import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const WARM = resolve("scripts/mutants/warm.mjs");
const POLL_MS = 200;
const TICK_MS = 10;
/** A process that sleeps uses no time of the processor: on the wall it gets so many times its limit, and that more. */
const WALL_FACTOR = 10;
const WALL_MS = 60_000;
const MEMORY_MB = 3000;

/** Writes what a process has to know of the bundles; its path. */
export function writeBundles(folder, bundles) {
  const path = join(folder, "bundles.json");
  writeFileSync(path, JSON.stringify(bundles));
  return path;
}

/** Processor's time of a process and of its children that have ended; null where the system does not tell. */
function cpuMsOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in brackets, in which anything may stand.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) * TICK_MS;
  } catch {
    return null;
  }
}

export class WarmProcess {
  #bundles;
  #temporary;
  #child = null;
  #ready = null;
  /** What those have used that are no more. */
  #earlierMs = 0;
  #answer = () => {};

  constructor(bundles, temporary) {
    this.#bundles = bundles;
    this.#temporary = temporary;
  }

  /** Processor's time that was used until now. */
  cpuMs() {
    return this.#earlierMs + (this.#child === null ? 0 : (cpuMsOf(this.#child.pid) ?? 0));
  }

  /** Asks the process; null when it was ended because it took more than `limitMs`. */
  async ask(request, limitMs) {
    if (this.#child === null) this.#begin();
    await this.#ready;
    const startedAt = Date.now();
    const startedMs = cpuMsOf(this.#child.pid);
    return new Promise((done) => {
      const watch = setInterval(() => {
        const usedMs = startedMs === null ? null : (cpuMsOf(this.#child?.pid) ?? startedMs) - startedMs;
        const wallMs = Date.now() - startedAt;
        if ((usedMs ?? wallMs) <= limitMs && wallMs <= limitMs * WALL_FACTOR + WALL_MS) return;
        this.end();
        this.#answer(null);
      }, POLL_MS);
      this.#answer = (reply) => {
        this.#answer = () => {};
        clearInterval(watch);
        done(reply);
      };
      this.#child.send(request);
    });
  }

  #begin() {
    const child = fork(WARM, [this.#bundles], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // A process that is ended leaves its temporary files.
      env: { ...process.env, TMPDIR: this.#temporary },
      execArgv: [`--max-old-space-size=${MEMORY_MB}`],
    });
    this.#child = child;
    let said = "";
    child.stderr.on("data", (chunk) => void (said = (said + chunk).slice(-2000)));
    this.#ready = new Promise((done, failed) => {
      child.once("message", done);
      child.once("exit", () => failed(new Error(`no process for tests: ${said}`)));
    });
    this.#ready.then(() => child.on("message", (reply) => this.#answer(reply)));
    child.on("exit", (code, signal) => {
      if (this.#child !== child) return;
      // It ended by itself: a crash, or memory without end, is a failure that everybody notices.
      this.#child = null;
      this.#answer({
        file: "",
        index: null,
        isEndless: false,
        message: `process ended with ${code ?? signal}: ${said}`,
      });
    });
  }

  /** Ends the process. */
  end() {
    if (this.#child === null) return;
    this.#earlierMs += cpuMsOf(this.#child.pid) ?? 0;
    const child = this.#child;
    this.#child = null;
    child.kill("SIGKILL");
  }
}
