/**
 * Packets that must change nothing, thousands a case: those of members with changed bytes, those of the right form with
 * another key, and those with the cluster's key whose numbers were heard long ago. They come to a cluster that has done
 * what clusters do: a value was set, a member died and came back, an address was moved. Each machine must count every
 * one of them as refused, and be afterwards what it is without them: its view, era, values, addresses and heap.
 *
 * What a member itself might say, changed and signed with the right key and the next number, may change a cluster: of
 * that, every machine must live on, with a heap that agrees with itself.
 */
import { createHmac } from "node:crypto";
import { Random } from "../../emulator/state/random.ts";
import { little32 } from "../../src/bytes/little-endian.ts";
import { factsOf } from "../../src/chaos/qure/facts.ts";
import { clusterMissing } from "../../src/chaos/qure/invariants.ts";
import type { KernelLayout } from "../../src/chaos/qure/kernel-layout.ts";
import { holdersOf } from "../../src/chaos/qure/service-addresses.ts";
import { Stranger } from "../../src/chaos/qure/stranger.ts";
import { untilAgreed } from "../../src/chaos/qure/subject.ts";
import { agreedValues } from "../../src/chaos/qure/values.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { World } from "../../src/chaos/world.ts";
import { perform } from "../../src/lab/actions.ts";
import { clusterPacketOf } from "../../src/wire/cluster.ts";
import {
  ADDRESS,
  CODE,
  CODE_BYTES,
  ERA,
  HEAD_BYTES,
  ID_BYTES,
  KIND,
  PIECE_BYTES,
  PUSH,
  PUSHED,
  SENDER,
  SEQUENCE,
  SESSION,
  UPGRADE,
  WITNESS,
} from "../../src/wire/cluster-layout.ts";
import { packetHex } from "../../src/wire/hex.ts";
import { changedBytes } from "../guest/net/fuzz-frames.ts";

const US = 1000;
const MS = 1e6;
const ADDRESS_BYTES = 4;
const [LAST_KIND, HIGHEST_ERA] = [PUSHED, 0x7ffffffe];
const MOST_BYTES = 1472;
/** A revision that nobody has. */
const UPGRADED_TO = 1_000_000_000;
/** Numbers so far below the highest count as heard. */
const OLD = 40;
/** A machine takes up to 700 us to see that a packet is forged, less for a short one. They go to machines by turns. */
const [PAUSE_US, SHORT_PAUSE_US, SPREAD_US] = [200, 60, 100];
/** What comes of them would come within this. */
const AFTER_NS = 1500 * MS;
/** Where a packet that is not believed is counted. */
const REFUSED = ["forged", "other", "replayed", "unproven", "malformed", "foreign", "own"];
const TROUBLE = /^.*(?:PANIC|FATAL|page fault|vector \d+).*$/m;
const WELL_WITHIN = { within: "60s" } as const;

/** A packet that somebody said. */
interface Said {
  readonly packet: Uint8Array;
  readonly sender: number;
}

type Draw = (ground: {
  readonly random: Random;
  /** What others have said than the machine that it is for: from its own address it takes nothing. */
  readonly heard: readonly Said[];
  /** Of these, what the machine has heard higher numbers of. */
  readonly old: readonly Said[];
  readonly sign: (packet: Uint8Array) => Uint8Array;
  /** A number of the packet's session that nobody has heard. */
  readonly nextNumber: (packet: Uint8Array) => number;
}) => Said;

function putWord(packet: Uint8Array, at: number, value: number): void {
  new DataView(packet.buffer, packet.byteOffset).setUint32(at, value, true);
}

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

/** A packet whose header still says who speaks, and else is changed in one to four places. */
function changedInside(random: Random, packet: Uint8Array): Uint8Array {
  const identity = packet.slice(SESSION, ADDRESS + ADDRESS_BYTES);
  let made: Uint8Array = packet;
  for (let changes = 1 + random.below(4); changes > 0; changes--)
    made = changedBytes(random, made, random.chance(50) ? HEAD_BYTES : KIND).slice(0, MOST_BYTES);
  if (made.length >= SESSION + identity.length) made.set(identity, SESSION);
  return made;
}

/** The upgrade's and pushes' kinds, of which a quiet cluster says few, and how long they are. */
const RARE: readonly (readonly [kind: number, bytes: (random: Random) => number])[] = [
  [UPGRADE, () => 176],
  [WITNESS, () => 160],
  [PUSH, (random) => 204 + (random.chance(50) ? 0 : 4 * random.below(PIECE_BYTES / 4 + 2))],
  [PUSHED, (random) => 240 + 40 * random.below(18)],
];

