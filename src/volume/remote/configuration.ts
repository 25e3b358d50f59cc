/**
 * The configuration of the roles, in the words of Archipelago's manual: which roles there are, where each listens, and
 * what it keeps. What has no meaning here is refused with the reason, for a setting that does nothing misleads.
 */
import { type Entry, LiteralError, type Place, parseAssignments, type Value } from "./literals.ts";

export interface RoleSettings {
  readonly name: string;
  readonly kind: "blocker" | "mapper" | "vlmc";
  readonly firstPort: number;
  readonly lastPort: number;
  /** 0: errors; 1: warnings; 2: what happens; 3: each request. */
  readonly logLevel: number;
  /** Requests at once. */
  readonly operations: number;
  readonly threads: number | null;
  /** What a blocker keeps its objects in. */
  readonly store: { readonly folder: string; readonly mostOpen: number | null } | { readonly bucket: string } | null;
  /** Of a mapper: data and maps. Of vlmc: objects and all else. */
  readonly objectsPort: number;
  readonly mapsPort: number;
}

export interface StorageConfiguration {
  readonly roles: readonly RoleSettings[];
}

/** With its place: `FILE:LINE:COLUMN: error: ...`. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

const DEFAULT_PORTS = 2048;
const DEFAULT_OPERATIONS = 64;
const MOST_RANGE = 64;

const KINDS: Readonly<Record<string, { kind: RoleSettings["kind"]; keeps: readonly string[] }>> = {
  blocker: { kind: "blocker", keeps: ["archip_dir", "pool"] },
  filed: { kind: "blocker", keeps: ["archip_dir"] },
  file_blocker: { kind: "blocker", keeps: ["archip_dir"] },
  rados: { kind: "blocker", keeps: ["pool"] },
  rados_blocker: { kind: "blocker", keeps: ["pool"] },
  mapper: { kind: "mapper", keeps: [] },
  mapperd: { kind: "mapper", keeps: [] },
  vlmc: { kind: "vlmc", keeps: [] },
  vlmcd: { kind: "vlmc", keeps: [] },
};

const NO_SEGMENT = "roles speak over sockets, and there is no shared segment";
const NO_DEVICES = "there are no devices of a kernel: qure volume map serves a volume by NBD";
const NO_TOOL_PORTS = "vlmc makes a connection of its own for each call";
/** Why a word of the manual, or of files in use, does nothing. */
const MEANINGLESS: Readonly<Record<string, string>> = {
  SEGMENT_SIZE: NO_SEGMENT,
  SEGMENT_TYPE: NO_SEGMENT,
  SEGMENT_NAME: NO_SEGMENT,
  SEGMENT_DYNPORTS: NO_SEGMENT,
  SEGMENT_ALIGNMENT: NO_SEGMENT,
  XSEGBD_START: NO_DEVICES,
  XSEGBD_END: NO_DEVICES,
  VTOOL_START: NO_TOOL_PORTS,
  VTOOL_END: NO_TOOL_PORTS,
  fdcache: "a bucket has no descriptors",
  logfile: "each role logs into ROLE.log beside its sockets",
  pidfile: "a role is known by its answer, and not by a file",
  daemon: "qure storage start leaves every role in the background",
  direct: "the host's cache is written through by a flush",
  cephx_id: "RADOS is reached through its gateway, by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
};

const COMMON = ["portno", "portno_start", "portno_end", "log_level", "nr_ops"];
const WORDS: Readonly<Record<RoleSettings["kind"], readonly string[]>> = {
  blocker: [...COMMON, "nr_threads"],
  mapper: [...COMMON, "blockerb_port", "blockerm_port"],
  vlmc: ["blocker_port", "mapper_port"],
};
const GATEWAY_WORDS = ["endpoint", "region", "prefix"];

/** Reads a configuration. Throws a `ConfigurationError`. */
export function parseConfiguration(source: string, path: string): StorageConfiguration {
  const fail = (place: Place, message: string): never => {
    throw new ConfigurationError(`${path}:${place.line}:${place.column}: error: ${message}`);
  };
  try {
    return new Reader(parseAssignments(source), fail).read();
  } catch (error) {
    if (error instanceof LiteralError) return fail(error.place, error.message);
    throw error;
  }
}

