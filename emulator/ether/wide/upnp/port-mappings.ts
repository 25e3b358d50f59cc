/**
 * The mappings that programs have asked a gateway for by UPnP, and the actions of WANIPConnection on them. Version 1
 * lets anyone map a port to anyone on the LAN; version 2 only to itself (WANIPConnection:2, 2.3.6), and for a week.
 */
import { holds } from "../../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../../state/state.ts";
import { formatIpv4 } from "../../packet.ts";
import type { Liar } from "../lies.ts";
import type { Endpoint, Protocol, Translation } from "../translation.ts";
import { addressBytes, addressNumber } from "../wide-net.ts";
import { ActionError, type Arguments, type DeviceVersion } from "./services.ts";
import { escapeXml, xmlElement } from "./xml.ts";

export interface PortMappingsConfig {
  readonly version: DeviceVersion;
  /** Version 1 alone: a mapping that shall end by itself is refused. */
  readonly permanentLeasesOnly?: boolean;
}

/** What an action gives, by the names of its arguments. */
export type Results = Readonly<Record<string, string>>;

interface Entry {
  readonly protocol: Protocol;
  readonly port: number;
  readonly inside: Endpoint;
  readonly isEnabled: boolean;
  readonly description: string;
  /** Infinity: until it is deleted. */
  readonly endsNs: number;
}

interface Caller {
  readonly address: number;
  readonly nowNs: number;
}

const MOST_ENTRIES = 128;
const MOST_DESCRIPTION = 256;
/** WANIPConnection:2, 2.3.9: what asks for longer, or for ever, gets a week. */
const WEEK_SECONDS = 604_800;
const SECOND_NS = 1e9;

export class PortMappings implements Stateful {
  readonly #config: PortMappingsConfig;
  readonly #translation: Translation;
  readonly #liar: Liar;
  readonly #isLocal: (address: number) => boolean;
  /** By protocol and port, in the order in which they came. */
  readonly #entries = new Map<string, Entry>();

  constructor(config: PortMappingsConfig, translation: Translation, liar: Liar, isLocal: (address: number) => boolean) {
    this.#config = config;
    this.#translation = translation;
    this.#liar = liar;
    this.#isLocal = isLocal;
  }

