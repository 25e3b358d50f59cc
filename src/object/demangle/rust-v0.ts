/**
 * Rust's own mangling (RFC 2603; The rustc book, "v0 Symbol Format"): paths, types and constants with back references
 * to what stood before, written out while they are read.
 */
import { decodePunycode } from "./punycode.ts";
import { V0Reader } from "./rust-v0-reader.ts";

/** After a dot there is what LLVM adds. */
const V0 = /^_R([A-Z][A-Za-z0-9_]*)(?:\..*)?$/s;

/** Paths, types and constants within each other: GNU's limit. */
const MAX_DEPTH = 1024;
/** Of them and of letters of Punycode altogether: a back reference may be followed many times. */
const MAX_PARTS = 100_000;
/** Of the text that is made. */
const MAX_CHARACTERS = 65_536;

const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};
const UNSIGNED = "htmyoj";
const SIGNED = "aslxni";

/** Of uppercase namespaces; others are named by their letter. */
const NAMESPACES: Readonly<Record<string, string>> = { C: "closure", S: "shim" };

const CHARACTER_ESCAPES: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r" };
/** More digits of a constant are shown as they are. */
const DIGITS_OF_64_BITS = 16;

/** The path in the source; null for a name that is not of this kind. Throws `MALFORMED`. */
export function demangleRustV0(mangled: string, isVerbose: boolean): string | null {
  const match = V0.exec(mangled);
  return match === null ? null : new V0Writer(match[1]!, isVerbose).symbol();
}

class V0Writer {
  readonly #reader: V0Reader;
  readonly #isVerbose: boolean;
  #made = "";
  /** Reads on and writes nothing, as of the path of an `impl`. */
  #isSilent = false;
  #depth = 0;
  #parts = 0;
  /** Lifetimes that `for<...>` around here has named. */
  #bound = 0;

  constructor(text: string, isVerbose: boolean) {
    this.#reader = new V0Reader(text);
    this.#isVerbose = isVerbose;
  }

  symbol(): string {
    this.#path(true);
    // The crate that a generic function was made for.
    if (!this.#reader.isAtEnd()) this.#silently(() => this.#path(false));
    if (!this.#reader.isAtEnd()) this.#reader.fail();
    return this.#made;
  }

  /** `isValue`: of a function, say, whose arguments stand behind `::`. */
  #path(isValue: boolean): void {
    this.#enter();
    const kind = this.#reader.next();
    switch (kind) {
      case "C": {
        const hash = this.#reader.disambiguator();
        this.#write(this.#identifier());
        if (this.#isVerbose) this.#write(`[${hash.toString(16)}]`);
        break;
      }
      case "N":
        this.#nested(isValue);
        break;
      case "M":
      case "X":
      case "Y":
        if (kind !== "Y") {
          this.#reader.disambiguator();
          this.#silently(() => this.#path(isValue));
        }
        this.#write("<");
        this.#type();
        if (kind !== "M") {
          this.#write(" as ");
          this.#path(false);
        }
        this.#write(">");
        break;
      case "I":
        this.#path(isValue);
        this.#write(isValue ? "::<" : "<");
        this.#list(() => this.#argument());
        this.#write(">");
        break;
      case "B":
        this.#back(() => this.#path(isValue));
        break;
      default:
        this.#reader.fail();
    }
    this.#depth--;
  }

  #nested(isValue: boolean): void {
    const namespace = this.#reader.next();
    if (!/[A-Za-z]/.test(namespace)) this.#reader.fail();
    this.#path(isValue);
    const number = this.#reader.disambiguator();
    const name = this.#identifier();
    if (namespace >= "a") {
      if (name !== null) this.#write(`::${name}`);
    } else {
      const kind = NAMESPACES[namespace] ?? namespace;
      this.#write(`::{${kind}${name === null ? "" : `:${name}`}#${number}}`);
    }
  }

  #argument(): void {
    if (this.#reader.take("L")) this.#write(this.#lifetime(this.#reader.base62()));
    else if (this.#reader.take("K")) this.#constant();
    else this.#type();
  }

  #type(): void {
    const kind = this.#reader.next();
    const basic = BASIC_TYPES[kind];
    if (basic !== undefined) return this.#write(basic);
    this.#enter();
    switch (kind) {
      case "R":
      case "Q": {
        const lifetime = this.#reader.take("L") ? this.#reader.base62() : 0n;
        this.#write(`&${lifetime === 0n ? "" : `${this.#lifetime(lifetime)} `}${kind === "Q" ? "mut " : ""}`);
        this.#type();
        break;
      }
      case "P":
      case "O":
        this.#write(kind === "P" ? "*const " : "*mut ");
        this.#type();
        break;
      case "A":
      case "S":
        this.#write("[");
        this.#type();
        if (kind === "A") {
          this.#write("; ");
          this.#constant();
        }
        this.#write("]");
        break;
      case "T":
        this.#write("(");
        this.#write(this.#list(() => this.#type()) === 1 ? ",)" : ")");
        break;
      case "F":
        this.#binding(() => this.#function());
        break;
      case "D":
        this.#object();
        break;
      case "B":
        this.#back(() => this.#type());
        break;
      default:
        this.#reader.at--;
        this.#path(false);
    }
    this.#depth--;
  }

  #function(): void {
    if (this.#reader.take("U")) this.#write("unsafe ");
    if (this.#reader.take("K")) this.#write(`extern "${this.#reader.take("C") ? "C" : this.#convention()}" `);
    this.#write("fn(");
    this.#list(() => this.#type());
    this.#write(")");
    if (this.#reader.take("u")) return;
    this.#write(" -> ");
    this.#type();
  }

  #convention(): string {
    const name = this.#reader.identifier();
    if (name === null || name.isPunycode) this.#reader.fail();
    return name.text.replaceAll("_", "-");
  }

  /** `dyn` with its traits; its lifetime is not within their `for<...>`. */
  #object(): void {
    this.#write("dyn ");
    this.#binding(() => this.#list(() => this.#trait(), " + "));
    this.#reader.expect("L");
    const lifetime = this.#reader.base62();
    if (lifetime !== 0n) this.#write(` + ${this.#lifetime(lifetime)}`);
  }

  /** With its types by name behind its arguments: `Iterator<Item = T>`. */
  #trait(): void {
    let isOpen = this.#openPath();
    while (this.#reader.take("p")) {
      this.#write(`${isOpen ? ", " : "<"}${this.#identifier() ?? ""} = `);
      isOpen = true;
      this.#type();
    }
    if (isOpen) this.#write(">");
  }