class Reader {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #fail: (place: Place, message: string) => never;
  readonly #ports: number;

  constructor(entries: readonly Entry[], fail: (place: Place, message: string) => never) {
    this.#fail = fail;
    this.#entries = this.#unique(entries);
    const bound = this.#entries.get("SEGMENT_PORTS");
    this.#ports = bound === undefined ? DEFAULT_PORTS : this.#number(bound, 1, 65_536);
  }

  read(): StorageConfiguration {
    const list = this.#entries.get("roles");
    if (list === undefined)
      return this.#fail({ line: 1, column: 1 }, "there are no roles: write roles = [('NAME', 'TYPE'), ...]");
    if (list.value.kind !== "list") return this.#fail(list.value, "roles is a list of ('NAME', 'TYPE')");
    const roles = list.value.items.map((item) => this.#role(item));
    const known = new Set(["roles", "SEGMENT_PORTS", ...roles.map(({ name }) => name)]);
    for (const entry of this.#entries.values())
      if (!known.has(entry.name))
        this.#fail(entry, this.#unknown(entry.name, `${entry.name} is no role of the list, and no setting`));
    this.#checkPorts(roles, list);
    return { roles };
  }

  #unknown(name: string, otherwise: string): string {
    const reason = MEANINGLESS[name];
    return reason === undefined ? otherwise : `${name} has no meaning here, leave it out: ${reason}`;
  }

  #unique(entries: readonly Entry[]): Map<string, Entry> {
    const found = new Map<string, Entry>();
    for (const entry of entries) {
      const former = found.get(entry.name);
      if (former !== undefined) this.#fail(entry, `${entry.name} is there already, in line ${former.line}`);
      found.set(entry.name, entry);
    }
    return found;
  }

