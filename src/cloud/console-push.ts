/**
 * A push over a machine's console, where there is no network (docs/protocols/push.md): what is typed there for it, and
 * what is understood of all that the console says. Time comes in with `tick`, text with `heard`.
 */
import { crc32 } from "../bytes/crc32.ts";
import { sha256 } from "../bytes/sha256.ts";
import { packetHex } from "../wire/hex.ts";
import type { PushedModule, PushOutcome } from "./pushes.ts";

/** What is asked for at a console. */
export type ConsoleAsk =
  | { readonly verb: "look" }
  | { readonly verb: "undo"; readonly name: string }
  | { readonly verb: "push"; readonly name: string; readonly content: Uint8Array; readonly keeps: boolean };

/** A line's bytes: with the eight before them they are 960 signs in Base64, as many as the node takes. */
const PIECE_BYTES = 712;
const HEAD_BYTES = 8;
/** Until a line is typed again of which nothing came. */
const AGAIN_MS = 1_000;
/** Without a word of the node. Its trial of a module takes a second; another push may be before this one. */
const PATIENCE_MS = 10_000;
const SECONDS_TO_2000 = 946_684_800;
/** To the end of a line that somebody has begun, and away with it. */
const CLEAR = "\x05\x15";
const CTRL_C = "\x03";
/** What has to be remembered of the console's text. */
const MOST_TEXT = 65_536;
const ENDS = /push asked \d+/;
const ROW =
  /^(\S{1,12}) +([0-9a-f]{8}) +(\d+) bytes {2}since (\d{4}-\d\d-\d\d) (\d\d:\d\d) {2}after (the image's|another one), for revision (\d+)(, kept for other kernels)?(, a program)?$/gm;

export class ConsolePush {
  readonly #ask: ConsoleAsk;
  readonly #write: (text: string) => void;
  #text = "";
  /** `asks`: until the node says how many bytes it has. */
  #phase: "asks" | "sends" | "waits" = "asks";
  #received = 0;
  #nextMs = Infinity;
  #untilMs: number | null = null;
  #outcome: PushOutcome | null = null;

  /** Types at once: the console's shell has to be at its prompt. */
  constructor(ask: ConsoleAsk, write: (text: string) => void) {
    this.#ask = ask;
    this.#write = write;
    write(`${CLEAR}${commandOf(ask)}module list; echo push asked $?\r`);
  }

  /** Null until it is over. */
  get outcome(): PushOutcome | null {
    return this.#outcome;
  }

  /** Text that the console printed, in the order it came. */
  heard(text: string, nowMs: number): void {
    if (this.#outcome) return;
    this.#text = (this.#text + text).slice(-MOST_TEXT);
    if (this.#ask.verb === "push" && this.#phase !== "waits") this.#taken(this.#ask, nowMs);
    if (ENDS.test(this.#text)) this.#end();
  }

  /** Types again what was not answered, and gives up at last. */
  tick(nowMs: number): void {
    if (this.#outcome) return;
    this.#untilMs ??= nowMs + PATIENCE_MS;
    if (nowMs >= this.#untilMs) {
      this.stop();
      const why =
        this.#phase === "asks"
          ? "nothing was said at the console: its shell has to be at the prompt"
          : `the machine said nothing for ${PATIENCE_MS / 1000} s`;
      this.#outcome = { result: "no answer", why };
    } else if (this.#phase === "sends" && nowMs >= this.#nextMs && this.#ask.verb === "push")
      this.#send(this.#ask.content, nowMs);
  }

  /** Has the node give up what came, if it is not whole. */
  stop(): void {
    if (this.#phase === "sends") this.#write(CTRL_C);
  }

  /** Looks how much the node has, by the last that it said. */
  #taken({ name, content }: ConsoleAsk & { readonly verb: "push" }, nowMs: number): void {
    const said = this.#text.matchAll(new RegExp(`push ${name}: (\\d+) of ${content.length} bytes`, "g"));
    const received = Math.max(-1, ...Array.from(said, ([, digits]) => Number(digits)));
    if (received < 0 || (this.#phase === "sends" && received <= this.#received)) return;
    this.#received = received;
    this.#phase = received < content.length ? "sends" : "waits";
    this.#untilMs = nowMs + PATIENCE_MS;
    if (this.#phase === "sends") this.#send(content, nowMs);
  }

  #send(content: Uint8Array, nowMs: number): void {
    const bytes = content.subarray(this.#received, this.#received + PIECE_BYTES);
    const piece = new Uint8Array(HEAD_BYTES + bytes.length);
    const view = new DataView(piece.buffer);
    view.setUint32(0, this.#received, true);
    piece.set(bytes, HEAD_BYTES);
    view.setUint32(4, crc32(piece), true);
    this.#write(`#${base64Of(piece)}\r`);
    this.#nextMs = nowMs + AGAIN_MS;
  }

  #end(): void {
    const text = this.#text.replaceAll("\r", "\n");
    if (/^module: not found|^usage: module .*undo NAME\]$/m.test(text))
      return this.#fail("the machine's system takes no push over its console");
    const modules = Array.from(text.matchAll(ROW), moduleOf);
    if (this.#ask.verb === "push") {
      const { name } = this.#ask;
      const why = new RegExp(`push ${name}: failed: ([^\\n]*)`).exec(text)?.[1];
      const awayUs = new RegExp(`push ${name}: done, away for (\\d+) us`).exec(text)?.[1];
      if (why !== undefined) return this.#fail(why);
      if (awayUs === undefined) return this.#fail("what it said of the push was not understood");
      this.#outcome = { result: "done", awayUs: awayUs === "0" ? null : Number(awayUs), modules };
    } else {
      const why = this.#ask.verb === "undo" ? /^module: \S+: ([^\n]*)/m.exec(text)?.[1] : undefined;
      if (why !== undefined) return this.#fail(why);
      this.#outcome = { result: "done", awayUs: null, modules };
    }
  }

  #fail(why: string): void {
    this.#outcome = { result: "failed", why };
  }
}

const SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648, 4. */
function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const bits = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) text += SIGNS[(bits >> shift) & 63]!;
  }
  const fill = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - fill) + "=".repeat(fill);
}

function commandOf(ask: ConsoleAsk): string {
  if (ask.verb === "look") return "";
  if (ask.verb === "undo") return `module undo ${ask.name}; `;
  const { name, content, keeps } = ask;
  return `module push ${name} ${content.length} ${packetHex(sha256(content), 0, 32)}${keeps ? " keep" : ""}; `;
}

function moduleOf([, name, digest, bytes, day, time, before, revision, kept, program]: RegExpMatchArray): PushedModule {
  return {
    name: name!,
    digest: digest!,
    sizeBytes: Number(bytes),
    revision: Number(revision),
    checksum: 0,
    since: Date.parse(`${day}T${time}Z`) / 1000 - SECONDS_TO_2000,
    isKept: kept !== undefined,
    hasBefore: before === "another one",
    isProgram: program !== undefined,
  };
}
