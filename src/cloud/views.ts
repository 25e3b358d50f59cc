/**
 * Who lives, as coordinators say it: docs/protocols/cluster.md, "Packet" (views) and "Rules". Each coordinator that is
 * heard has a part of its own, since there are two where a cluster is cut, or where two have just met. The
 * coordinator's number and digest say whether a part is whole.
 */
import { holds } from "../../emulator/state/invariant.ts";
import { BYE, MEMBER, NAMED, REPORT, type VIEW } from "../wire/cluster-layout.ts";
import { type Entry, entryDigest, type Head, type Packet } from "../wire/cluster-packet.ts";

/** After so long without a view its coordinator is taken for dead, in a small cluster and in a large one, */
const SILENT_MS = [850, 1650] as const;
/** and after so long, in which another would have taken over in bad health, nobody is known to live. */
const DESERTED_MS = 6000;
/** A coordinator that was heard within so long has no need to be asked. */
const HEARD_MS = 1200;
const SMALL = 33;
const ENTRY_FLAGS = 0x81;
const MOST_PARTS = 16;
/** Of so many nodes all sets are tried: a wrong one has the right sum once in a million times. */
const FEW = 12;
const MOST_MEMBERS = 1024;
const NOBODY = "0".repeat(16);

type View = Packet & { readonly kind: typeof VIEW };

interface Row {
  readonly entry: Entry;
  readonly digest: number;
  /** Counts what was said: of two parts that have a node the one that named it later counts. */
  readonly order: number;
}

export interface PartRecord {
  readonly coordinator: string;
  era: number;
  founder: string;
  /** Of its coordinator's boot. */
  readonly session: string;
  /** Where its coordinator is. */
  address: string;
  /** The coordinator among them, as long as it lives. */
  readonly members: Map<string, Row>;
  /** As its last view has them. */
  count: number;
  digest: number;
  isWhole: boolean;
  /** When its coordinator's last view came. */
  viewedMs: number;
}

/** What a node says of itself, as a coordinator would enter it. */
function entryOf(head: Head): Entry {
  const { id, age, revision, address, name, session, sequence } = head;
  const flags = head.flags & ENTRY_FLAGS;
  return { id, age, revision, flags, state: MEMBER, upgrade: 0, downloads: 0, address, name, session, sequence };
}

export class Views {
  readonly parts = new Map<string, PartRecord>();
  /** Counts what changed in what others are shown. */
  version = 0;
  /** Each node as it was named or heard last, whether it lives or not. */
  readonly #known = new Map<string, Row>();
  #order = 0;

  /** A believed coordinator's view. `list`: enters a session; false when the entry is about a boot that is over. */
  take({ head, fields, tail }: View, nowMs: number, list: (entry: Entry) => boolean): void {
    const part = this.#partOf(head, nowMs);
    if (!part) return;
    this.#enter(part, entryOf(head));
    const named = new Set([head.id]);
    for (const entry of tail) {
      if (entry.state === NAMED || entry.id === head.id) continue;
      named.add(entry.id);
      const isNow = list(entry);
      if (entry.state !== MEMBER) this.#remove(part, entry.id);
      else if (isNow) this.#enter(part, entry);
    }
    if (fields.to !== NOBODY)
      for (const id of part.members.keys())
        if (id > fields.from && id <= fields.to && !named.has(id)) this.#remove(part, id);
    part.count = fields.members;
    part.digest = fields.digest;
    part.viewedMs = nowMs;
    this.#judge(part);
    holds(part.members.size <= MOST_MEMBERS, "view", "more members than there may be");
  }

  /**
   * What a believed member says that coordinates nothing by it. It completes a part that is not whole: a view names
   * only what has changed. `to`: whom it said it to.
   */
  hear({ kind, head }: Packet, to: string): void {
    if (head.state !== MEMBER) return;
    if (kind === BYE) {
      for (const part of this.parts.values())
        if (part.members.get(head.id)?.entry.session === head.session) this.#remove(part, head.id);
      return;
    }
    const same = [...this.parts.values()].filter(({ era, founder }) => era === head.era && founder === head.founder);
    const part =
      same.find(({ address }) => kind === REPORT && address === to) ?? (same.length === 1 ? same[0] : undefined);
    if (!part || part.isWhole || head.id === part.coordinator) return;
    this.#enter(part, entryOf(head));
    this.#judge(part);
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    for (const part of this.parts.values()) {
      const silentMs = nowMs - part.viewedMs;
      if (silentMs < SILENT_MS[part.count > SMALL ? 1 : 0]) continue;
      if (part.members.has(part.coordinator)) this.#remove(part, part.coordinator);
      const isLeft = [...part.members.keys()].every((id) => this.#isElsewhere(id, part));
      if (isLeft || silentMs >= DESERTED_MS) this.#end(part);
    }
  }

  /** This observer did not run for a while, which does not count: what was said meanwhile is yet to come. */
  thaw(nowMs: number, stoodMs: number): void {
    for (const part of this.parts.values()) part.viewedMs = Math.min(nowMs, part.viewedMs + stoodMs);
  }

  /** Whether a coordinator's view came lately. */
  isHeard(session: string, nowMs: number): boolean {
    return [...this.parts.values()].some((part) => part.session === session && nowMs - part.viewedMs < HEARD_MS);
  }

  /** Each node that lives, with the part that named it last. */
  members(): Map<string, { readonly entry: Entry; readonly part: PartRecord }> {
    const all = new Map<string, { readonly entry: Entry; readonly part: PartRecord; readonly order: number }>();
    for (const part of this.parts.values())
      for (const [id, { entry, order }] of part.members) {
        const other = all.get(id);
        if (!other || other.order < order) all.set(id, { entry, part, order });
      }
    return all;
  }

  #isElsewhere(id: string, part: PartRecord): boolean {
    return [...this.parts.values()].some((other) => other !== part && other.members.has(id));
  }