  #number(entry: Entry, least: number, most: number): number {
    const { value, name } = entry;
    if (value.kind !== "number" || value.number < least || value.number > most)
      return this.#fail(value, `${name} is a number from ${least} to ${most}`);
    return value.number;
  }

  #text(entry: Entry): string {
    const { value, name } = entry;
    return value.kind === "text" && value.text !== "" ? value.text : this.#fail(value, `${name} is a text in quotes`);
  }

  #role(item: Value): RoleSettings {
    if (item.kind !== "list" || item.items.length !== 2 || item.items.some(({ kind }) => kind !== "text"))
      return this.#fail(item, "a role is ('NAME', 'TYPE')");
    const [name = "", type = ""] = item.items.map((part) => (part.kind === "text" ? part.text : ""));
    if (!/^[A-Za-z_]\w{0,31}$/.test(name)) this.#fail(item, `${name} is no name of a role: write letters and digits`);
    const known =
      KINDS[type] ??
      KINDS[type.replace(/^archip-/, "")] ??
      this.#fail(item.items[1]!, `${type} is no type: write ${Object.keys(KINDS).join(", ")}`);
    const own = this.#entries.get(name) ?? this.#fail(item, `${name} has no settings: write ${name} = { ... }`);
    if (own.value.kind !== "dictionary")
      return this.#fail(own.value, `the settings of ${name} are { 'NAME': value, ... }`);
    const settings = this.#unique(own.value.entries);
    const words = [
      ...WORDS[known.kind],
      ...known.keeps,
      ...(known.keeps.includes("pool") ? GATEWAY_WORDS : []),
      ...(known.keeps.includes("archip_dir") ? ["fdcache"] : []),
    ];
    for (const entry of settings.values())
      if (!words.includes(entry.name))
        this.#fail(
          entry,
          known.kind === "vlmc" && COMMON.includes(entry.name)
            ? `${entry.name} has no meaning here, leave it out: ${name} is no process, and listens nowhere`
            : this.#unknown(entry.name, `a role of type ${type} has no ${entry.name}; it has ${words.join(", ")}`),
        );
    const number = (word: string, least: number, most: number, initial: number): number => {
      const entry = settings.get(word);
      return entry === undefined ? initial : this.#number(entry, least, most);
    };
    const [objectsWord, mapsWord] =
      known.kind === "vlmc" ? ["blocker_port", "mapper_port"] : ["blockerb_port", "blockerm_port"];
    const port = (word: string): number =>
      known.kind === "blocker"
        ? -1
        : this.#number(settings.get(word) ?? this.#fail(own, `${name} needs ${word}`), 0, this.#ports - 1);
    return {
      name,
      kind: known.kind,
      ...this.#range(settings, own, known.kind),
      logLevel: number("log_level", 0, 3, 1),
      operations: number("nr_ops", 1, 4096, DEFAULT_OPERATIONS),
      threads: settings.has("nr_threads") ? number("nr_threads", 1, 1024, 4) : null,
      store: known.kind === "blocker" ? this.#store(settings, own, known.keeps) : null,
      objectsPort: port(objectsWord!),
      mapsPort: port(mapsWord!),
    };
  }

  #range(
    settings: ReadonlyMap<string, Entry>,
    own: Entry,
    kind: RoleSettings["kind"],
  ): { firstPort: number; lastPort: number } {
    if (kind === "vlmc") return { firstPort: -1, lastPort: -1 };
    const one = settings.get("portno");
    const first = settings.get("portno_start") ?? one;
    if (first === undefined) return this.#fail(own, `${own.name} needs portno_start, or portno`);
    if (one !== undefined && settings.has("portno_start")) this.#fail(one, "give portno or portno_start, not both");
    const firstPort = this.#number(first, 0, this.#ports - 1);
    const last = settings.get("portno_end");
    const most = Math.min(this.#ports, firstPort + MOST_RANGE) - 1;
    return { firstPort, lastPort: last === undefined ? firstPort : this.#number(last, firstPort, most) };
  }

  #store(settings: ReadonlyMap<string, Entry>, own: Entry, keeps: readonly string[]): RoleSettings["store"] {
    const given = keeps.map((word) => settings.get(word)).filter((entry) => entry !== undefined);
    if (given.length !== 1) return this.#fail(own, `${own.name} needs ${keeps.join(" or ")}`);
    const place = this.#text(given[0]!);
    const words = GATEWAY_WORDS.flatMap((word) => settings.get(word) ?? []);
    if (given[0]!.name === "archip_dir") {
      if (words[0] !== undefined) this.#fail(words[0], `${words[0].name} belongs to pool, and not to archip_dir`);
      const open = settings.get("fdcache");
      return { folder: place, mostOpen: open === undefined ? null : this.#number(open, 1, 65_536) };
    }
    const prefix = settings.get("prefix");
    const query = words.filter((entry) => entry !== prefix).map((entry) => `${entry.name}=${this.#text(entry)}`);
    const path = prefix === undefined ? "" : `/${this.#text(prefix)}`;
    return { bucket: `s3://${place}${path}${query.length === 0 ? "" : `?${query.join("&")}`}` };
  }

  #checkPorts(roles: readonly RoleSettings[], list: Entry): void {
    const placeOf = (role: RoleSettings): Place => this.#entries.get(role.name)!;
    for (const [index, role] of roles.entries()) {
      const earlier = roles.slice(0, index);
      if (earlier.some(({ name }) => name === role.name)) this.#fail(list, `${role.name} is in the list twice`);
      const other = earlier.find(
        (one) => role.firstPort >= 0 && one.firstPort <= role.lastPort && role.firstPort <= one.lastPort,
      );
      if (other !== undefined) this.#fail(placeOf(role), `${role.name} and ${other.name} have a port in common`);
      for (const [port, wanted] of [
        [role.objectsPort, "blocker"],
        [role.mapsPort, role.kind === "vlmc" ? "mapper" : "blocker"],
      ] as const) {
        if (port < 0) continue;
        const server = roles.find((one) => one.firstPort <= port && port <= one.lastPort && one.firstPort >= 0);
        if (server?.kind !== wanted)
          this.#fail(
            placeOf(role),
            `${role.name}: at port ${port} is ${server === undefined ? "no role" : `${server.name}, a ${server.kind}`}: it should be a ${wanted}`,
          );
      }
    }
  }
}
