/**
 * A small web server of a device: connections of TCP (nat/stream.ts), a request on each, an answer, and the end. A
 * stranger may have all of its connections, for half a minute.
 */
import { holds } from "../../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../../state/state.ts";
import type { HostStream } from "../../nat/host-network.ts";
import { ACK, parseSegment, RST, refusalOf, type Segment, SYN, segmentBytes } from "../../nat/segment.ts";
import { NatStream } from "../../nat/stream.ts";
import { get32, type Ipv4Address, type Ipv4Packet, PROTOCOL_TCP } from "../../packet.ts";
import type { Endpoint } from "../translation.ts";
import { addressBytes } from "../wide-net.ts";
import { type HttpRequest, type HttpResponse, MOST_REQUEST_BYTES, readRequest, responseBytes } from "./http.ts";

export type HttpHandler = (request: HttpRequest, from: Endpoint, nowNs: number) => HttpResponse;

const MOST_CONNECTIONS = 8;
/** From its beginning a connection has so long for all that it does. */
const LONGEST_NS = 30e9;

/** What a client has sent so far. It is also the program's end of its connection. */
class Connection implements HostStream {
  readonly from: Endpoint;
  readonly stream: NatStream;
  readonly pendingBytes = 0;
  endsNs: number;
  isAnswered = false;
  /** The client sends no more. */
  isEnded = false;
  request = new Uint8Array(0);

  constructor(from: Endpoint, stream: NatStream, endsNs: number) {
    this.from = from;
    this.stream = stream;
    this.endsNs = endsNs;
  }

  write(bytes: Uint8Array): void {
    const room = MOST_REQUEST_BYTES - this.request.length;
    // What comes after a request is nobody's.
    if (this.isAnswered || room <= 0) return;
    const request = new Uint8Array(this.request.length + Math.min(room, bytes.length));
    request.set(this.request);
    request.set(bytes.subarray(0, room), this.request.length);
    this.request = request;
  }

  end(): void {
    this.isEnded = true;
  }

  reset(): void {
    this.isAnswered = true;
  }

  pause(): void {}

  resume(): void {}

  visitState(visitor: StateVisitor): void {
    this.endsNs = visitor.integer(this.endsNs);
    this.isAnswered = visitor.bool(this.isAnswered);
    this.isEnded = visitor.bool(this.isEnded);
    this.request = visitor.blob(this.request).slice();
    this.stream.visitState(visitor, this);
  }
}

export class HttpServer implements Stateful {
  readonly #address: Ipv4Address;
  readonly #port: number;
  readonly #handle: HttpHandler;
  /** By the client's address and port. */
  readonly #connections = new Map<string, Connection>();
  #initial = 0;
  #nowNs = 0;
  #outgoing: Ipv4Packet[] = [];

  constructor(address: Ipv4Address, port: number, handle: HttpHandler) {
    this.#address = address;
    this.#port = port;
    this.#handle = handle;
  }

  /** Those that there are, the ended ones too that still answer what is sent again. */
  get connections(): number {
    return this.#connections.size;
  }

