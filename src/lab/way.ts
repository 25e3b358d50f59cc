/**
 * Ways out of the emulator as people write them, in QEMU's words: `user,hostfwd=tcp::8080-:80`,
 * `dgram,local=127.0.0.1:5001,remote=127.0.0.1:5002`, `stream,listen=/tmp/lan.sock`, and QuRe's own
 * `vxlan,vni=42,local=10.9.0.1,remote=10.9.0.2`; and ports that are forwarded: `8080:80`.
 */
import { LARGEST_VNI, VXLAN_PORT } from "../../emulator/ether/vxlan.ts";
import type { InternetPlace, Place, UplinkWay } from "../host/places.ts";

/** A port of the host and the guest's port that it stands for. */
export interface Forward {
  readonly protocol: "tcp" | "udp";
  readonly host: string;
  readonly port: number;
  /** A machine by its number from 0, or an address on the network. */
  readonly to: number | string;
  readonly toPort: number;
}

export type Way = { readonly kind: "user"; readonly forwards: readonly Forward[] } | UplinkWay;

const LOOPBACK = "127.0.0.1";
/** Where QEMU's user network sends what is forwarded to no address in particular: its first guest. */
const FIRST_NODE = 0;
const LAST_PORT = 65_535;

function portOf(text: string, what: string, least = 1): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < least || port > LAST_PORT)
    throw new RangeError(`${what}: ${text || "nothing"} is not a port, ${least} to ${LAST_PORT}`);
  return port;
}

function hostOf(text: string, what: string): string {
  const host = text === "localhost" ? LOOPBACK : text;
  const parts = host.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    throw new RangeError(`${what}: ${text} is not an IPv4 address`);
  return parts.map(Number).join(".");
}

/**
 * `8080:80`, `8080:2:80` (node 2), `udp:5353:53`, `127.0.0.1:8080:80`, and QEMU's `tcp:127.0.0.1:8080-10.0.2.15:80`.
 */
export function parseForward(text: string): Forward {
  const [, protocolWord = "tcp", rest = ""] = /^(?:hostfwd=)?(?:(tcp|udp):)?(.*)$/.exec(text)!;
  const protocol = protocolWord === "udp" ? "udp" : "tcp";
  const isQemu = rest.includes("-");
  const [from = "", to = ""] = isQemu ? rest.split("-", 2) : [];
  const ours = rest.split(":");
  const explain = `${text || "nothing"}: write HOSTPORT:PORT, HOSTPORT:NODE:PORT, or ${"tcp:[ADDRESS]:HOSTPORT-[ADDRESS]:PORT"}`;
  if (isQemu) {
    const [host, port, ...more] = from.split(":");
    const [guest, guestPort, ...evenMore] = to.split(":");
    if (port === undefined || guestPort === undefined || more.length + evenMore.length > 0)
      throw new RangeError(explain);
    return {
      protocol,
      host: host ? hostOf(host, text) : LOOPBACK,
      port: portOf(port, text, 0),
      to: guest ? hostOf(guest, text) : FIRST_NODE,
      toPort: portOf(guestPort, text),
    };
  }
  const host = ours[0]!.includes(".") || ours[0] === "localhost" ? hostOf(ours.shift()!, text) : LOOPBACK;
  if (ours.length < 2 || ours.length > 3) throw new RangeError(explain);
  const node = ours.length === 3 ? Number(ours[1]) : 1;
  if (ours.length === 3 && !/^[1-9]\d*$/.test(ours[1]!))
    throw new RangeError(`${text}: ${ours[1]} is not the number of a machine`);
  return { protocol, host, port: portOf(ours[0]!, text, 0), to: node - 1, toPort: portOf(ours.at(-1)!, text) };
}

/** As `parseForward` reads it. */
export function formatForward({ protocol, host, port, to, toPort }: Forward): string {
  const guest = typeof to === "number" ? `:${to + 1}` : `-${to}`;
  return `${protocol}:${host}:${port}${guest}:${toPort}`;
}

/** The options of a way: each is taken once, and what nobody took is an error. */
class Words {
  readonly #text: string;
  readonly #found: Map<string, string[]>;

  constructor(text: string, words: readonly string[]) {
    this.#text = text;
    this.#found = new Map();
    for (const word of words) {
      const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(word)!;
      this.#found.set(name, [...(this.#found.get(name) ?? []), value]);
    }
  }

  all(name: string): readonly string[] {
    const values = this.#found.get(name) ?? [];
    this.#found.delete(name);
    return values;
  }

  one(name: string): string | null {
    const values = this.all(name);
    if (values.length > 1) throw new RangeError(`${this.#text}: ${name} is there twice`);
    return values[0] ?? null;
  }

  fail(problem: string): never {
    throw new RangeError(`${this.#text}: ${problem}`);
  }

