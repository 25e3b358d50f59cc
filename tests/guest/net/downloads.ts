/** Answers by HTTP that are long, byte for byte: several at once, from neighbours of any address, or broken off. */
import { get16, get32, parseIpv4, sameBytes } from "../../../emulator/ether/packet.ts";
import { type PacketScene, PEER, tcp } from "./packet-wire.ts";

const HTTP_PORT = 80;
const SYN = 2;
const RST = 4;
const PSH_ACK = 0x18;
const ACK = 0x10;
const FIN = 1;
let nextPort = 20_000;

export interface Asked {
  readonly path: string;
  /** Further rows of the request, each with its end. */
  readonly fields?: string;
  readonly method?: string;
  readonly from?: string;
  /** From so many bytes on this one says nothing any more: `resets` ends its connection, `silent` leaves it. */
  readonly stops?: { readonly after: number; readonly how: "resets" | "silent" };
  /** Takes a segment only when it comes again, so its answer lasts minutes. */
  readonly isSlow?: boolean;
  /** So long after the one before it does this one ask. */
  readonly delayMs?: number;
}

export interface Downloaded {
  readonly status: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** What one of them has heard. */
class Client {
  readonly source = nextPort++;
  readonly asked: Asked;
  readonly #request: Uint8Array;
  #bytes = new Uint8Array(4 << 20);
  #first = 0;
  #length = 0;
  #passedOver = -1;
  ended = false;

  constructor(asked: Asked) {
    this.asked = asked;
    const rows = `${asked.method ?? "GET"} ${asked.path} HTTP/1.1\r\nHost: node\r\n${asked.fields ?? ""}\r\n`;
    this.#request = new TextEncoder().encode(rows);
  }

  segment(scene: PacketScene, flags: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
    const sequence = flags === SYN ? 0 : data.length > 0 ? 1 : 1 + this.#request.length;
    const acknowledgement = flags === SYN ? 0 : (this.#first + this.#length) >>> 0;
    const { source } = this;
    return tcp(
      { source, port: HTTP_PORT, flags, sequence, acknowledgement, data },
      { from: this.asked.from ?? PEER },
    )(scene.facts);
  }

  hear(scene: PacketScene, bytes: Uint8Array): readonly Uint8Array[] {
    if (this.ended) return [];
    const flags = bytes[13]!;
    if (flags & RST) this.ended = true;
    if (flags & SYN) {
      this.#first = (get32(bytes, 4) + 1) >>> 0;
      return [this.segment(scene, PSH_ACK, this.#request)];
    }
    const data = bytes.subarray((bytes[12]! >> 4) * 4);
    const at = (get32(bytes, 4) - this.#first) >>> 0;
    if (this.asked.isSlow && data.length > 0 && at > this.#passedOver) {
      this.#passedOver = at;
      return [];
    }
    if (at === this.#length) {
      this.#bytes.set(data, at);
      this.#length += data.length;
    }
    const { stops } = this.asked;
    if (stops && this.#length >= stops.after) {
      this.ended = true;
      return stops.how === "resets" ? [this.segment(scene, RST | ACK)] : [];
    }
    if (flags & FIN || this.#whole()) this.ended = true;
    return data.length > 0 ? [this.segment(scene, ACK)] : [];
  }

  #headBytes(): number {
    return Buffer.from(this.#bytes.buffer, 0, this.#length).indexOf("\r\n\r\n") + 4;
  }

  #whole(): boolean {
    if (this.#headBytes() < 4) return false;
    const { status, fields, body } = this.result();
    return (
      this.asked.method === "HEAD" || status.startsWith("304") || body.length >= Number(fields.get("Content-Length"))
    );
  }

  result(): Downloaded {
    const start = this.#headBytes();
    const [status = "", ...rows] = Buffer.from(this.#bytes.buffer, 0, start - 4)
      .toString("latin1")
      .split("\r\n");
    const fields = new Map(rows.map((row) => row.split(": ") as [string, string]));
    return { status: status.slice(9), fields, body: this.#bytes.subarray(start, this.#length) };
  }
}

/** Asks for all of these at once; each has `ms` of virtual time to be answered. */
export async function downloads(scene: PacketScene, asked: readonly Asked[], ms = 4000): Promise<Downloaded[]> {
  const clients = asked.map((one) => new Client(one));
  scene.answer = (frame) => {
    if (frame[23] !== 6) return [];
    const bytes = frame.subarray(34, 14 + get16(frame, 16));
    const client = clients.find(
      ({ source, asked: { from } }) =>
        source === get16(bytes, 2) && sameBytes(frame.subarray(30, 34), parseIpv4(from ?? PEER)),
    );
    return client?.hear(scene, bytes) ?? [];
  };
  for (const client of clients) {
    if (client.asked.delayMs) await scene.lab.advance(`${client.asked.delayMs}ms`);
    scene.plug.send(client.segment(scene, SYN));
  }
  await scene.lab.until(() => clients.every(({ ended }) => ended), "an answer did not come to its end", {
    within: `${ms}ms`,
  });
  scene.answer = () => [];
  for (const client of clients) if (client.asked.stops === undefined) scene.plug.send(client.segment(scene, RST | ACK));
  await scene.lab.advance("20ms");
  return clients.map((client) => client.result());
}