  /** When `wake` is due. */
  get wakeNs(): number {
    let nextNs = Infinity;
    for (const { endsNs, stream } of this.#connections.values())
      nextNs = Math.min(nextNs, endsNs, Math.max(this.#nowNs, stream.nextTickNs));
    return nextNs;
  }

  /** A packet to the server's address; what is to be sent for it. */
  packet(packet: Ipv4Packet, nowNs: number): readonly Ipv4Packet[] {
    const segment = packet.protocol === PROTOCOL_TCP ? parseSegment(packet) : null;
    if (segment?.destinationPort !== this.#port) return [];
    this.#nowNs = nowNs;
    const from = { address: get32(packet.source, 0), port: segment.sourcePort };
    const key = keyOf(from);
    let connection = this.#connections.get(key);
    const isSyn = (segment.flags & (SYN | ACK | RST)) === SYN;
    if (isSyn && (connection === undefined || connection.stream.isOver)) {
      this.#connections.delete(key);
      connection = this.#hasRoom() ? this.#accept(key, from, segment) : undefined;
    } else connection?.stream.segment(segment);
    if (connection) this.#serve(key, connection);
    else if (!(segment.flags & RST)) this.#send(packet.source, refusalOf(segment));
    return this.#takeOutgoing();
  }

  /** Does what time asks for; what is to be sent for it. */
  wake(nowNs: number): readonly Ipv4Packet[] {
    this.#nowNs = nowNs;
    for (const [key, connection] of this.#connections) {
      if (connection.endsNs <= nowNs) connection.stream.abort();
      else connection.stream.tick();
      if (connection.endsNs <= nowNs || connection.stream.isGone) this.#connections.delete(key);
    }
    return this.#takeOutgoing();
  }

  /** Its power has failed: nobody is told. */
  reset(): void {
    this.#connections.clear();
    this.#outgoing = [];
  }

  #hasRoom(): boolean {
    for (const [key, { stream }] of this.#connections)
      if (this.#connections.size >= MOST_CONNECTIONS && stream.isOver) this.#connections.delete(key);
    return this.#connections.size < MOST_CONNECTIONS;
  }

  #accept(key: string, from: Endpoint, syn: Segment): Connection {
    const connection = this.#connect(from);
    this.#connections.set(key, connection);
    holds(this.#connections.size <= MOST_CONNECTIONS, "HTTP server", "more connections than there is room for");
    connection.stream.accept(syn, () => connection);
    connection.stream.opened();
    return connection;
  }

  #connect(from: Endpoint): Connection {
    const now = (): number => this.#nowNs;
    const wire = {
      get nowNs(): number {
        return now();
      },
      send: (segment: Omit<Segment, "sourcePort" | "destinationPort">) =>
        this.#send(addressBytes(from.address), { sourcePort: this.#port, destinationPort: from.port, ...segment }),
    };
    // Clients are on the cable to the gateway: it need not be hard to guess.
    this.#initial = (this.#initial + 64_000) >>> 0;
    return new Connection(from, new NatStream(wire, this.#initial), this.#nowNs + LONGEST_NS);
  }

  /** Answers a request that has come whole, or that never will. */
  #serve(key: string, connection: Connection): void {
    const { stream, from, isAnswered, isEnded } = connection;
    if (stream.isGone) this.#connections.delete(key);
    if (stream.isOver || isAnswered || (connection.request.length === 0 && !isEnded)) return;
    const read = readRequest(connection.request);
    if (read === "more" && !isEnded) return;
    const response =
      typeof read === "object" ? this.#handle(read, from, this.#nowNs) : { status: read === "more" ? 400 : read };
    connection.isAnswered = true;
    connection.request = new Uint8Array(0);
    stream.data(responseBytes(response));
    stream.ended();
  }

  #send(to: Ipv4Address, segment: Segment): void {
    const payload = segmentBytes(this.#address, to, segment);
    this.#outgoing.push({ source: this.#address, destination: to, protocol: PROTOCOL_TCP, payload });
  }

  #takeOutgoing(): readonly Ipv4Packet[] {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return outgoing;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("HTTP server", 1);
    this.#initial = visitor.u32(this.#initial);
    this.#nowNs = visitor.integer(this.#nowNs);
    const connections = [...this.#connections.values()];
    const count = visitor.u32(connections.length);
    if (visitor.restoring) this.#connections.clear();
    const initial = this.#initial;
    for (let index = 0; index < count; index++) {
      const there = connections[index];
      const from = { address: visitor.u32(there?.from.address ?? 0), port: visitor.u16(there?.from.port ?? 0) };
      const connection = visitor.restoring || !there ? this.#connect(from) : there;
      connection.visitState(visitor);
      this.#connections.set(keyOf(from), connection);
    }
    this.#initial = initial;
  }
}

const keyOf = ({ address, port }: Endpoint): string => `${address}:${port}`;