  /** `NAME=127.0.0.1:5000`, `NAME=/tmp/x.sock`, or QEMU's `NAME.type=inet,NAME.host=127.0.0.1,NAME.port=5000`. */
  place(name: string, usualPort: number | null = null): Place | null {
    const type = this.one(`${name}.type`);
    const [host, port, path] = ["host", "port", "path"].map((part) => this.one(`${name}.${part}`));
    const short = this.one(name);
    if (path) return { path };
    if (type === "unix") return this.fail(`${name}.path is missing`);
    if (type !== null && type !== "inet") this.fail(`${name}.type is inet or unix, not ${type}`);
    if (host || port) return { host: hostOf(host || LOOPBACK, this.#text), port: portOf(port ?? "", this.#text) };
    if (short === null) return null;
    if (short.includes("/")) return { path: short };
    const [shortHost = "", shortPort, ...more] = short.split(":");
    if (more.length > 0 || (shortPort === undefined && usualPort === null))
      this.fail(`${name}=${short} is not ADDRESS:PORT`);
    return {
      host: hostOf(shortHost || LOOPBACK, this.#text),
      port: shortPort === undefined ? usualPort! : portOf(shortPort, this.#text),
    };
  }

  internet(name: string, usualPort: number | null = null): InternetPlace | null {
    const place = this.place(name, usualPort);
    if (place?.path !== undefined) return this.fail(`${name} is ADDRESS:PORT: datagrams go by UDP only`);
    return place;
  }

  /** Throws when something is left that nobody has taken. */
  end(): void {
    const left = this.#found.keys().next().value;
    if (left !== undefined) this.fail(`${left} means nothing here`);
  }
}

function needed<Value>(value: Value | null, words: Words, what: string): Value {
  return value ?? words.fail(`${what} is missing`);
}

function parseVxlan(words: Words): Way {
  const vni = Number(needed(words.one("vni"), words, "vni=NUMBER"));
  if (!(Number.isInteger(vni) && vni >= 0 && vni <= LARGEST_VNI)) words.fail(`vni is 0 to ${LARGEST_VNI}`);
  const local = words.internet("local", VXLAN_PORT) ?? { host: "0.0.0.0", port: VXLAN_PORT };
  const remotes = words.all("remote").map((remote) => {
    const place = new Words(remote, [`remote=${remote}`]).internet("remote", VXLAN_PORT);
    return needed(place, words, "remote=ADDRESS");
  });
  if (remotes.length === 0) words.fail("remote=ADDRESS[:PORT] is missing: it may be given several times");
  return { kind: "vxlan", vni, local, remotes };
}

function parseStream(words: Words, listen: string, connect: string): Way {
  const isServer = ["", "on", "true"].includes(words.one("server") ?? "off");
  const given = words.place("addr");
  const listening = words.place(listen);
  const connecting = words.place(connect);
  const places = [given, listening, connecting].filter((place) => place !== null);
  if (places.length !== 1) words.fail(`write ${listen}= or ${connect}= with ADDRESS:PORT or the path of a Unix socket`);
  return { kind: "stream", isServer: listening !== null || (given !== null && isServer), place: places[0]! };
}

function parseDgram(words: Words, local: string, remote: string): Way {
  return {
    kind: "dgram",
    local: needed(words.internet(local), words, `${local}=ADDRESS:PORT`),
    remote: needed(words.internet(remote), words, `${remote}=ADDRESS:PORT`),
  };
}

const KINDS: Readonly<Record<string, (words: Words) => Way>> = {
  user: (words) => ({ kind: "user", forwards: words.all("hostfwd").map(parseForward) }),
  vxlan: parseVxlan,
  dgram: (words) => parseDgram(words, "local", "remote"),
  stream: (words) => parseStream(words, "listen", "connect"),
  socket: (words) => {
    const udp = words.one("udp");
    if (udp === null) return parseStream(words, "listen", "connect");
    const local = needed(words.one("localaddr"), words, "localaddr=ADDRESS:PORT");
    return parseDgram(new Words(udp, [`remote=${udp}`, `local=${local}`]), "local", "remote");
  },
};

/** Throws a RangeError with a sentence. */
export function parseWay(text: string): Way {
  const [kind = "", ...parts] = text.split(",");
  const parse = Object.hasOwn(KINDS, kind) ? KINDS[kind]! : null;
  if (parse === null) throw new RangeError(`${text}: ${kind || "nothing"} is none of ${Object.keys(KINDS).join(", ")}`);
  const words = new Words(text, parts);
  words.one("id");
  const way = parse(words);
  words.end();
  return way;
}

const formatPlace = (name: string, place: Place): string =>
  place.path === undefined ? `,${name}=${place.host}:${place.port}` : `,${name}.path=${place.path}`;

/** As `parseWay` reads it. */
export function formatWay(way: Way): string {
  if (way.kind === "user") return ["user", ...way.forwards.map((one) => `hostfwd=${formatForward(one)}`)].join(",");
  if (way.kind === "stream") return `stream${formatPlace(way.isServer ? "listen" : "connect", way.place)}`;
  const local = formatPlace("local", way.local);
  if (way.kind === "dgram") return `dgram${local}${formatPlace("remote", way.remote)}`;
  return `vxlan,vni=${way.vni}${local}${way.remotes.map((remote) => formatPlace("remote", remote)).join("")}`;
}
