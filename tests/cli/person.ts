/** Whoever sits at the terminal of a test. */
import { EventEmitter } from "node:events";
import type { Terminal } from "../../src/cli/emu/terminal.ts";

/** A terminal whose person types the next text whenever the one before has had its effect. */
export class Person extends EventEmitter implements Terminal {
  readonly stdin: Terminal["stdin"] & { isTTY?: boolean };
  readonly stdout: Terminal["stdout"];
  shown = "";
  isRaw = false;
  readonly #steps: [waitFor: RegExp, typed: string][];

  constructor(...steps: [waitFor: RegExp, typed: string][]) {
    super();
    this.#steps = steps;
    this.stdin = {
      isTTY: true,
      setRawMode: (raw) => (this.isRaw = raw),
      on: (event, listener) => this.on(event, listener),
      off: (event, listener) => this.off(event, listener),
      resume: () => {},
      pause: () => {},
    };
    this.stdout = { isTTY: true, write: (text) => this.#show(text) };
  }

  /** Steps that have not come to be. */
  get remaining(): number {
    return this.#steps.length;
  }

  #show(text: string | Uint8Array): void {
    this.shown += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
    const [step] = this.#steps;
    if (!step?.[0].test(this.shown)) return;
    this.#steps.shift();
    this.shown = "";
    setImmediate(() => this.emit("data", Buffer.from(step[1])));
  }
}