/** The packet, or one of a rare kind with its header: words that are small, as those of such packets, or anything. */
function dressed(random: Random, said: Said): Said {
  if (random.chance(60)) return said;
  const [kind, bytes] = random.pick(RARE);
  const packet = new Uint8Array(bytes(random));
  packet.set(said.packet.subarray(0, HEAD_BYTES));
  packet[KIND] = kind;
  for (let at = HEAD_BYTES; at + 4 <= packet.length; at += 4)
    putWord(packet, at, random.chance(60) ? random.below(6) : random.below(2 ** 31) * 2);
  if (kind === PUSH && random.chance(80)) packet.set(Buffer.from("http\0\0\0\0\0\0\0\0"), 172);
  return { packet, sender: said.sender };
}

/** What a member says of an upgrade that is under way, or of a node on trial: nearly as it might be. */
function aboutUpgrade(random: Random, said: Said, other: Said): Said {
  const isWitness = random.chance(40);
  const packet = new Uint8Array(isWitness ? 160 : 176);
  packet.set(said.packet.subarray(0, HEAD_BYTES));
  packet[KIND] = isWitness ? WITNESS : UPGRADE;
  const epoch = random.below(5);
  if (isWitness) {
    packet.set(other.packet.subarray(SENDER, SENDER + ID_BYTES), HEAD_BYTES);
    packet.set(other.packet.subarray(SESSION, SESSION + ID_BYTES), HEAD_BYTES + ID_BYTES);
    for (const [index, value] of [epoch, random.below(5), random.below(3000)].entries())
      putWord(packet, HEAD_BYTES + 16 + 4 * index, value);
  } else {
    putWord(packet, HEAD_BYTES, epoch);
    packet.set([random.below(7), random.below(12), random.pick([0, 1, 255]), random.below(4)], HEAD_BYTES + 4);
    for (let at = HEAD_BYTES + 8; at < packet.length; at += 4)
      putWord(packet, at, random.pick([0, 1, 1000, UPGRADED_TO, random.below(2 ** 31) * 2]));
  }
  if (random.chance(10)) putWord(packet, ERA, random.pick([1, 2, 3, HIGHEST_ERA]));
  if (random.chance(20)) packet[HEAD_BYTES + random.below(packet.length - HEAD_BYTES)]! ^= 1 << random.below(8);
  return { packet, sender: said.sender };
}

const DRAWS: Readonly<Record<string, Draw>> = {
  mutated({ random, heard }) {
    for (;;) {
      const { packet, sender } = dressed(random, random.pick(heard));
      const made = changedBytes(random, packet.slice(), random.below(packet.length)).slice(0, MOST_BYTES);
      if (!sameBytes(made, packet)) return { packet: made, sender };
    }
  },
  "with another key"({ random, heard, nextNumber }) {
    const { packet, sender } = dressed(random, random.pick(heard));
    const made = packet.slice();
    putWord(made, SEQUENCE, nextNumber(packet));
    if (random.chance(30)) putWord(made, ERA, random.pick([1, 2, 3, HIGHEST_ERA]));
    if (random.chance(30)) made[KIND] = 1 + random.below(LAST_KIND);
    made.fill(0, CODE, CODE + CODE_BYTES);
    const code = createHmac("sha256", Buffer.of(random.below(256)))
      .update(made)
      .digest();
    made.set(code.subarray(0, CODE_BYTES), CODE);
    return { packet: made, sender };
  },
  "with old numbers"({ random, old, sign }) {
    const { packet, sender } = dressed(random, random.pick(old));
    if (random.chance(50)) return { packet, sender };
    const made = packet.slice();
    if (random.chance(50)) putWord(made, ERA, random.pick([1, 2, 3, HIGHEST_ERA]));
    // Of its kind's size, else it is refused before its number is looked at.
    if (made.length > HEAD_BYTES) made[HEAD_BYTES + random.below(made.length - HEAD_BYTES)]! ^= 1 << random.below(8);
    return { packet: sign(made), sender };
  },
  "of a member"({ random, heard, sign, nextNumber }) {
    const { packet, sender } = dressed(random, random.pick(heard));
    const made = changedInside(random, packet.slice());
    if (made.length < HEAD_BYTES) return { packet: made, sender };
    putWord(made, SEQUENCE, nextNumber(packet));
    return { packet: sign(made), sender };
  },
  "of an upgrade"({ random, heard, sign, nextNumber }) {
    const { packet, sender } = aboutUpgrade(random, random.pick(heard), random.pick(heard));
    putWord(packet, SEQUENCE, nextNumber(packet));
    return { packet: sign(packet), sender };
  },
};

/** What is said. */
export const PACKET_KINDS = Object.keys(DRAWS);
/** All are short, and said while an upgrade is under way. */
const UPGRADES = "of an upgrade";
/** Of these may come what a member may do. */
const MAY_CHANGE: ReadonlySet<string | null> = new Set(["of a member", UPGRADES]);

