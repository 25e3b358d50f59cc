/** Clones of a running machine on its Ethernet: what they send, in whose name, and what is the same in two of them. */
import type { LabCluster, LabNode } from "../../src/index.ts";
import { HEAD_BYTES, SENDER } from "../../src/wire/cluster-layout.ts";

const IP_AT = 14;
const PAYLOAD_AT = IP_AT + 20;
const UDP_PAYLOAD_AT = PAYLOAD_AT + 8;
const DHCP_CLIENT = 68;
const DHCP_XID_AT = UDP_PAYLOAD_AT + 4;
const DHCP_OPTIONS_AT = UDP_PAYLOAD_AT + 240;
const DHCP_WANTED_ADDRESS = 50;
const CLOUD_LINE = /^cloud: \S+ (\d+\.\d+\.\d+\.\d+) era \d+ age \d+ peers (\d+)\s*$/gm;
const SYN = 0x02;
const SYN_ACK = 0x12;

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export interface Sent {
  readonly by: number;
  readonly frame: Uint8Array;
}

export interface Self {
  readonly id: string;
  readonly hostname: string;
}

const isIp = (frame: Uint8Array): boolean => frame[12] === 8 && frame[13] === 0;
const isArp = (frame: Uint8Array): boolean => frame[12] === 8 && frame[13] === 6;
const protocolOf = (frame: Uint8Array): number => (isIp(frame) ? frame[IP_AT + 9]! : 0);
const sourcePortOf = (frame: Uint8Array): number => (frame[PAYLOAD_AT]! << 8) | frame[PAYLOAD_AT + 1]!;
export const isTcp = (frame: Uint8Array): boolean => protocolOf(frame) === 6;
const isDhcp = (frame: Uint8Array): boolean => protocolOf(frame) === 17 && sourcePortOf(frame) === DHCP_CLIENT;
const isSyn = (frame: Uint8Array): boolean => isTcp(frame) && (frame[PAYLOAD_AT + 13]! & SYN_ACK) === SYN;

/** The address that a message of DHCP asks for; null: it names none. */
function wantedOf(frame: Uint8Array): string | null {
  for (let at = DHCP_OPTIONS_AT; at + 6 <= frame.length && frame[at] !== 0xff; at += 2 + frame[at + 1]!)
    if (frame[at] === DHCP_WANTED_ADDRESS) return hex(frame.subarray(at + 2, at + 6));
  return null;
}

/** In whose name a frame speaks: MAC and IP addresses, and node ids, that it calls its sender's. */
export function namesIn(frame: Uint8Array): string[] {
  const names = [hex(frame.subarray(6, 12))];
  if (isArp(frame)) names.push(hex(frame.subarray(22, 28)), hex(frame.subarray(28, 32)));
  if (isIp(frame)) names.push(hex(frame.subarray(IP_AT + 12, IP_AT + 16)));
  if (isDhcp(frame)) names.push(hex(frame.subarray(UDP_PAYLOAD_AT + 28, UDP_PAYLOAD_AT + 34)), wantedOf(frame) ?? "");
  const cloud = frame.subarray(UDP_PAYLOAD_AT);
  if (cloud.length >= HEAD_BYTES && Buffer.from(cloud.subarray(0, 4)).toString() === "QRCL")
    names.push(hex(cloud.subarray(SENDER, SENDER + 8)));
  return names;
}

/** Values that two have. */
const doubled = (what: string, values: readonly string[]): string[] =>
  new Set(values).size === values.length ? [] : [`two have the same ${what}: ${values.join(", ")}`];

export class CloneScene {
  readonly #addressOf: (symbol: string) => number;
  readonly lab: LabCluster;
  readonly sent: Sent[] = [];
  /** Who each was when it sent its first frame since the watching began. */
  readonly firstSelf = new Map<number, Self>();

  /** `lab`: the machine that is cloned, another one, and those that are off and will be its clones. */
  constructor(lab: LabCluster, addressOf: (symbol: string) => number) {
    this.lab = lab;
    this.#addressOf = addressOf;
  }

  get origin(): LabNode {
    return this.lab.nodes[0]!;
  }

  get client(): LabNode {
    return this.lab.nodes[1]!;
  }

