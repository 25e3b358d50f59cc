/**
 * Framing of gdb's remote serial protocol ("Debugging with GDB", appendix E.1 Overview): `$data#checksum`, acknowledged
 * with + or - until both sides agree to leave that away, and the byte 03h for an interrupt. Nothing that a peer sends
 * is believed.
 */

const DOLLAR = 0x24;
const HASH = 0x23;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ESCAPE = 0x7d;
const STAR = 0x2a;
const INTERRUPT = 0x03;
const ESCAPE_MASK = 0x20;

/** Largest content of a packet in either direction, in bytes; told to gdb in qSupported. */
export const PACKET_BYTES = 0x4000;

export type Input =
  | { readonly kind: "packet"; readonly data: Uint8Array }
  /** A checksum was wrong, or the packet was too long: the peer is asked to repeat it. */
  | { readonly kind: "broken" }
  | { readonly kind: "interrupt" }
  /** The peer asks for the last packet again. */
  | { readonly kind: "again" };

type State = "idle" | "data" | "escaped" | "checksum high" | "checksum low";

function hexDigit(byte: number): number {
  const digit = parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
}

/** Takes a stream of bytes apart, in pieces of any size. */
export class PacketReader {
  readonly #data = new Uint8Array(PACKET_BYTES);
  #length = 0;
  #tooLong = false;
  #sum = 0;
  #given = 0;
  #state: State = "idle";

  /** What is complete after these bytes, in order. */
  read(bytes: Uint8Array): Input[] {
    const inputs: Input[] = [];
    for (const byte of bytes) {
      const input = this.#byte(byte);
      if (input !== null) inputs.push(input);
    }
    return inputs;
  }

  #byte(byte: number): Input | null {
    switch (this.#state) {
      case "idle":
        if (byte === INTERRUPT) return { kind: "interrupt" };
        if (byte === MINUS) return { kind: "again" };
        if (byte === DOLLAR) this.#begin();
        return null;
      case "data":
        if (byte === HASH) this.#state = "checksum high";
        // A packet was cut off and another one begins.
        else if (byte === DOLLAR) this.#begin();
        else {
          this.#sum = (this.#sum + byte) & 0xff;
          if (byte === ESCAPE) this.#state = "escaped";
          else this.#put(byte);
        }
        return null;
      case "escaped":
        this.#sum = (this.#sum + byte) & 0xff;
        this.#put(byte ^ ESCAPE_MASK);
        this.#state = "data";
        return null;
      case "checksum high":
        this.#given = hexDigit(byte);
        this.#state = "checksum low";
        return null;
      case "checksum low": {
        this.#state = "idle";
        const low = hexDigit(byte);
        if (this.#given < 0 || low < 0 || this.#given * 16 + low !== this.#sum || this.#tooLong)
          return { kind: "broken" };
        return { kind: "packet", data: this.#data.slice(0, this.#length) };
      }
    }
  }

  #begin(): void {
    this.#state = "data";
    this.#length = 0;
    this.#sum = 0;
    this.#tooLong = false;
  }

  #put(byte: number): void {
    if (this.#length < PACKET_BYTES) this.#data[this.#length++] = byte;
    else this.#tooLong = true;
  }
}

/** A packet with its frame. Bytes with a meaning of their own are escaped. */
export function framePacket(data: Uint8Array): Uint8Array {
  const out: number[] = [DOLLAR];
  let sum = 0;
  const put = (byte: number): void => {
    out.push(byte);
    sum = (sum + byte) & 0xff;
  };
  for (const byte of data) {
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR) {
      put(ESCAPE);
      put(byte ^ ESCAPE_MASK);
    } else put(byte);
  }
  out.push(HASH, ...latin1(toHex(Uint8Array.of(sum))));
  return Uint8Array.from(out);
}

export const ACKNOWLEDGED = Uint8Array.of(PLUS);
export const REPEAT = Uint8Array.of(MINUS);

/** The low bytes of a text's characters. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function fromLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Bytes from pairs of hexadecimal digits; null when the text is anything else. */
export function fromHex(text: string): Uint8Array | null {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return null;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => parseInt(text.slice(2 * index, 2 * index + 2), 16));
}
