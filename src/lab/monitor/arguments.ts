/**
 * Arguments of the monitor's commands, in QEMU's notation (its hmp-commands.hx): `keys:s,hold:i?` is a word and a
 * number that may be left out. `s` word, `S` all the rest, `F` file name, `B` block device, `i` number, `b` on or off,
 * `/` format and `-a` a flag.
 */
import { SyntaxProblem } from "./error.ts";
import { Line, type Registers, takeExpression } from "./expression.ts";

/** `/4xw`: how often, in which form, how many bytes each; -1 for instructions of any size. */
export interface Format {
  readonly count: number;
  readonly letter: string;
  readonly sizeBytes: number;
}

/** Form and size that were given last count where none are given. */
export interface FormatDefaults {
  letter: string;
  sizeBytes: number;
}

type Value = string | bigint | boolean | Format;

export class Values {
  readonly #values: ReadonlyMap<string, Value>;

  constructor(values: ReadonlyMap<string, Value>) {
    this.#values = values;
  }

  /** Null when it was left out. */
  word(name: string): string | null {
    return (this.#values.get(name) as string | undefined) ?? null;
  }

  number(name: string): bigint | null {
    return (this.#values.get(name) as bigint | undefined) ?? null;
  }

  isOn(name: string): boolean {
    return this.#values.get(name) === true;
  }

  format(name: string): Format {
    return this.#values.get(name) as Format;
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  s: "string expected",
  S: "string expected",
  F: "filename expected",
  B: "block device name expected",
};
const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8, L: 8 };
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r" };

function takeWord(line: Line): string | null {
  line.skipBlanks();
  const quoted = line.take(/"(?:\\.|[^"\\])*"/y);
  if (quoted !== null) return quoted.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
  return line.take(/[^\s]+/y);
}

function takeFormat(line: Line, defaults: FormatDefaults): Format {
  line.skipBlanks();
  if (line.peek() !== "/")
    return { count: 1, letter: defaults.letter, sizeBytes: defaults.letter === "i" ? -1 : defaults.sizeBytes };
  line.at++;
  const digits = line.take(/\d+/y);
  let letter: string | null = null;
  let sizeBytes: number | null = null;
  for (let word = line.take(/[oduxicbhwgL]/y); word !== null; word = line.take(/[oduxicbhwgL]/y)) {
    if (SIZES[word] !== undefined) sizeBytes = SIZES[word]!;
    else letter = word;
  }
  if (line.peek() !== "" && !/\s/.test(line.peek()))
    throw new SyntaxProblem(`invalid char in format: '${line.peek()}'`);
  letter ??= defaults.letter;
  if (letter !== "i") defaults.sizeBytes = sizeBytes ??= defaults.sizeBytes;
  defaults.letter = letter;
  return { count: digits === null ? 1 : Number(digits), letter, sizeBytes: sizeBytes ?? -1 };
}

/** Reads what comes after a command's name. Throws a SyntaxProblem. */
export function readArguments(
  specification: string,
  text: string,
  registers: Registers,
  defaults: FormatDefaults,
): Values {
  const line = new Line(text);
  const values = new Map<string, Value>();
  for (const part of specification === "" ? [] : specification.split(",")) {
    const [name = "", type = ""] = part.split(":");
    const kind = type[0]!;
    if (kind === "-") {
      line.skipBlanks();
      if (line.peek() !== "-") continue;
      if (line.text[line.at + 1] !== type[1]) {
        const wrong = line.text[line.at + 1] ?? "";
        // What begins like a flag may be the next argument.
        if (/[a-z]/i.test(wrong)) throw new SyntaxProblem(`unsupported option -${wrong}`, true);
        continue;
      }
      line.at += 2;
      values.set(name, true);
      continue;
    }
    if (kind === "/") {
      values.set(name, takeFormat(line, defaults));
      continue;
    }
    if (line.isAtEnd && type.endsWith("?")) continue;
    if (kind === "i") {
      values.set(name, takeExpression(line, registers));
      continue;
    }
    if (kind === "S") {
      if (line.isAtEnd) throw new SyntaxProblem(EXPECTED["S"]!, true);
      values.set(name, line.text.slice(line.at).trimEnd());
      line.at = line.text.length;
      continue;
    }
    const word = takeWord(line);
    if (kind === "b") {
      if (word !== "on" && word !== "off") throw new SyntaxProblem("Expected 'on' or 'off'");
      values.set(name, word === "on");
    } else if (word === null) throw new SyntaxProblem(EXPECTED[kind]!, true);
    else values.set(name, word);
  }
  if (!line.isAtEnd) throw new SyntaxProblem("extraneous characters at the end of line", true);
  return new Values(values);
}