  get clones(): readonly LabNode[] {
    return this.lab.nodes.slice(2);
  }

  bytesAt(node: LabNode, symbol: string, bytes: number, at = 0): string {
    return hex(node.readMemory(this.#addressOf(symbol) + at, bytes));
  }

  selfOf(node: LabNode): Self {
    const name = Buffer.from(this.bytesAt(node, "hostname", 16), "hex").toString();
    return { id: this.bytesAt(node, "node", 8, 8), hostname: name.slice(0, name.indexOf("\0")) };
  }

  /** Its address and how many others it sees, as it said last. */
  saidBy({ console }: LabNode): { address: string; peers: number } | null {
    const [, address, peers] = [...console.text.matchAll(CLOUD_LINE)].at(-1) ?? [];
    return address === undefined ? null : { address, peers: Number(peers) };
  }

  /** All at once; from now on it is watched what machines send. */
  cloneAll(): void {
    const { lab } = this;
    const indexOf = new Map(lab.nodes.map(({ name }, index) => [name, index]));
    lab.cluster.network.onFrame = (link, sender, _sentNs, _arrivalNs, frame) => {
      const by = indexOf.get(link.name);
      if (sender !== 0 || by === undefined) return;
      if (!this.firstSelf.has(by)) this.firstSelf.set(by, this.selfOf(lab.nodes[by]!));
      this.sent.push({ by, frame });
    };
    this.clones.forEach((clone, index) => void this.origin.cloneInto(clone, index + 1));
  }

  /** Until all are members, and have each called somebody. */
  async settle(): Promise<void> {
    const { lab, clones } = this;
    const all = clones.length + 1;
    await lab.until(() => clones.every((clone) => this.saidBy(clone)?.peers === all), "a clone is no member", {
      within: "60s",
    });
    for (const clone of clones) clone.type(`nc ${this.saidBy(this.client)!.address} 4999\n`);
    await lab.until(() => clones.every(({ index }) => this.#first(index, isSyn)), "a clone has called nobody");
  }

  #first(by: number, isOne: (frame: Uint8Array) => boolean): Uint8Array | null {
    return this.sent.find((one) => one.by === by && isOne(one.frame))?.frame ?? null;
  }

  /** What is wrong with them, in sentences. `old`: the origin's MAC address, address and id when it was cloned. */
  problems(old: readonly string[]): string[] {
    const { clones, origin, sent, firstSelf } = this;
    const all = [origin, ...clones];
    const of = (read: (frame: Uint8Array) => string, isOne: (frame: Uint8Array) => boolean): string[] =>
      clones.map(({ index }) => read(this.#first(index, isOne)!));
    const first = clones.map(({ index }) => firstSelf.get(index)!);
    return [
      ...sent.flatMap(({ by, frame }) =>
        by < 2 || !namesIn(frame).some((name) => old.includes(name))
          ? []
          : [`${by} sent in the old name: ${hex(frame)}`],
      ),
      ...doubled("id", [this.selfOf(origin).id, ...first.map(({ id }) => id)]),
      ...doubled("host name", [this.selfOf(origin).hostname, ...first.map(({ hostname }) => hostname)]),
      ...doubled(
        "address",
        all.map((node) => this.saidBy(node)!.address),
      ),
      ...doubled(
        "DHCP xid",
        of((frame) => hex(frame.subarray(DHCP_XID_AT, DHCP_XID_AT + 4)), isDhcp),
      ),
      ...doubled(
        "initial sequence number",
        of((frame) => hex(frame.subarray(PAYLOAD_AT + 4, PAYLOAD_AT + 8)), isSyn),
      ),
      ...doubled(
        "port",
        of((frame) => `${sourcePortOf(frame)}`, isSyn),
      ),
      ...doubled(
        "session",
        all.map((node) => this.bytesAt(node, "trust_session", 8)),
      ),
      ...doubled(
        "key of TCP's secrets",
        clones.map((node) => this.bytesAt(node, "secret_key", 8)),
      ),
      ...doubled(
        "state of the generator",
        all.map((node) => this.bytesAt(node, "generator_state", 32)),
      ),
    ];
  }
}
