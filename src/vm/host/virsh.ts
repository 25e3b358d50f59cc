/** libvirt's `virsh`: the one place that calls it. What a domain is, is what it answers. */
import { type ChildProcess, spawn } from "node:child_process";
import { domainId } from "../domain.ts";
import { type Environment, MachineError } from "./home.ts";
import { ask } from "./program.ts";

const ANSWER_MS = 60_000;
const RETRY_MS = 1_000;

/** What `virsh domstate --reason` says, in its two words; null: libvirt knows no such domain. */
export interface DomainState {
  readonly state: string;
  readonly reason: string;
}

export class Virsh {
  readonly #env: Environment;
  readonly #uri: string;
  readonly #id: string;
  readonly #withinMs: number;

  /** For the domain of a machine. */
  constructor(uri: string, id: string, env: Environment, withinMs = ANSWER_MS) {
    this.#withinMs = withinMs;
    this.#uri = uri;
    this.#id = domainId(id);
    this.#env = env;
  }

  ask(...args: readonly string[]): Promise<string> {
    return ask("virsh", ["-c", this.#uri, "-q", ...args], {
      env: this.#env,
      withinMs: this.#withinMs,
      missing: "virsh is not installed: set driver=emu, or install libvirt's clients",
      reason: (said) => [...said.matchAll(/^error: (.*)$/gm)].at(-1)?.[1] ?? said.split("\n").at(-1)!,
    });
  }

  /** Does something to the domain. */
  do(verb: string, ...more: readonly string[]): Promise<string> {
    return this.ask(verb, this.#id, ...more);
  }

  async state(): Promise<DomainState | null> {
    let text: string;
    try {
      text = await this.do("domstate", "--reason");
    } catch (error) {
      if (error instanceof MachineError && /failed to get domain|Domain not found/.test(error.message)) return null;
      throw error;
    }
    const [, state, reason] = /^([a-z ]+?)(?: \(([^)]*)\))?\s*$/.exec(text.trim()) ?? [];
    if (state === undefined) throw new MachineError(`virsh: ${text.trim()} is no state that this qure knows`);
    return { state, reason: reason ?? "" };
  }

  /** Calls back whenever something becomes of the domain, and when that cannot be known for a while. */
  watch(changed: () => void): () => void {
    let child: ChildProcess | null = null;
    let timer: NodeJS.Timeout | null = null;
    let isOver = false;
    const begin = (): void => {
      child = spawn("virsh", ["-c", this.#uri, "-q", "event", this.#id, "--event", "lifecycle", "--loop"], {
        env: { ...this.#env, LC_ALL: "C" },
        stdio: ["ignore", "pipe", "ignore"],
      });
      child.stdout!.on("data", changed);
      child.once("error", () => {});
      child.once("close", () => {
        if (isOver) return;
        changed();
        timer = setTimeout(begin, RETRY_MS);
      });
    };
    begin();
    // What became of it before virsh listens.
    const first = setTimeout(changed, RETRY_MS);
    return () => {
      isOver = true;
      clearTimeout(first);
      if (timer !== null) clearTimeout(timer);
      child?.kill("SIGKILL");
    };
  }
}
