/**
 * Scripts for a board without a processor: what the processor, the world outside and time do to it, and what it
 * answers. A script is text, one step per line or between semicolons, numbers in hexadecimal. `=` expects a value, `&`
 * in front of it only some of its bits:
 *
 *     out 43 36          write a byte to a port (outw, outl: two and four bytes)
 *     in 40 = 12         read a byte and expect this value (inw, inl)
 *     in 61 & 20 = 0     expect these bits
 *     write A0000 41     a byte of memory-mapped registers (writew, writel; read, readw, readl)
 *     wait 5ms           let virtual time pass (ns, us, ms, s)
 *     settle 5ms         likewise, for an answer that QEMU gives at once
 *     pass 50ms          likewise, in QEMU too, which takes somewhat longer
 *     intr = 1           expect the level of INTR          ack = 08   expect this vector from an INTA cycle
 *     ram 1000 41 42     put bytes into memory             ram 1000 = 41   look at one
 *     key 1E, keyup 1E   a key goes down or up             leds = 7   look at the keyboard's
 *     mouse 5 FD 0       it moves to the right, down, its wheel    buttons 1   its buttons held
 *     com1 41 42         bytes come from the terminal      sent1 = 41   a byte that has gone there (com2, sent2, ...)
 *     printed = 41       the next byte that the printer has got
 *     played = 7fff      the next sample that a sound card has played   rate = AC44   and the rate of the last of them
 *     frame 40 FF FF     a frame of that length arrives, beginning with these bytes
 *     wire = 40          the length of the next frame that has gone out; `byte C = 8` then looks into it
 *     cable 0            pull the network cable (1: plug it in)
 *     eject 2 = 1        press a drive's button (0-3 IDE, 4-5 diskettes, 6-B AHCI; `eject 2 1`: by force); did it?
 *     insert 2 40 = 1    put in a medium of so many 2048-byte blocks, or KiB of a diskette
 *     medium 0 5 = 12    a byte of a drive's medium: drive, address; `sata` for a port of the AHCI adapter
 *     ferr 1             the processor's FERR# pin
 *     button, nmi, reset someone presses the power button, or that for NMI; the board's reset line
 *     event power off    expect what the board has asked of its machine next; `events = 0` how many are left
 *
 * Scripts of `out`, `in`, `write`, `read`, `ram`, `settle` and `pass` alone run in QEMU, too (qemu.ts).
 */
import type { AccessBytes } from "../../../emulator/bus/bus.ts";

/** A script with its name; `ours` keeps it from QEMU, with the reason. */
export interface Case {
  name: string;
  script: string;
  ours?: string;
}

/** What QEMU can be asked to do as well. */
const QEMU_VERBS = ["out", "in", "write", "read", "ram", "settle", "pass"] as const;
const OUR_VERBS = [
  ...([
    "wait",
    "intr",
    "ack",
    "key",
    "keyup",
    "mouse",
    "buttons",
    "leds",
    "com1",
    "com2",
    "com3",
    "com4",
    "frame",
  ] as const),
  ...(["sent1", "sent2", "sent3", "sent4", "printed", "played", "rate"] as const),
  ...([
    "wire",
    "byte",
    "cable",
    "medium",
    "sata",
    "eject",
    "insert",
    "ferr",
    "button",
    "nmi",
    "reset",
    "event",
    "events",
  ] as const),
] as const;
export type Verb = (typeof QEMU_VERBS)[number] | (typeof OUR_VERBS)[number];

export interface Step {
  text: string;
  verb: Verb;
  address: number;
  size: AccessBytes;
  /** What to write, or how long to wait in ns. */
  value: number;
  /** All numbers after the first one. */
  bytes: readonly number[];
  /** All words after the verb, as they stand. */
  words: string;
  mask: number;
  expected: number | null;
}

const SIZES: Readonly<Record<string, AccessBytes>> = { "": 1, w: 2, l: 4 };
const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

function hex(text: string): number {
  const value = Number.parseInt(text, 16);
  if (Number.isNaN(value)) throw new Error(`${text} is not a hexadecimal number`);
  return value;
}

export function parseScript(script: string): Step[] {
  const lines = script.split(/[;\n]/).map((line) => line.replace(/#.*/, "").trim());
  return lines.filter((line) => line !== "").map(parseStep);
}

function parseStep(text: string): Step {
  const [left, right] = text.split("=").map((part) => part.trim());
  const [main, mask] = left!.split("&").map((part) => part.trim());
  const [word, ...words] = main!.split(/\s+/);
  const access = /^(out|in|read|write)([wl]?)$/.exec(word!);
  const verb = (access?.[1] ?? word) as Verb;
  if (!(QEMU_VERBS as readonly string[]).includes(verb) && !(OUR_VERBS as readonly string[]).includes(verb))
    throw new Error(`unknown step: ${text}`);
  const step: Step = {
    text,
    verb,
    address: 0,
    size: SIZES[access?.[2] ?? ""]!,
    value: 0,
    bytes: [],
    words: words.join(" "),
    mask: mask === undefined ? 0xffffffff : hex(mask),
    expected: right === undefined ? null : hex(right),
  };
  if (verb === "event") return step;
  if (verb === "wait" || verb === "settle" || verb === "pass") {
    const [, amount, unit] = /^([\d.]+)([a-z]+)$/.exec(words[0]!)!;
    return { ...step, value: Number(amount) * UNITS[unit!]! };
  }
  const [address = 0, ...bytes] = words.map(hex);
  return { ...step, address, bytes, value: bytes[0] ?? 0 };
}

export function isForQemu(script: string): boolean {
  return parseScript(script).every(({ verb }) => (QEMU_VERBS as readonly Verb[]).includes(verb));
}

export function check(step: Step, actual: number): void {
  if (step.expected === null) return;
  const masked = (actual & step.mask) >>> 0;
  if (masked !== step.expected)
    throw new Error(`${step.text}: got ${masked.toString(16)} (of ${(actual >>> 0).toString(16)})`);
}