  /** Whether the path has arguments, whose `>` is still to come. */
  #openPath(): boolean {
    this.#enter();
    let isOpen = false;
    if (this.#reader.take("B")) {
      this.#back(() => void (isOpen = this.#openPath()));
    } else if (this.#reader.take("I")) {
      this.#path(false);
      this.#write("<");
      this.#list(() => this.#argument());
      isOpen = true;
    } else {
      this.#path(false);
    }
    this.#depth--;
    return isOpen;
  }

  #constant(): void {
    this.#enter();
    const type = this.#reader.next();
    if (type === "B") {
      this.#back(() => this.#constant());
    } else if (type === "p") {
      this.#write("_");
    } else {
      if (UNSIGNED.includes(type)) this.#integer();
      else if (SIGNED.includes(type)) {
        if (this.#reader.take("n")) this.#write("-");
        this.#integer();
      } else if (type === "b") this.#boolean();
      else if (type === "c") this.#character();
      else this.#reader.fail();
      if (this.#isVerbose) this.#write(`: ${BASIC_TYPES[type]!}`);
    }
    this.#depth--;
  }

  #integer(): void {
    const start = this.#reader.at;
    const digits = this.#reader.hexadecimal();
    if (digits.length <= DIGITS_OF_64_BITS) this.#write(String(BigInt(`0x${digits}`)));
    // GNU's tools show the text from one place too far on: without the first digit, with the `_` at the end.
    else this.#write(`0x${this.#reader.text.slice(start + 1, start + 1 + digits.length)}`);
  }

  #boolean(): void {
    const digits = this.#reader.hexadecimal();
    if (digits !== "0" && digits !== "1") this.#reader.fail();
    this.#write(digits === "1" ? "true" : "false");
  }

  #character(): void {
    const digits = this.#reader.hexadecimal();
    if (digits.length > 8) this.#reader.fail();
    const code = parseInt(digits, 16);
    const plain = code > 0x20 && code < 0x7e ? String.fromCharCode(code) : `\\u{${code.toString(16)}}`;
    this.#write(`'${CHARACTER_ESCAPES[code] ?? plain}'`);
  }

  /** `for<'a>` and what it holds for. */
  #binding(read: () => void): void {
    const outer = this.#bound;
    if (this.#reader.take("G")) {
      const count = this.#reader.base62() + 1n;
      if (count > MAX_CHARACTERS || count === 0n) this.#reader.fail();
      const names: string[] = [];
      for (let left = Number(count); left > 0; left--) {
        this.#bound++;
        names.push(this.#lifetime(1n));
      }
      this.#write(`for<${names.join(", ")}> `);
    }
    read();
    this.#bound = outer;
  }

  /** From the innermost `for<...>` outwards: 1 is its last. Those of none have the number that 64 bits give. */
  #lifetime(index: bigint): string {
    if (index === 0n) return "'_";
    const depth = BigInt.asUintN(64, BigInt(this.#bound) - index);
    return depth < 26n ? `'${String.fromCharCode(0x61 + Number(depth))}` : `'_${depth}`;
  }

  /** What stands up to the E; how many there were. */
  #list(read: () => void, separator = ", "): number {
    let count = 0;
    for (; !this.#reader.take("E"); count++) {
      if (count > 0) this.#write(separator);
      read();
    }
    return count;
  }

  /** Where nothing is written, nothing is looked up either. */
  #back(read: () => void): void {
    const place = this.#reader.base62();
    if (this.#isSilent) return;
    if (place >= BigInt(this.#reader.text.length)) this.#reader.fail();
    const after = this.#reader.at;
    this.#reader.at = Number(place);
    read();
    this.#reader.at = after;
  }

  #silently(read: () => void): void {
    const outer = this.#isSilent;
    this.#isSilent = true;
    read();
    this.#isSilent = outer;
  }

  /** Null for none. What is not shown may be any Punycode. */
  #identifier(): string | null {
    const name = this.#reader.identifier();
    if (this.#isSilent || !name?.isPunycode) return name?.text ?? null;
    // What has no end is shown as nothing, and could be asked for again and again.
    this.#parts += name.text.length;
    if (this.#parts > MAX_PARTS) this.#reader.fail();
    return decodePunycode(name.text) ?? this.#reader.fail();
  }

  #write(text: string | null): void {
    if (this.#isSilent || text === null) return;
    this.#made += text;
    if (this.#made.length > MAX_CHARACTERS) this.#reader.fail();
  }

  /** One level down. */
  #enter(): void {
    if (++this.#depth > MAX_DEPTH || ++this.#parts > MAX_PARTS) this.#reader.fail();
  }
}