const sessionOf = (packet: Uint8Array): string => packetHex(packet, SESSION, ID_BYTES);

/** By session: the highest number of its packets. */
function highestNumbers(packets: readonly Uint8Array[]): ReadonlyMap<string, number> {
  const highest = new Map<string, number>();
  for (const packet of packets) {
    const session = sessionOf(packet);
    highest.set(session, Math.max(highest.get(session) ?? 0, little32(packet, SEQUENCE)));
  }
  return highest;
}

interface Judged {
  /** What each machine has received so far. */
  readonly received: readonly number[];
  /** What each machine has refused so far. */
  readonly refused: readonly number[];
  /** And dropped as views that say nothing new. */
  readonly spared: readonly number[];
  /** What must be the same without the packets. */
  readonly picture: string;
}

function machinesOf({ machines }: Stage): number[] {
  return Array.from({ length: machines }, (_, index) => index);
}

export class PacketScene {
  readonly #stage: Stage;
  readonly #layout: KernelLayout;
  /** By machine: what the others have said, and what is old for it of that. */
  readonly #heard: readonly (readonly Said[])[];
  readonly #old: readonly (readonly Said[])[];
  /** By session: its highest number. */
  readonly #highest: ReadonlyMap<string, number>;
  /** By how many packets there would be: what the machines are without them. */
  readonly #quiet = new Map<number, Judged>();

