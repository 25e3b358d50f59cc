/**
 * A querier and other hosts beside a node, for the cases of IGMP: queries of each version, and what the node reports.
 */
import { internetChecksum } from "../../emulator/ether/internet-checksum.ts";
import { ETHERTYPE_IPV4, formatMac, get16, parseIpv4, put16, sameBytes } from "../../emulator/ether/packet.ts";
import type { LabCluster } from "../../src/index.ts";
import { PROMPT } from "../system/images.ts";
import { type Frame, type Ip, ip, join, PacketScene } from "./packet-wire.ts";

const IGMP = 2;
export const ALL_HOSTS = "224.0.0.1";
/** Router Alert (RFC 2113), as each message has it. */
const ROUTER_ALERT = [148, 4, 0, 0];
/** A report leaves that much after it is due: the node's clock has steps of 10 ms, and a frame takes its time. */
const TICKS_MS = 30;

const RECORDS: Readonly<Record<number, string>> = {
  1: "is-include",
  2: "is-exclude",
  3: "to-include",
  4: "to-exclude",
};

/** What happens in a case, one after the other. */
export type Step =
  /** The peer sends it. */
  | { readonly send: Frame }
  /** It is typed on the node. */
  | { readonly type: string }
  /** So many milliseconds go by, whatever is reported. */
  | { readonly wait: number }
  /** These reports come, in any order, within so many milliseconds and no other after them for `quiet` of these. */
  | { readonly hears: readonly string[]; readonly within: number; readonly quiet?: number }
  /** This count of `netstat -a` has risen since the case began. */
  | { readonly counts: string };

export interface IgmpCase {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** A multicast address as a MAC address (RFC 1112 section 6.4). */
export function groupMac(group: string): Uint8Array {
  const [, b, c, d] = parseIpv4(group);
  return Uint8Array.of(1, 0, 0x5e, b! & 127, c!, d!);
}

/** A message with its checksum, to an address or a group. */
export const igmp = (message: Uint8Array, to?: string, packet: Partial<Ip> = {}): Frame => {
  const bytes = message.slice();
  if (bytes.length >= 4) put16(bytes, 2, internetChecksum(bytes, 0, bytes.length));
  const isGroup = to !== undefined && parseIpv4(to)[0]! >= 224;
  return ip({
    protocol: IGMP,
    payload: bytes,
    options: ROUTER_ALERT,
    ttl: 1,
    ...(to === undefined ? {} : { to }),
    ...(isGroup ? { mac: groupMac(to) } : {}),
    ...packet,
  });
};

export interface Query {
  /** 0.0.0.0, all groups, when absent. */
  readonly group?: string;
  /** Max Resp Code. */
  readonly code: number;
  readonly robustness?: number;
  readonly sources?: readonly string[];
  /** How many there are said to be. */
  readonly count?: number;
}

/** The bytes of a query of version 3 (RFC 3376 section 4.1). */
export function queryBytes({ group = "0.0.0.0", code, robustness = 2, sources = [], count }: Query): Uint8Array {
  const bytes = join(
    [0x11, code, 0, 0],
    parseIpv4(group),
    [8 | robustness, 125, 0, 0],
    ...sources.map((source) => parseIpv4(source)),
  );
  put16(bytes, 10, count ?? sources.length);
  return bytes;
}

/** A query of version 3: to all hosts, or to the group that it is about. */
export const query = (asked: Query, to = asked.group ?? ALL_HOSTS): Frame => igmp(queryBytes(asked), to);

/** A message of 8 bytes, as versions 1 and 2 have them. */
const olderBytes = (type: number, code: number, group = "0.0.0.0"): Uint8Array =>
  join([type, code, 0, 0], parseIpv4(group));
export const older = (type: number, code: number, group?: string, to = group ?? ALL_HOSTS): Frame =>
  igmp(olderBytes(type, code, group), to);

export const isIgmp = (frame: Uint8Array): boolean => get16(frame, 12) === ETHERTYPE_IPV4 && frame[23] === IGMP;

const address = (bytes: Uint8Array, at: number): string => bytes.slice(at, at + 4).join(".");

export const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text);

