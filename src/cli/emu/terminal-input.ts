/**
 * What a terminal sends, taken apart: characters, keys that are none, its mouse, and what it answers when it is asked
 * what it can show. Source: XTerm Control Sequences (SGR mouse, primary device attributes, window reports); kitty's
 * graphics protocol.
 */
import { KEYS } from "../../../emulator/devices/scancodes.ts";

/**
 * Asks for a picture in kitty's protocol, for the size of a cell, and for the attributes, which all terminals answer.
 */
export const ASK_TERMINAL = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c";
export const TRACK_MOUSE = "\x1b[?1003h\x1b[?1006h";
export const LEAVE_MOUSE = "\x1b[?1003l\x1b[?1006l";

export type TerminalEvent =
  | { readonly kind: "character"; readonly character: string }
  /** Its set 1 code. */
  | { readonly kind: "key"; readonly key: number }
  /**
   * Cells count from 0. `wheel`: steps towards the person; `buttons` as LabNode has them, null where nothing is said of
   * them.
   */
  | {
      readonly kind: "mouse";
      readonly column: number;
      readonly row: number;
      readonly wheel: number;
      readonly button: number;
      readonly isDown: boolean | null;
    }
  | { readonly kind: "shows"; readonly what: "kitty" | "sixel" }
  | { readonly kind: "cell"; readonly width: number; readonly height: number }
  | { readonly kind: "nothing" };

/** What terminals send for keys that are not characters. */
const SEQUENCES: readonly (readonly [sequence: string, key: number])[] = [
  ["\x1b[A", KEYS.up],
  ["\x1b[B", KEYS.down],
  ["\x1b[C", KEYS.right],
  ["\x1b[D", KEYS.left],
  ["\x1bOA", KEYS.up],
  ["\x1bOB", KEYS.down],
  ["\x1bOC", KEYS.right],
  ["\x1bOD", KEYS.left],
  ["\x1b[H", KEYS.home],
  ["\x1b[F", KEYS.end],
  ["\x1b[2~", KEYS.insert],
  ["\x1b[3~", KEYS.delete],
  ["\x1b[5~", KEYS.pageUp],
  ["\x1b[6~", KEYS.pageDown],
  ["\x1bOP", KEYS.f1],
  ["\x1bOQ", KEYS.f2],
  ["\x1bOR", KEYS.f3],
  ["\x1bOS", KEYS.f4],
  ["\x1b[15~", KEYS.f5],
  ["\x1b[17~", KEYS.f6],
  ["\x1b[18~", KEYS.f7],
  ["\x1b[19~", KEYS.f8],
  ["\x1b[20~", KEYS.f9],
  ["\x1b[21~", KEYS.f10],
  ["\x1b[23~", KEYS.f11],
  ["\x1b[24~", KEYS.f12],
];

const MOTION = 32;
const WHEEL = 64;
/** By the terminal's number of a button: left, middle, right; 3 is none. */
const BUTTONS = [1, 4, 2, 0] as const;
/** Attribute of a terminal that shows sixels. */
const SIXEL = "4";

type Reader = (found: RegExpExecArray) => TerminalEvent;

const REPORTS: readonly (readonly [pattern: RegExp, read: Reader])[] = [
  [
    /^\x1b\[<(\d+);(\d+);(\d+)([Mm])/,
    ([, code, column, row, end]) => {
      const number = Number(code);
      const isWheel = (number & WHEEL) !== 0;
      return {
        kind: "mouse",
        column: Number(column) - 1,
        row: Number(row) - 1,
        wheel: isWheel ? ((number & 1) === 0 ? -1 : 1) : 0,
        button: BUTTONS[(number & 3) as 0 | 1 | 2 | 3],
        isDown: isWheel || (number & MOTION) !== 0 ? null : end === "M",
      };
    },
  ],
  [
    /^\x1b\[\?([\d;]+)c/,
    ([, attributes]) =>
      attributes!.split(";").slice(1).includes(SIXEL) ? { kind: "shows", what: "sixel" } : { kind: "nothing" },
  ],
  [/^\x1b\[6;(\d+);(\d+)t/, ([, height, width]) => ({ kind: "cell", width: Number(width), height: Number(height) })],
  [
    /^\x1b_Gi=31;([^\x1b]*)\x1b\\/,
    ([, answer]) => (answer === "OK" ? { kind: "shows", what: "kitty" } : { kind: "nothing" }),
  ],
];

/** The event at the beginning of a text that is not empty, and how many characters it takes. */
export function takeEvent(text: string): readonly [event: TerminalEvent, length: number] {
  for (const [pattern, read] of REPORTS) {
    const found = pattern.exec(text);
    if (found) return [read(found), found[0].length];
  }
  const known = SEQUENCES.find(([sequence]) => text.startsWith(sequence));
  if (known) return [{ kind: "key", key: known[1] }, known[0].length];
  return [{ kind: "character", character: text[0]! }, 1];
}
