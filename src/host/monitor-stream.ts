/**
 * Where a monitor listens: this terminal, a TCP port or a Unix socket, as QEMU's `-monitor` and `-qmp` name them. At a
 * port any number of clients may be connected, one after another or at once.
 */
import { existsSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

export type MonitorPlace =
  | { readonly kind: "stdio" }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly waits: boolean;
      readonly telnet: boolean;
    }
  | { readonly kind: "unix"; readonly path: string; readonly waits: boolean };

/** What talks to a client. */
export interface MonitorConnection {
  receive(text: string): void;
  close(): void;
}

export interface MonitorListener {
  /** Where it listens: `127.0.0.1:4444`, a path, or `stdio`. */
  readonly where: string;
  /** Resolves once the first client is there. */
  readonly connected: Promise<void>;
  close(): void;
}

type Serve = (write: (text: string) => void) => MonitorConnection;

const LAST_PORT = 65535;
const MOST_UNREAD_BYTES = 64 << 20;
const LOOPBACK = "127.0.0.1";

/** Reads `stdio`, `tcp:HOST:PORT,server=on,wait=off`, `telnet:...` or `unix:PATH,...`. Throws a RangeError. */
export function parseMonitorPlace(text: string): MonitorPlace {
  if (text === "stdio") return { kind: "stdio" };
  const [place = "", ...words] = text.split(",");
  const [, kind, rest = ""] = /^(tcp|telnet|unix):(.+)$/.exec(place) ?? [];
  if (kind === undefined)
    throw new RangeError(`${text}: write stdio, tcp:HOST:PORT,server, telnet:HOST:PORT,server or unix:PATH,server`);
  let serves = false;
  let waits = true;
  for (const word of words) {
    if (word === "server" || word === "server=on") serves = true;
    else if (word === "nowait" || word === "wait=off") waits = false;
    else if (word === "wait" || word === "wait=on") waits = true;
    else if (word !== "nodelay") throw new RangeError(`${text}: ${word} is none of server, wait=on, wait=off`);
  }
  if (!serves) throw new RangeError(`${text}: add ,server: it listens, and does not connect to somebody`);
  if (kind === "unix") return { kind, path: rest, waits };
  const [, host = "", digits = ""] = /^(.*):(\d+)$/.exec(rest) ?? [];
  const port = Number(digits);
  if (digits === "" || port > LAST_PORT)
    throw new RangeError(`${text}: write HOST:PORT, a port from 0 to ${LAST_PORT}`);
  return {
    kind: "tcp",
    host: host === "" ? LOOPBACK : host.replace(/^\[|\]$/g, ""),
    port,
    waits,
    telnet: kind === "telnet",
  };
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

function serveSocket(socket: Socket, telnet: boolean, serve: Serve): void {
  const filter = telnet ? new TelnetFilter() : null;
  const decoder = new StringDecoder("utf8");
  const connection = serve((text) => {
    // Who asks and never reads is let go.
    if (socket.writableLength > MOST_UNREAD_BYTES) socket.destroy();
    else socket.write(text);
  });
  socket.on("data", (data: Uint8Array) =>
    connection.receive(decoder.write(Buffer.from(filter ? filter.take(data) : data))),
  );
  // A reset connection is closed like any other.
  socket.on("error", () => {});
  socket.on("close", () => connection.close());
}

/** A socket that nobody listens at any more may be taken over. */
async function removeDead(path: string): Promise<void> {
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

function serveStdio(serve: Serve): MonitorListener {
  const { stdin, stdout } = process;
  const decoder = new StringDecoder("utf8");
  const connection = serve((text) => void stdout.write(text));
  const onData = (data: Uint8Array): void => connection.receive(decoder.write(Buffer.from(data)));
  stdin.on("data", onData);
  stdin.resume();
  return {
    where: "stdio",
    connected: Promise.resolve(),
    close() {
      stdin.off("data", onData);
      stdin.pause();
      connection.close();
    },
  };
}

/** Rejects when it cannot listen there. */
export async function listenAt(place: MonitorPlace, serve: Serve): Promise<MonitorListener> {
  if (place.kind === "stdio") return serveStdio(serve);
  if (place.kind === "unix") await removeDead(place.path);
  const sockets = new Set<Socket>();
  let isConnected = (): void => {};
  const connected = new Promise<void>((resolve) => (isConnected = resolve));
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveSocket(socket, place.kind === "tcp" && place.telnet, serve);
    isConnected();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (place.kind === "unix") server.listen(place.path, resolve);
    else server.listen(place.port, place.host, resolve);
  });
  const address = server.address();
  return {
    where: typeof address === "string" || address === null ? String(address) : `${address.address}:${address.port}`,
    connected: place.waits ? connected : Promise.resolve(),
    close() {
      server.close();
      for (const socket of sockets) socket.destroySoon();
    },
  };
}