  /** What it lists. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  readonly actions: Readonly<Record<string, (values: Arguments, caller: Caller) => Results>> = {
    AddPortMapping: (values, caller) => {
      const wish = this.#wish(values, caller);
      this.#add(wish, caller.nowNs);
      return {};
    },
    AddAnyPortMapping: (values, caller) => {
      const wish = this.#wish(values, caller);
      const port = this.#isOpenTo(wish, caller.nowNs)
        ? wish.port
        : this.#translation.freePort(wish.protocol, wish.port, caller.nowNs);
      if (port === null) throw new ActionError(728);
      this.#add({ ...wish, port }, caller.nowNs);
      return { NewReservedPort: String(port) };
    },
    DeletePortMapping: (values, caller) => {
      const entry = this.#named(values);
      if (!this.#mayManage(entry, caller)) throw new ActionError(606);
      this.#delete(entry);
      return {};
    },
    DeletePortMappingRange: (values, caller) => {
      for (const entry of this.#range(values, caller)) this.#delete(entry);
      return {};
    },
    GetSpecificPortMappingEntry: (values, { nowNs }) => entryResults(this.#named(values), nowNs),
    GetGenericPortMappingEntry: (values, { nowNs }) => {
      const entry = this.entries[values.number("NewPortMappingIndex")];
      if (entry === undefined) throw new ActionError(713);
      return { ...nameResults(entry), ...entryResults(entry, nowNs) };
    },
    GetListOfPortMappings: (values, caller) => {
      const found = this.#range(values, caller);
      const most = values.number("NewNumberOfPorts") || found.length;
      return { NewPortListing: listing(found.slice(0, most), caller.nowNs) };
    },
  };

  // ---- What is asked for

  #wish(values: Arguments, { address, nowNs }: Caller): Entry {
    if (values.text("NewRemoteHost").trim() !== "") throw new ActionError(726);
    const port = values.number("NewExternalPort");
    const inside = { address: addressOf(values.text("NewInternalClient")), port: values.number("NewInternalPort") };
    const protocol = protocolOf(values);
    const isEnabled = values.bool("NewEnabled");
    const description = values.text("NewPortMappingDescription");
    const isLatest = this.#config.version === 2;
    if (port === 0) throw new ActionError(716);
    if (inside.port === 0) throw new ActionError(isLatest ? 732 : 402);
    if (!this.#isLocal(inside.address) || description.length > MOST_DESCRIPTION) throw new ActionError(402);
    if (isLatest && inside.address !== address) throw new ActionError(606);
    const endsNs = this.#endOf(values.number("NewLeaseDuration"), nowNs);
    return { protocol, port, inside, isEnabled, description, endsNs };
  }

  #endOf(seconds: number, nowNs: number): number {
    const isLatest = this.#config.version === 2;
    if (seconds !== 0 && !isLatest && this.#config.permanentLeasesOnly) throw new ActionError(725);
    if (seconds === 0 && !isLatest) return Infinity;
    return nowNs + (isLatest ? Math.min(seconds || WEEK_SECONDS, WEEK_SECONDS) : seconds) * SECOND_NS;
  }

  #named(values: Arguments): Entry {
    const isForAll = values.text("NewRemoteHost").trim() === "";
    const key = `${protocolOf(values)} ${values.number("NewExternalPort")}`;
    const entry = isForAll ? this.#entries.get(key) : undefined;
    if (entry === undefined) throw new ActionError(714);
    return entry;
  }

  #range(values: Arguments, caller: Caller): readonly Entry[] {
    const [first, last] = [values.number("NewStartPort"), values.number("NewEndPort")];
    const protocol = protocolOf(values);
    values.bool("NewManage");
    if (first > last) throw new ActionError(733);
    const found = this.entries
      .filter((entry) => entry.protocol === protocol && entry.port >= first && entry.port <= last)
      .filter((entry) => this.#mayManage(entry, caller))
      .sort((a, b) => a.port - b.port);
    if (found.length === 0) throw new ActionError(730);
    return found;
  }

  #mayManage({ inside }: Entry, { address }: Caller): boolean {
    return this.#config.version === 1 || inside.address === address;
  }

  // ---- What is done

  /** Whether a port is this machine's already, or nobody's. */
  #isOpenTo({ protocol, port, inside }: Entry, nowNs: number): boolean {
    const there = this.#entries.get(`${protocol} ${port}`);
    return there ? there.inside.address === inside.address : this.#translation.isFree(protocol, port, nowNs);
  }

  #add(wish: Entry, nowNs: number): void {
    const key = `${wish.protocol} ${wish.port}`;
    const isLatest = this.#config.version === 2;
    const there = this.#entries.get(key);
    if (there && there.inside.address !== wish.inside.address) throw new ActionError(718);
    if (!there && !this.#translation.isFree(wish.protocol, wish.port, nowNs))
      throw new ActionError(isLatest ? 729 : 718);
    if (!there && this.#entries.size >= MOST_ENTRIES) throw new ActionError(isLatest ? 728 : 501);
    const isRenewed = there?.isEnabled === wish.isEnabled && there.inside.port === wish.inside.port;
    if (there && !isRenewed) this.#delete(there);
    const forward = { protocol: wish.protocol, port: wish.port, to: wish.inside, endsNs: wish.endsNs };
    if (wish.isEnabled && !this.#liar.open(forward, isRenewed, nowNs)) throw new ActionError(isLatest ? 729 : 718);
    this.#entries.set(key, wish);
    holds(this.#entries.size <= MOST_ENTRIES, "UPnP", "more mappings than there is room for");
  }

  #delete(entry: Entry): void {
    this.#entries.delete(`${entry.protocol} ${entry.port}`);
    if (entry.isEnabled) this.#translation.unforward(entry.protocol, entry.port, entry.inside.address);
  }

  /** What time does by itself. */
  tick(nowNs: number): void {
    if (this.#liar.forgets(nowNs))
      for (const { protocol, port, inside } of this.#entries.values())
        this.#translation.unforward(protocol, port, inside.address);
    for (const [key, { endsNs }] of this.#entries) if (endsNs <= nowNs) this.#entries.delete(key);
  }

  /** Its power has failed: what is for ever is kept, if the gateway does not lie. */
  reset(): void {
    for (const entry of this.#entries.values())
      if (entry.endsNs !== Infinity || this.#liar.lies.forgetsAtReboot) this.#delete(entry);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("UPnP mappings", 1);
    const entries = this.entries;
    const count = visitor.u32(entries.length);
    if (visitor.restoring) this.#entries.clear();
    for (let index = 0; index < count; index++) {
      const entry = entries[index];
      const visited: Entry = {
        protocol: visitor.text(entry?.protocol ?? "") as Protocol,
        port: visitor.u16(entry?.port ?? 0),
        inside: { address: visitor.u32(entry?.inside.address ?? 0), port: visitor.u16(entry?.inside.port ?? 0) },
        isEnabled: visitor.bool(entry?.isEnabled ?? false),
        description: visitor.text(entry?.description ?? ""),
        endsNs: visitor.integer(entry?.endsNs ?? 0),
      };
      if (visitor.restoring) this.#entries.set(`${visited.protocol} ${visited.port}`, visited);
    }
  }
}

function protocolOf(values: Arguments): Protocol {
  const protocol = values.text("NewProtocol").trim().toLowerCase();
  if (protocol !== "tcp" && protocol !== "udp") throw new ActionError(402);
  return protocol;
}

function addressOf(text: string): number {
  if (!/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text.trim()) || text.split(".").some((part) => Number(part) > 255))
    throw new ActionError(402);
  return addressNumber(text.trim());
}

const nameResults = ({ port, protocol }: Entry): Results => ({
  NewRemoteHost: "",
  NewExternalPort: String(port),
  NewProtocol: protocol.toUpperCase(),
});

const leftSeconds = ({ endsNs }: Entry, nowNs: number): number =>
  endsNs === Infinity ? 0 : Math.ceil((endsNs - nowNs) / SECOND_NS);

const entryResults = (entry: Entry, nowNs: number): Results => ({
  NewInternalPort: String(entry.inside.port),
  NewInternalClient: addressText(entry.inside.address),
  NewEnabled: entry.isEnabled ? "1" : "0",
  NewPortMappingDescription: entry.description,
  NewLeaseDuration: String(leftSeconds(entry, nowNs)),
});

/** A document within a message (WANIPConnection:2, 2.3.25). */
const listing = (entries: readonly Entry[], nowNs: number): string =>
  xmlElement(
    'p:PortMappingList xmlns:p="urn:schemas-upnp-org:gw:WANIPConnection"',
    ...entries.map((entry) => {
      const { NewPortMappingDescription, NewLeaseDuration, ...rest } = {
        ...nameResults(entry),
        ...entryResults(entry, nowNs),
      };
      const all = { ...rest, NewDescription: NewPortMappingDescription!, NewLeaseTime: NewLeaseDuration! };
      const fields = Object.entries(all).map(([name, value]) => xmlElement(`p:${name}`, escapeXml(value)));
      return xmlElement("p:PortMappingEntry", ...fields);
    }),
  );

export const addressText = (address: number): string => formatIpv4(addressBytes(address));
