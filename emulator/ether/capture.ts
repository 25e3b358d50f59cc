/**
 * Captures as pcapng files (IETF draft-ietf-opsawg-pcapng): a section header, a description of each interface with its
 * name and nanosecond resolution, and an enhanced packet block for each frame. Written as it happens, to any sink.
 */
import { holds } from "../state/invariant.ts";
import type { EthernetFrame } from "./port.ts";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;
const OPTION_END = 0;
const OPTION_IF_NAME = 2;
const OPTION_IF_TSRESOL = 9;
/** Timestamps count units of 10^-9 seconds. */
const NANOSECONDS = 9;

function padded(lengthBytes: number): number {
  return (lengthBytes + 3) & ~3;
}

/** A block: type, total length, body, total length again. The body is a multiple of 4 bytes. */
function block(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  holds(body.length % 4 === 0, "capture", "a block is not whole words");
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, bytes.length, true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

export class PcapngWriter {
  readonly #sink: (bytes: Uint8Array) => void;
  readonly #startNs: number;
  #interfaces = 0;

  /** `startSeconds`: the date at virtual time 0, seconds since 1970. The sink takes each block as it is made. */
  constructor(sink: (bytes: Uint8Array) => void, startSeconds = 0) {
    this.#sink = sink;
    this.#startNs = startSeconds * 1e9;
    const body = new Uint8Array(16);
    const view = new DataView(body.buffer);
    view.setUint32(0, BYTE_ORDER_MAGIC, true);
    view.setUint16(4, 1, true); // Version 1.0.
    body.fill(0xff, 8, 16); // Section length: not specified.
    sink(block(SECTION_HEADER, body));
  }

  /** Describes one more interface; returns its number. */
  addInterface(name: string): number {
    const header = new Uint8Array(8);
    new DataView(header.buffer).setUint16(0, LINKTYPE_ETHERNET, true);
    const parts = [
      header,
      option(OPTION_IF_NAME, new TextEncoder().encode(name)),
      option(OPTION_IF_TSRESOL, Uint8Array.of(NANOSECONDS)),
      option(OPTION_END, new Uint8Array(0)),
    ];
    this.#sink(block(INTERFACE_DESCRIPTION, concatenate(parts)));
    return this.#interfaces++;
  }

  /** Writes a frame as it was at virtual time `timeNs`. */
  write(interfaceNumber: number, timeNs: number, frame: EthernetFrame): void {
    const body = new Uint8Array(20 + padded(frame.length));
    const view = new DataView(body.buffer);
    // The date in ns exceeds 2^53, so it is added up in two halves.
    const time = BigInt(this.#startNs) + BigInt(timeNs);
    view.setUint32(0, interfaceNumber, true);
    view.setUint32(4, Number(time >> 32n), true);
    view.setUint32(8, Number(time & 0xffffffffn), true);
    view.setUint32(12, frame.length, true);
    view.setUint32(16, frame.length, true);
    body.set(frame, 20);
    this.#sink(block(ENHANCED_PACKET, body));
  }
}
