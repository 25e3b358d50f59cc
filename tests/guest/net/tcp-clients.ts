/**
 * Many TCP clients at once from several addresses of the peer of packet-wire.ts: what each says, hears, and how it
 * ends.
 */
import { get16, get32 } from "../../../emulator/ether/packet.ts";
import type { LabCluster, LabPlug } from "../../../src/index.ts";
import { type NodeFacts, tcp } from "./packet-wire.ts";

const [FIN, SYN, RST, PUSH, ACK] = [1, 2, 4, 8, 16];

/** Where clients are: of a PacketScene, or behind a gateway. */
export interface ClientScene {
  readonly facts: NodeFacts;
  readonly plug: Pick<LabPlug, "send">;
  readonly lab: Pick<LabCluster, "advance">;
  answer: (frame: Uint8Array) => readonly Uint8Array[];
}

export class TcpClient {
  heard = "";
  /** "reset", "end", or nothing while the connection lasts. */
  over = "";
  readonly from: string;
  readonly source: number;
  readonly #scene: ClientScene;
  readonly #port: number;
  #sequence = 0;
  #acknowledgement = 0;

  constructor(scene: ClientScene, from: string, source: number, port: number) {
    this.#scene = scene;
    this.from = from;
    this.source = source;
    this.#port = port;
  }

  open(): void {
    this.#send(SYN);
    this.#sequence = 1;
  }

  say(text: string): void {
    this.#send(PUSH | ACK, text);
    this.#sequence += text.length;
  }

  reset(): void {
    this.#send(RST);
  }

  #frame(flags: number, text = ""): Uint8Array {
    const data = Uint8Array.from(text, (sign) => sign.charCodeAt(0));
    const { source } = this;
    const numbers = { sequence: this.#sequence, acknowledgement: this.#acknowledgement };
    return tcp({ source, port: this.#port, flags, ...numbers, data }, { from: this.from })(this.#scene.facts);
  }

  #send(flags: number, text?: string): void {
    this.#scene.plug.send(this.#frame(flags, text));
  }

  /** What follows a segment of the node's. */
  hear(segment: Uint8Array): Uint8Array[] {
    const flags = segment[13]!;
    const sequence = get32(segment, 4);
    if (flags & RST) {
      this.over ||= "reset";
      return [];
    }
    const data = segment.subarray((segment[12]! >> 4) * 4);
    if (!(flags & SYN) && sequence !== this.#acknowledgement) return [];
    this.heard += String.fromCharCode(...data);
    this.#acknowledgement = (sequence + data.length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
    if (flags & FIN) {
      this.over ||= "end";
      return [this.#frame(FIN | ACK)];
    }
    return flags & SYN || data.length > 0 ? [this.#frame(ACK)] : [];
  }
}

/** Opens clients on a scene, and has each hear what is for it. */
export class TcpClients {
  readonly #scene: ClientScene;
  readonly #clients = new Map<string, TcpClient>();
  #next = 30_000;

  constructor(scene: ClientScene) {
    this.#scene = scene;
    scene.answer = (frame) => {
      if (frame[23] !== 6) return [];
      const segment = frame.subarray(34, 14 + get16(frame, 16));
      return this.#clients.get(`${frame.slice(30, 34).join(".")} ${get16(segment, 2)}`)?.hear(segment) ?? [];
    };
  }

  /** A client from an address to a port of the node, and `ms` later, what it has become. */
  async open(from: string, port: number, ms = 20): Promise<TcpClient> {
    const client = new TcpClient(this.#scene, from, this.#next++, port);
    this.#clients.set(`${from} ${client.source}`, client);
    client.open();
    await this.#scene.lab.advance(`${ms}ms`);
    return client;
  }

  end(): void {
    for (const client of this.#clients.values()) client.reset();
    this.#scene.answer = () => [];
  }
}
