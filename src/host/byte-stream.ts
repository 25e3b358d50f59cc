/**
 * Where a conversation with a machine goes, a monitor's or a serial line's, as QEMU's `-monitor` and `-serial` name the
 * places: this terminal, a TCP port or a Unix socket. Where it listens, any number of clients may be connected, one
 * after another or at once.
 */
import { existsSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { StreamPlace } from "./places.ts";

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

const MOST_UNREAD_BYTES = 64 << 20;

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
