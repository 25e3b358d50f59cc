/**
 * Places of the host, as data and as people write them: of conversations (byte-stream.ts) and of ways out (uplink.ts).
 */

const LAST_PORT = 65535;
const LOOPBACK = "127.0.0.1";

export interface InternetPlace {
  readonly host: string;
  readonly port: number;
  readonly path?: never;
}

/** An IPv4 address and port, or a Unix socket. */
export type Place = InternetPlace | { readonly path: string; readonly host?: never; readonly port?: never };

export interface VxlanWay {
  readonly kind: "vxlan";
  readonly vni: number;
  readonly local: InternetPlace;
  readonly remotes: readonly InternetPlace[];
}

export interface DgramWay {
  readonly kind: "dgram";
  readonly local: InternetPlace;
  readonly remote: InternetPlace;
}

export interface StreamWay {
  readonly kind: "stream";
  readonly isServer: boolean;
  readonly place: Place;
}

export type UplinkWay = VxlanWay | DgramWay | StreamWay;

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

/** As `parseStreamPlace` reads it. */
export function formatStreamPlace(place: StreamPlace): string {
  if (place.kind === "stdio") return "stdio";
  const ways = `${place.listens ? ",server" : ""}${place.waits ? "" : ",wait=off"}`;
  if (place.kind === "unix") return `unix:${place.path}${ways}`;
  const host = place.host.includes(":") ? `[${place.host}]` : place.host;
  return `${place.telnet ? "telnet" : "tcp"}:${host}:${place.port}${ways}`;
}
