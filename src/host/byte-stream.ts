/**
 * Where a conversation with a machine goes, a monitor's or a serial line's, as QEMU's `-monitor` and `-serial` name the
 * places: this terminal, a TCP port or a Unix socket. Where it listens, any number of clients may be connected, one
 * after another or at once.
 */
import { existsSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

interface SocketWays {
  /** Listens there; else it connects to somebody who does. */
  readonly listens: boolean;
  /** Begins nothing before the first client is there. */
  readonly waits: boolean;
}

export type StreamPlace =
  | { readonly kind: "stdio" }
  | ({ readonly kind: "tcp"; readonly host: string; readonly port: number; readonly telnet: boolean } & SocketWays)
  | ({ readonly kind: "unix"; readonly path: string } & SocketWays);

/** What talks to a client. */
export interface Conversation {
  receive(bytes: Uint8Array): void;
  close(): void;
}

export interface OpenStream {
  /** Where it is: `127.0.0.1:4444`, a path, or `stdio`. */
  readonly where: string;
  /** Resolves once the first client is there. */
  readonly connected: Promise<void>;
  /** Whether there is a client now. */
  readonly hasClient: boolean;
  close(): void;
}

/** Called for each client. */
export type Converse = (write: (data: Uint8Array | string) => void) => Conversation;

const LAST_PORT = 65535;
const MOST_UNREAD_BYTES = 64 << 20;
const LOOPBACK = "127.0.0.1";

/**
 * Reads `stdio`, `tcp:HOST:PORT`, `telnet:HOST:PORT` or `unix:PATH`, the last three with `,server=on,wait=off` where it
 * listens. Throws a RangeError.
 */
export function parseStreamPlace(text: string): StreamPlace {
  if (text === "stdio") return { kind: "stdio" };
  const [place = "", ...words] = text.split(",");
  const [, kind, rest = ""] = /^(tcp|telnet|unix):(.+)$/.exec(place) ?? [];
  if (kind === undefined)
    throw new RangeError(`${text}: write stdio, tcp:HOST:PORT,server, telnet:HOST:PORT,server or unix:PATH,server`);
  let listens = false;
  let waits = true;
  for (const word of words) {
    if (word === "server" || word === "server=on") listens = true;
    else if (word === "nowait" || word === "wait=off") waits = false;
    else if (word === "wait" || word === "wait=on") waits = true;
    else if (word !== "nodelay") throw new RangeError(`${text}: ${word} is none of server, wait=on, wait=off`);
  }
  if (kind === "unix") return { kind, path: rest, listens, waits };
  const [, host = "", digits = ""] = /^(.*):(\d+)$/.exec(rest) ?? [];
  const port = Number(digits);
  if (digits === "" || port > LAST_PORT)
    throw new RangeError(`${text}: write HOST:PORT, a port from 0 to ${LAST_PORT}`);
  return {
    kind: "tcp",
    host: host === "" ? LOOPBACK : host.replace(/^\[|\]$/g, ""),
    port,
    listens,
    waits,
    telnet: kind === "telnet",
  };
}

/** A place to which clients come. Throws a RangeError. */
export function parseListeningPlace(text: string): StreamPlace {
  const place = parseStreamPlace(text);
  if (place.kind !== "stdio" && !place.listens)
    throw new RangeError(`${text}: add ,server: it listens, and does not connect to somebody`);
  return place;
}

// Telnet (RFC 854): what a client offers or asks for is left unanswered, as by a terminal that can nothing.
const IAC = 0xff;
const SB = 0xfa;
const SE = 0xf0;
const WILL = 0xfb;

/** Takes telnet's commands out of a stream. */
class TelnetFilter {
  /** Bytes of a command that are still to come; Infinity up to its end. */
  #skip = 0;
  #sawIac = false;

  take(data: Uint8Array): Uint8Array {
    const kept: number[] = [];
    for (const byte of data) {
      if (this.#sawIac) {
        this.#sawIac = false;
        if (byte === SE) this.#skip = 0;
        else if (byte === SB) this.#skip = Infinity;
        else if (byte === IAC && this.#skip === 0) kept.push(byte);
        else if (byte >= WILL) this.#skip = 1;
      } else if (byte === IAC) this.#sawIac = true;
      else if (this.#skip > 0) this.#skip--;
      else if (byte !== 0) kept.push(byte);
    }
    return Uint8Array.from(kept);
  }
}

function converseOver(socket: Socket, telnet: boolean, converse: Converse): void {
  const filter = telnet ? new TelnetFilter() : null;
  const conversation = converse((data) => {
    // Who asks and never reads is let go.
    if (socket.writableLength > MOST_UNREAD_BYTES) socket.destroy();
    else socket.write(data);
  });
  socket.on("data", (data: Uint8Array) => conversation.receive(filter ? filter.take(data) : data));
  // A reset connection is closed like any other.
  socket.on("error", () => {});
  socket.on("close", () => conversation.close());
}

/** A socket that nobody listens at any more may be taken over. */
export async function removeDead(path: string): Promise<void> {
  if (!existsSync(path) || !statSync(path).isSocket()) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", () => resolve(false));
  });
  if (!isAlive) rmSync(path);
}

function openStdio(converse: Converse): OpenStream {
  const { stdin, stdout } = process;
  const conversation = converse((data) => void stdout.write(data));
  const onData = (data: Uint8Array): void => conversation.receive(data);
  let hasClient = true;
  const onEnd = (): void => void (hasClient = false);
  stdin.on("data", onData);
  stdin.on("end", onEnd);
  stdin.resume();
  return {
    where: "stdio",
    connected: Promise.resolve(),
    get hasClient() {
      return hasClient;
    },
    close() {
      stdin.off("data", onData);
      stdin.off("end", onEnd);
      stdin.pause();
      conversation.close();
    },
  };
}

type SocketPlace = Exclude<StreamPlace, { kind: "stdio" }>;

/** As Node's sockets name it. */
function endpointOf(place: SocketPlace): { path: string } | { host: string; port: number } {
  return place.kind === "unix" ? { path: place.path } : { host: place.host, port: place.port };
}

const isTelnet = (place: SocketPlace): boolean => place.kind === "tcp" && place.telnet;

async function dial(place: SocketPlace, converse: Converse): Promise<OpenStream> {
  const socket = connect({ ...endpointOf(place), noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", resolve);
  });
  converseOver(socket, isTelnet(place), converse);
  const where = place.kind === "unix" ? place.path : `${place.host}:${place.port}`;
  return {
    where,
    connected: Promise.resolve(),
    get hasClient() {
      return !socket.destroyed;
    },
    close: () => socket.destroySoon(),
  };
}

async function listenAt(place: SocketPlace, converse: Converse): Promise<OpenStream> {
  if (place.kind === "unix") await removeDead(place.path);
  const sockets = new Set<Socket>();
  let isConnected = (): void => {};
  const connected = new Promise<void>((resolve) => (isConnected = resolve));
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    converseOver(socket, isTelnet(place), converse);
    isConnected();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(endpointOf(place), resolve);
  });
  const address = server.address();
  return {
    where: typeof address === "string" || address === null ? String(address) : `${address.address}:${address.port}`,
    connected: place.waits ? connected : Promise.resolve(),
    get hasClient() {
      return sockets.size > 0;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroySoon();
    },
  };
}

/** Rejects when it cannot listen there, or nobody takes the connection. */
export async function openStream(place: StreamPlace, converse: Converse): Promise<OpenStream> {
  if (place.kind === "stdio") return openStdio(converse);
  return place.listens ? listenAt(place, converse) : dial(place, converse);
}

/** Waits for the first client, where that was asked for. Rejects with the signal's reason. */
export async function firstClient({ connected }: OpenStream, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([connected, aborted]);
  signal.throwIfAborted();
}
