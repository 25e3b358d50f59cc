/** An NBD server on a Unix socket or a port, for volumes that this process has open. */
import { createServer, type Server, type Socket } from "node:net";
import { NbdConnection } from "../volume/nbd/connection.ts";
import type { NbdExport } from "../volume/nbd/options.ts";
import { listenAt } from "./unix-socket.ts";

export type NbdPlace = { readonly path: string } | { readonly host: string; readonly port: number };

export interface NbdServer {
  /** As clients write it. */
  readonly uri: string;
  close(): Promise<void>;
}

/** Clients at once; further ones are turned away. */
const MOST_CLIENTS = 64;
/** Whoever says nothing has no place for longer. */
const HANDSHAKE_MS = 30_000;

function serve(socket: Socket, exports: readonly NbdExport[], onTrouble: (error: unknown) => void): void {
  const peer = {
    send: (...parts: readonly Uint8Array[]): void => {
      socket.cork();
      for (const part of parts) if (part.length > 0) socket.write(part);
      socket.uncork();
    },
    unsentBytes: (): number => socket.writableLength,
    pause: (isPaused: boolean): void => void (isPaused ? socket.pause() : socket.resume()),
    close: (): void => void socket.end(),
  };
  socket.setNoDelay(true);
  const connection = new NbdConnection(peer, exports, onTrouble);
  socket.on("data", (bytes) => connection.receive(bytes));
  socket.on("drain", () => connection.drained());
  socket.on("error", () => socket.destroy());
  const patience = setTimeout(() => void (connection.isServed || socket.destroy()), HANDSHAKE_MS).unref();
  socket.on("close", () => {
    clearTimeout(patience);
    connection.closed();
  });
}

/** Rejects with the host's error when the place is taken. */
export async function serveNbd(
  place: NbdPlace,
  exports: readonly NbdExport[],
  onTrouble: (error: unknown) => void,
): Promise<NbdServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    if (sockets.size >= MOST_CLIENTS) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, exports, onTrouble);
  });
  const own =
    "path" in place ? await listenAt(server, place.path, `${place.path}: somebody listens there already`) : null;
  if (!("path" in place)) await listenOn(server, place);
  const [{ name }] = exports as [NbdExport];
  return {
    uri: "path" in place ? unixUri(name, place.path) : `nbd://${place.host}:${portOf(server)}/${name}`,
    close: () =>
      new Promise((done) => {
        own?.remove();
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Of a path all but what separates folders is escaped: blanks, and what has a meaning in a URI. */
const unixUri = (name: string, path: string): string =>
  `nbd+unix:///${name}?socket=${encodeURIComponent(path).replaceAll("%2F", "/")}`;

const portOf = (server: Server): number => (server.address() as { port: number }).port;

function listenOn(server: Server, place: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(place, () => {
      server.off("error", fail);
      done();
    });
  });
}