  /** A coordinator's part; another one when its cluster's name has changed. */
  #partOf({ id, era, founder, address, session }: Head, nowMs: number): PartRecord | null {
    const known = this.parts.get(id);
    if (known?.session === session && known.era === era && known.founder === founder) {
      known.address = address;
      return known;
    }
    if (!known && this.parts.size >= MOST_PARTS) return null;
    // Whoever takes over has the members of the one before; whoever moves to another name has nobody yet.
    const isMove = known?.session === session;
    const before = [...this.parts.values()].find(
      (part) => !isMove && part !== known && part.era === era && part.founder === founder && part.members.has(id),
    );
    const now = { count: 0, digest: 0, isWhole: false, viewedMs: nowMs };
    const part: PartRecord = {
      coordinator: id,
      era,
      founder,
      session,
      address,
      members: new Map(before?.members),
      ...now,
    };
    this.parts.set(id, part);
    this.version++;
    if (before && !before.members.has(before.coordinator)) this.#end(before);
    return part;
  }

  #end(part: PartRecord): void {
    this.parts.delete(part.coordinator);
    this.version++;
  }

  #enter(part: PartRecord, entry: Entry): void {
    const before = part.members.get(entry.id);
    if (!before && part.members.size >= MOST_MEMBERS) return;
    const row = { entry, digest: entryDigest(entry), order: ++this.#order };
    const { digest } = row;
    part.members.set(entry.id, row);
    this.#know(row);
    // Of two parts the later one counts, so that it was named again may show too.
    if (before?.digest !== digest || this.parts.size > 1) this.version++;
  }

  #know(row: Row): void {
    this.#known.delete(row.entry.id);
    this.#known.set(row.entry.id, row);
    if (this.#known.size > MOST_MEMBERS) this.#known.delete(this.#known.keys().next().value!);
  }

  #remove(part: PartRecord, id: string): void {
    if (part.members.delete(id)) this.version++;
    part.isWhole = false;
  }

  /** Whether a part is whole; if not, whether nodes that are known make it so. */
  #judge(part: PartRecord): void {
    const was = part.isWhole;
    part.isWhole = isSum([...part.members.values()], part.count, part.digest) || this.#complete(part);
    if (was !== part.isWhole) this.version++;
  }

  /**
   * A change was missed. Number and digest tell which of the nodes that are known are meant: of a few, by trying all
   * sets of them; of many, by one more or one less.
   */
  #complete(part: PartRecord): boolean {
    const own = part.members.get(part.coordinator);
    if (!own) return false;
    const others = [...this.#known.values()].filter(({ entry }) => entry.id !== part.coordinator);
    const found =
      others.length <= FEW
        ? setOf(others, part.count - 1, (part.digest - own.digest) >>> 0)
        : oneMoreOrLess(
            part,
            [...part.members.values()].filter((row) => row !== own),
            others,
            own.digest,
          );
    if (!found) return false;
    part.members.clear();
    for (const row of [own, ...found]) part.members.set(row.entry.id, row);
    this.version++;
    return true;
  }
}

const sumOf = (rows: readonly Row[]): number => rows.reduce((sum, { digest }) => (sum + digest) >>> 0, 0);
const isSum = (rows: readonly Row[], count: number, digest: number): boolean =>
  rows.length === count && sumOf(rows) === digest;

/** The members with another one that is known, or without one of them. */
function oneMoreOrLess(
  { count, digest }: PartRecord,
  members: readonly Row[],
  others: readonly Row[],
  ownDigest: number,
): readonly Row[] | null {
  const missing = (digest - ownDigest - sumOf(members)) >>> 0;
  if (count === members.length + 2) {
    const row = others.find((one) => one.digest === missing && !members.includes(one));
    return row ? [...members, row] : null;
  }
  const rest = members.filter((one) => -one.digest >>> 0 !== missing);
  return count === members.length && rest.length === members.length - 1 ? rest : null;
}

/** So many of the rows whose digests have this sum. */
function setOf(rows: readonly Row[], count: number, digest: number, from = 0): readonly Row[] | null {
  if (count === 0) return digest === 0 ? [] : null;
  for (let index = from; index + count <= rows.length; index++) {
    const row = rows[index]!;
    const rest = setOf(rows, count - 1, (digest - row.digest) >>> 0, index + 1);
    if (rest) return [row, ...rest];
  }
  return null;
}