  /**
   * `arrived`: by machine, what came to it. A number is old for who has heard higher ones: others may have missed them.
   */
  private constructor(stage: Stage, layout: KernelLayout, heard: readonly Said[], arrived: readonly Uint8Array[][]) {
    this.#stage = stage.fromNow();
    this.#layout = layout;
    this.#heard = arrived.map((_, index) => heard.filter(({ sender }) => sender !== index));
    this.#highest = highestNumbers(heard.map(({ packet }) => packet));
    this.#old = arrived.map((packets, index) => {
      const highest = highestNumbers(packets);
      return this.#heard[index]!.filter(
        ({ packet }) => little32(packet, SEQUENCE) + OLD <= (highest.get(sessionOf(packet)) ?? 0),
      );
    });
  }

  /** Lets the stage's cluster live for a while, and hears it. */
  static async of(stage: Stage, layout: KernelLayout): Promise<PacketScene> {
    const { lab } = stage;
    stage.rewind();
    const world = new World(lab);
    const machines = machinesOf(stage);
    const heard: Said[] = [];
    const arrived = machines.map((): Uint8Array[] => []);
    lab.cluster.network.onFrame = (link, end, _sentNs, arrivalNs, bytes) => {
      const packet = clusterPacketOf(bytes)?.slice();
      const index = lab.nodes.findIndex(({ name }) => name === link.name);
      if (!packet || index < 0 || arrivalNs === null) return;
      if (end === 0) heard.push({ packet, sender: index });
      else arrived[index]?.push(packet);
    };
    const last = machines.at(-1)!;
    const happens = async (word: "cut" | "power" | "type", node: number, ...values: string[]): Promise<void> => {
      perform(lab, { word, node, values });
      await lab.advance("3s");
    };
    // Nobody has it: each looks for it in vain, and says so.
    await happens("type", 0, `cloud upgrade ${UPGRADED_TO}\r`);
    await happens("type", 1, "cloud set heard once\r");
    await happens("cut", last);
    await happens("power", last);
    world.core = world.living;
    await untilAgreed(lab, world, layout);
    await happens("type", 0, "cloud upgrade abort\r");
    await happens("type", 0, "cloud set heard twice\r");
    await happens("type", 0, "cloud address move 10.0.2.9\r");
    await lab.advance("27s");
    lab.cluster.network.onFrame = null;
    return new PacketScene(stage, layout, heard, arrived);
  }

  /** The kinds of packets that were heard. */
  get kinds(): ReadonlySet<number> {
    return new Set(this.#heard.flatMap((said) => said.map(({ packet }) => packet[KIND]!)));
  }

  get #machines(): number[] {
    return machinesOf(this.#stage);
  }

  #rewind(): World {
    this.#stage.rewind();
    const world = new World(this.#stage.lab);
    world.core = this.#machines;
    return world;
  }

  #judged(world: World): Judged {
    const layout = this.#layout;
    const facts = factsOf(world, layout);
    const wordOf = (index: number, name: string): number => world.nodes[index]!.memory.word(layout.address(name)) ?? 0;
    const pictures = this.#machines.map((index) => {
      const peers = [...(facts.peers(index) ?? [])];
      const values = agreedValues(world, layout, index);
      return JSON.stringify({ ...facts.of(index), peers, values, blocks: wordOf(index, "heap_used_blocks") });
    });
    const countOf = (index: number, name: string): number => wordOf(index, `count_cloud_${name}`);
    return {
      received: this.#machines.map((index) => countOf(index, "received")),
      refused: this.#machines.map((index) => REFUSED.reduce((sum, name) => sum + countOf(index, name), 0)),
      spared: this.#machines.map((index) => countOf(index, "spared")),
      picture: [...pictures, ...[...holdersOf(world, layout)].map((holders) => holders.join())].join("\n"),
    };
  }

  /** Lets the time of so many packets pass, of a kind or, for null, of none. */
  #play(world: World, kind: string | null, seed: number, packets: number): void {
    const { lab } = this.#stage;
    const { macAddresses } = lab.cluster;
    const stranger = new Stranger(world);
    const random = new Random(seed, kind ?? "");
    const pauses = new Random(packets, "pauses");
    const facts = factsOf(world, this.#layout);
    const addresses = this.#machines.map((index) => {
      const bytes = new Uint8Array(ADDRESS_BYTES);
      putWord(bytes, 0, facts.of(index).address);
      return bytes;
    });
    const pauseUs = kind === UPGRADES ? SHORT_PAUSE_US : PAUSE_US;
    if (kind === UPGRADES) lab.nodes[0]!.type(`cloud upgrade ${UPGRADED_TO}\n`);
    for (let sent = 0; sent < packets; sent++) {
      const to = sent % addresses.length;
      if (kind !== null) {
        const { packet, sender } = DRAWS[kind]!({
          random,
          heard: this.#heard[to]!,
          old: this.#old[to]!,
          sign: (made) => stranger.sign(made),
          nextNumber: (made) => this.#highest.get(sessionOf(made))! + 1 + sent,
        });
        stranger.say(packet, addresses[sender]!, { mac: macAddresses[to]!, address: addresses[to]! });
      }
      lab.cluster.runUntil(lab.nowNs + (pauseUs + pauses.below(SPREAD_US)) * US);
    }
    lab.cluster.runUntil(lab.nowNs + AFTER_NS);
  }

  #withoutPackets(packets: number): Judged {
    const known = this.#quiet.get(packets);
    if (known) return known;
    const world = this.#rewind();
    this.#play(world, null, 0, packets);
    const judged = this.#judged(world);
    this.#quiet.set(packets, judged);
    return judged;
  }

  /** What is wrong after so many packets of a kind, as a sentence; null when nothing is. */
  async problem(kind: string, seed: number, packets: number): Promise<string | null> {
    const { lab } = this.#stage;
    const quiet = MAY_CHANGE.has(kind) ? null : this.#withoutPackets(packets);
    const world = this.#rewind();
    const before = this.#judged(world);
    const saidBytes = lab.nodes.map(({ console }) => console.text.length);
    this.#play(world, kind, seed, packets);
    for (const [index, { name, console, exitStatus }] of lab.nodes.entries()) {
      const trouble = TROUBLE.exec(console.text.slice(saidBytes[index]))?.[0];
      if (exitStatus !== null || trouble) return `${name}: ${trouble ?? `ended with status ${exitStatus}`}`;
    }
    const pushed = this.#layout.address("pushed_state") + this.#layout.constant("PUSHED_COUNT");
    const installed = this.#machines.filter((index) => world.nodes[index]!.memory.word(pushed) !== 0);
    if (installed.length > 0) return `a module is pushed at ${installed.length} machines`;
    const meantFor = (index: number): number => Math.ceil((packets - index) / this.#machines.length);
    if (!quiet) {
      const { received } = this.#judged(world);
      for (const index of this.#machines) {
        const came = received[index]! - before.received[index]!;
        if (came < meantFor(index))
          return `${lab.nodes[index]!.name} was sent ${meantFor(index)} packets: ${came} came`;
        lab.nodes[index]!.type("\nmem check\n");
        await lab.nodes[index]!.waitFor(/all headers agree/, WELL_WITHIN);
      }
      return null;
    }
    const { refused, spared, picture } = this.#judged(world);
    if (picture !== quiet.picture) return `without the packets:\n${quiet.picture}\nwith them:\n${picture}`;
    for (const index of this.#machines) {
      const meant = meantFor(index);
      const counted = refused[index]! - before.refused[index]!;
      // Views that say nothing new are dropped whoever sends them, members' own among them.
      const most = counted + spared[index]! - before.spared[index]!;
      if (meant < counted || meant > most) {
        return `${lab.nodes[index]!.name} was sent ${meant} packets, and refused ${counted} to ${most}`;
      }
    }
    return clusterMissing(world, this.#layout);
  }
}