/** A frame of IGMP in a line: its records, sorted; and what is wrong with the packet, if something is. */
export function describeIgmp(frame: Uint8Array): string {
  const header = frame.subarray(14, 14 + (frame[14]! & 15) * 4);
  const message = frame.subarray(14 + header.length, 14 + get16(frame, 16));
  const to = address(header, 16);
  const wrong = [
    header[8] === 1 ? "" : ` TTL ${header[8]}`,
    header[1] === 0xc0 ? "" : ` service ${header[1]}`,
    sameBytes(header.subarray(20), Uint8Array.from(ROUTER_ALERT)) ? "" : " no Router Alert",
    internetChecksum(message, 0, message.length) === 0 ? "" : " wrong checksum",
    formatMac(frame.slice(0, 6)) === formatMac(groupMac(to)) ? "" : ` to MAC ${formatMac(frame.slice(0, 6))}`,
  ].join("");
  const type = message[0]!;
  if (type !== 0x22) {
    const name = { 0x12: "report of version 1", 0x16: "report", 0x17: "leave" }[type] ?? `type ${type}`;
    return `${name} ${address(message, 4)} > ${to}${message.length === 8 ? "" : ` ${message.length} bytes`}${wrong}`;
  }
  const records: string[] = [];
  let at = 8;
  for (let left = get16(message, 6); left > 0 && at + 8 <= message.length; left--) {
    const sources = get16(message, at + 2);
    const more = sources + message[at + 1]! === 0 ? "" : ` ${sources} sources, ${message[at + 1]} words more`;
    records.push(`${RECORDS[message[at]!] ?? message[at]} ${address(message, at + 4)}${more}`);
    at += 8 + sources * 4 + message[at + 1]! * 4;
  }
  return `${records.sort().join(", ")} > ${to}${at === message.length ? "" : ` ${message.length} bytes`}${wrong}`;
}

export class IgmpScene {
  readonly #scene: PacketScene;
  readonly #lab: LabCluster;
  /** What the node has said since it was last looked at. */
  readonly #heard: { readonly text: string; readonly atMs: number }[] = [];
  #started: Map<string, number>;

  constructor(lab: LabCluster) {
    this.#scene = new PacketScene(lab);
    this.#lab = lab;
    this.#started = this.#scene.counts.read();
    this.#scene.answer = (frame) => {
      if (isIgmp(frame) && sameBytes(frame.subarray(6, 12), this.#mac))
        this.#heard.push({ text: describeIgmp(frame), atMs: this.#nowMs });
      return [];
    };
  }

  get #mac(): Uint8Array {
    return this.#scene.facts.mac;
  }

  get #nowMs(): number {
    return this.#lab.nowNs / 1e6;
  }

  /** Runs a case and returns what was different from what it expects, one line each. */
  async run(one: IgmpCase): Promise<string[]> {
    await this.#scene.greet();
    this.#started = this.#scene.counts.read();
    this.#heard.length = 0;
    const faults: string[] = [];
    for (const [index, step] of one.steps.entries())
      for (const fault of await this.#step(step)) faults.push(`step ${index}: ${fault}`);
    return faults;
  }

  async #step(step: Step): Promise<string[]> {
    if ("send" in step) this.#scene.plug.send(step.send(this.#scene.facts));
    else if ("type" in step) await this.#scene.node.enter(step.type, PROMPT);
    else if ("wait" in step) {
      await this.#lab.advance(`${step.wait}ms`);
      this.#heard.length = 0;
    } else if ("counts" in step) {
      const [before, after] = [this.#started.get(step.counts), this.#scene.counts.read().get(step.counts)];
      if (before === undefined || after! <= before) return [`the count "${step.counts}" did not rise`];
    } else return await this.#hears(step);
    return [];
  }

  async #hears(step: { hears: readonly string[]; within: number; quiet?: number }): Promise<string[]> {
    const endMs = this.#nowMs + step.within + TICKS_MS;
    const isAll = (): boolean => this.#heard.length >= step.hears.length;
    while (this.#nowMs < endMs && !(isAll() && step.hears.length > 0)) await this.#lab.advance("1ms");
    if (step.quiet) await this.#lab.advance(`${step.quiet}ms`);
    const heard = this.#heard.splice(0).map(({ text }) => text);
    const [found, wanted] = [heard.sort(), [...step.hears].sort()];
    return JSON.stringify(found) === JSON.stringify(wanted)
      ? []
      : [`${found.join("; ") || "nothing"}, not ${wanted.join("; ") || "nothing"}`];
  }
}
