/**
 * A web server on the wire that does what a test says: it answers, falls silent, breaks off, or is slow. All of it is
 * in virtual time.
 */
import { get16, get32 } from "../../emulator/ether/packet.ts";
import { type PacketScene, PEER, tcp } from "../guest/net/packet-wire.ts";

const TCP = 6;
const [FIN, SYN, RST, ACK, PSH] = [1, 2, 4, 16, 8];
const SEGMENT_BYTES = 1460;
/** So few that no card drops one: nothing is sent again. */
const FLIGHT_BYTES = 4 * SEGMENT_BYTES;
/** Where its own sequence numbers begin. */
const FIRST = 1000;

export interface Said {
  /** Head and body. */
  readonly bytes: Uint8Array;
  /** What comes after them: the end, a reset, or nothing for ever. */
  readonly end?: "fin" | "reset" | "silence";
  /** A segment in so many milliseconds, and no sooner. */
  readonly segmentMs?: number;
}

/** What it says to a request, its rows as they came; null for nothing at all. */
export type Answerer = (request: string) => Said | null;

interface Connection {
  readonly port: number;
  request: string;
  said: Said | null;
  heard: number;
  sent: number;
  acknowledged: number;
  /** What the other side has room for; its window is not scaled, as this side asks for none of that. */
  windowBytes: number;
  isOver: boolean;
}

export class ScriptedSource {
  readonly #scene: PacketScene;
  readonly #connections = new Map<number, Connection>();
  readonly requests: string[] = [];
  answer: Answerer = () => null;

  constructor(scene: PacketScene) {
    this.#scene = scene;
    scene.answer = (frame) => (frame[23] === TCP ? this.#hear(frame.subarray(34, 14 + get16(frame, 16))) : []);
  }

  #segment({ port, heard }: Connection, flags: number, at: number, data = new Uint8Array(0)): Uint8Array {
    const sequence = FIRST + at;
    return tcp({ source: 80, port, flags, sequence, acknowledgement: heard, data }, { from: PEER })(this.#scene.facts);
  }

  #hear(bytes: Uint8Array): Uint8Array[] {
    if (get16(bytes, 2) !== 80) return [];
    const port = get16(bytes, 0);
    const flags = bytes[13]!;
    const sequence = get32(bytes, 4);
    if (flags & SYN) {
      const made = {
        port,
        request: "",
        said: null,
        heard: (sequence + 1) >>> 0,
        sent: 0,
        acknowledged: 0,
        windowBytes: 0,
        isOver: false,
      };
      this.#connections.set(port, made);
      return [this.#segment(made, SYN | ACK, 0)];
    }
    const known = this.#connections.get(port);
    if (!known || flags & RST) {
      this.#connections.delete(port);
      return [];
    }
    known.acknowledged = Math.max(known.acknowledged, (get32(bytes, 8) - FIRST - 1) | 0);
    known.windowBytes = get16(bytes, 14);
    const data = bytes.subarray((bytes[12]! >> 4) * 4);
    if (sequence === known.heard && data.length + (flags & FIN) > 0) {
      known.heard = (known.heard + data.length + (flags & FIN)) >>> 0;
      known.request += Buffer.from(data).toString("latin1");
      if (!known.said && known.request.endsWith("\r\n\r\n")) {
        this.requests.push(known.request);
        known.said = this.answer(known.request);
      } else return [this.#segment(known, ACK, 1 + known.sent)];
    }
    return known.said?.segmentMs === undefined ? this.#more(known) : [];
  }

  /** What may be sent now. */
  #more(known: Connection, most = FLIGHT_BYTES): Uint8Array[] {
    const { said } = known;
    if (!said || known.isOver) return [];
    const { bytes } = said;
    const frames: Uint8Array[] = [];
    const until = Math.min(bytes.length, known.acknowledged + Math.min(most, known.windowBytes));
    while (known.sent < until) {
      const data = bytes.slice(known.sent, Math.min(until, known.sent + SEGMENT_BYTES));
      frames.push(this.#segment(known, PSH | ACK, 1 + known.sent, data));
      known.sent += data.length;
    }
    if (known.sent < bytes.length || known.acknowledged < bytes.length || said.end === "silence") return frames;
    known.isOver = true;
    return [...frames, this.#segment(known, said.end === "reset" ? RST | ACK : FIN | ACK, 1 + known.sent)];
  }

  /** Lets those go on who say a segment now and then; `ms` have passed. */
  async advance(ms: number): Promise<void> {
    for (const known of this.#connections.values()) {
      const due = known.said?.segmentMs;
      if (due === undefined || due > ms) continue;
      for (const frame of this.#more(known, SEGMENT_BYTES)) this.#scene.plug.send(frame);
    }
    await this.#scene.lab.advance(`${ms}ms`);
  }
}

/** An answer with this body, as a plain web server gives it. */
export function page(body: Uint8Array, { status = "200 OK", fields = "" } = {}): Uint8Array {
  const head = `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
