/**
 * How members on the wire agree with a node on values (docs/protocols/cluster-values.md): regions, ballots, packets.
 */
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { founded, HIGH, idBytes, LOW, nowMs, report, type Scene, SELF } from "./agreement-scene.ts";
import { HEADER_BYTES, type Heard, regionDigest } from "./cluster-wire.ts";

export const [VALUES, PREPARE, OFFER, PROMISE, VOTED] = [11, 17, 18, 19, 20] as const;
export const DISKLESS = 1;
const VOTERS = 16;
export const TEXT_AT = 4 + VOTERS * 8;

/** Values, and who agrees on the next ones. */
export function regionOf(
  values: Readonly<Record<string, string>>,
  voters: readonly string[] = [LOW, SELF, HIGH],
): Uint8Array {
  const text = Object.entries(values)
    .map(([name, value]) => `${name}\0${value}\0`)
    .join("");
  const region = new Uint8Array(TEXT_AT + Math.ceil(text.length / 4) * 4);
  region[0] = voters.length;
  voters.forEach((id, index) => region.set(idBytes(id), 4 + index * 8));
  region.set(new TextEncoder().encode(text), TEXT_AT);
  return region;
}

/** A ballot: its count, and who made it; null: none. */
export type Ballot = readonly [count: number, id: string] | null;

export function ballotBytes(ballot: Ballot): Uint8Array {
  const bytes = new Uint8Array(12);
  if (ballot === null) return bytes;
  new DataView(bytes.buffer).setUint32(0, ballot[0], true);
  bytes.set(idBytes(ballot[1]), 4);
  return bytes;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export const numberBytes = (number: number): Uint8Array => Uint8Array.of(number, 0, 0, 0);
export const NOTHING = new Uint8Array(12);

export class Values {
  readonly s: Scene;
  constructor(s: Scene) {
    this.s = s;
  }

  /** The members live, and know these values. */
  live(number = 0, region: Uint8Array | null = null, ids: readonly string[] = [LOW, HIGH]): void {
    const values = { number, digest: region === null ? 0 : regionDigest(region) };
    for (const id of ids) this.s.wire.say({ ...report(id, 1, SELF), flags: DISKLESS, values });
  }

  say(id: string, kind: number, rest: Uint8Array, values?: { number: number; digest: number }): void {
    this.s.wire.say({ ...report(id, 1, SELF), kind, flags: DISKLESS, rest, ...(values ? { values } : {}) });
  }

  prepare(id: string, number: number, ballot: Ballot): void {
    this.say(id, PREPARE, joined(numberBytes(number), ballotBytes(ballot)));
  }

  offer(id: string, number: number, ballot: Ballot, region: Uint8Array): void {
    this.say(id, OFFER, joined(numberBytes(number), ballotBytes(ballot), NOTHING, region));
  }

  promise(
    id: string,
    number: number,
    ballot: Ballot,
    vote: Ballot = null,
    region: Uint8Array = new Uint8Array(0),
  ): void {
    this.say(id, PROMISE, joined(numberBytes(number), ballotBytes(ballot), ballotBytes(vote), region));
  }

  voted(id: string, number: number, ballot: Ballot): void {
    this.say(id, VOTED, joined(numberBytes(number), ballotBytes(ballot)));
  }

  tell(id: string, number: number, region: Uint8Array, digest = regionDigest(region)): void {
    this.say(id, VALUES, region, { number, digest });
  }

  /** What the node says of these kinds while something is done, and shortly after. */
  async answers(act: () => void, kinds: readonly number[], ms = 60): Promise<Heard[]> {
    const fromMs = nowMs(this.s);
    act();
    await this.s.lab.advance(ms * 1e6);
    return this.s.wire.heard.filter(({ kind, atMs }) => kinds.includes(kind) && atMs >= fromMs);
  }

  async get(name: string): Promise<string> {
    return (await outputAmong(this.s.node, `cloud get ${name}`)).trim();
  }
}

/** What a packet says behind its header. */
export const rest = ({ data }: Heard): Uint8Array => data.subarray(HEADER_BYTES);

/** The node coordinates two members. */
export async function withTwo(): Promise<Values> {
  const values = new Values(await founded());
  await values.s.node.waitFor(PROMPT);
  values.live();
  await values.s.lab.advance("100ms");
  values.live();
  return values;
}
