/**
 * The text that a machine sent over a serial line, as a test reads it: waits go forward from where the last one ended.
 */

const ESCAPE_SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;

export class ConsoleText {
  #raw = "";
  #text = "";
  #position = 0;
  #length = 0;
  readonly #listeners = new Set<(bytes: Uint8Array) => void>();

  append(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let i = 0; i < bytes.length; i++) this.#raw += String.fromCharCode(bytes[i]!);
    for (const listener of this.#listeners) listener(bytes);
  }

  /** How many bytes have come: to see cheaply whether there is something new. */
  get length(): number {
    return this.#length;
  }

  /** Everything so far, without carriage returns and terminal control sequences. */
  get text(): string {
    if (this.#raw !== "") {
      // An escape sequence that is not complete yet waits for its rest.
      const cut = /\x1b(?:\[[0-?]*[ -/]*)?$/.exec(this.#raw)?.index ?? this.#raw.length;
      this.#text += this.#raw.slice(0, cut).replace(ESCAPE_SEQUENCE, "").replace(/\r/g, "");
      this.#raw = this.#raw.slice(cut);
    }
    return this.#text;
  }

  /** What no wait has consumed yet. */
  get unread(): string {
    return this.text.slice(this.#position);
  }

  /** The first match in the unread text; consumes it and all before it. Null when there is none yet. */
  take(pattern: RegExp | string): RegExpExecArray | null {
    const expression =
      typeof pattern === "string"
        ? new RegExp(pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        : new RegExp(pattern.source, pattern.flags.replace("g", ""));
    const match = expression.exec(this.unread);
    if (match) this.#position += match.index + match[0].length;
    return match;
  }

  /** Keeps nothing of what has come: for those who listen, and run for weeks. */
  forget(): void {
    this.#raw = "";
    this.#text = "";
    this.#position = 0;
  }

  /** What a snapshot keeps of it: the text, and how far it was read. */
  save(): { text: string; raw: string; position: number } {
    const { text } = this;
    return { text, raw: this.#raw, position: this.#position };
  }

  restore(saved: { text: string; raw: string; position: number }): void {
    this.#text = saved.text;
    this.#raw = saved.raw;
    this.#position = saved.position;
    this.#length = saved.text.length + saved.raw.length;
  }

  /** Calls back for all bytes from now on; the result ends it. */
  listen(listener: (bytes: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** What consoles showed goes into a snapshot under this name, so that a wait after it finds what came before. */
export const CONSOLES = "xconsole";

interface WithConsole {
  readonly console: ConsoleText;
}

export function saveConsoles(nodes: readonly WithConsole[]): Map<string, Uint8Array> {
  return new Map([[CONSOLES, new TextEncoder().encode(JSON.stringify(nodes.map((node) => node.console.save())))]]);
}

/** `extra`: what a snapshot has under that name. */
export function restoreConsoles(nodes: readonly WithConsole[], extra: Uint8Array | null): void {
  if (!extra) return;
  const saved = JSON.parse(new TextDecoder().decode(extra)) as ReturnType<ConsoleText["save"]>[];
  nodes.forEach(({ console }, index) => console.restore(saved[index]!));
}
