/**
 * What a stranger says must change nothing: recordings, forgeries, and packets with the right key that are not right.
 */
import type { Random } from "../../../emulator/state/random.ts";
import { little32 } from "../../bytes/little-endian.ts";
import { clusterPacketOf } from "../../wire/cluster.ts";
import {
  ADDRESS,
  BYE,
  CODE,
  CODE_BYTES,
  ECHO,
  ECHO_BYTES,
  ECHO_NUMBER,
  ERA,
  FOUNDER,
  HEAD_BYTES,
  HOLD,
  ID_BYTES,
  JOIN,
  JOINING,
  KIND,
  MEMBER,
  PUSH,
  PUSHED,
  REPORT,
  SENDER,
  SEQUENCE,
  SESSION,
  STATE,
  UPGRADE,
  VIEW,
  WITNESS,
} from "../../wire/cluster-layout.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Drill, Trial } from "../drill.ts";
import type { WireFrame, World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { holdersOf } from "./service-addresses.ts";
import { type Addressee, STRANGER_ADDRESS, type Stranger } from "./stranger.ts";

const MS = 1e6;
/** Numbers so far below the highest count as heard (docs/protocols/cluster.md: more than 31). */
const OLD = 40;
const MOST_FRAMES = 4000;
/** So many packets further nobody gets while a drill lasts. */
const TO_COME = 10_000;
const SAID = 30;
/** What comes of it would come within this. */
const AFTER_NS = 1200 * MS;
/** Nobody has it: it is in no table. */
const INVENTED = Uint8Array.of(2, 0, 0, 0xff, 0xfe, 0, 0, 0x61);
const ERA_MAXIMUM = 0x7ffffffe;
/** A history is gathered for a while before it is written and told: so long nodes may differ. */
const GATHERED_NS = 700 * MS;

interface Recorded {
  readonly sentNs: number;
  readonly packet: Uint8Array;
  readonly frame: Uint8Array;
  readonly cable: number;
}

/** What the members of a run have said. */
export class Recorder {
  readonly #world: World;
  readonly #ids: readonly string[];
  #heard: Recorded[] = [];
  /** By session: its highest number. */
  readonly #highest = new Map<string, number>();
  /** By machine and session: the highest number that has surely come to the machine, which may have missed the rest. */
  readonly #arrived = new Map<string, number>();
  /** By machine: its session now. */
  readonly #sessions = new Map<number, string>();

  constructor(world: World, ids: readonly string[]) {
    this.#world = world;
    this.#ids = ids;
  }

  frame({ cable, toSwitch, sentNs, bytes }: WireFrame): void {
    const packet = clusterPacketOf(bytes);
    if (!packet) return;
    const session = packetHex(packet, SESSION, ID_BYTES);
    const number = little32(packet, SEQUENCE);
    if (!toSwitch) {
      if (!this.#hears(cable, bytes)) return;
      const key = `${cable} ${session}`;
      this.#arrived.set(key, Math.max(this.#arrived.get(key) ?? 0, number));
    } else if (packetHex(packet, SENDER, ID_BYTES) === this.#ids[cable]) {
      this.#highest.set(session, Math.max(this.#highest.get(session) ?? 0, number));
      this.#sessions.set(cable, session);
      this.#heard.push({ sentNs, packet, frame: bytes, cable });
      if (this.#heard.length > 2 * MOST_FRAMES) this.#heard = this.#heard.slice(MOST_FRAMES);
    }
  }

  /** Whether a frame surely comes to a machine: its plug may be out, and bits of what is sent to it change. */
  #hears(cable: number, frame: Uint8Array): boolean {
    const world = this.#world;
    const isMachine = world.nodes[cable] !== undefined;
    return isMachine && world.isOn(cable) && world.hearsForNs(cable) > 0 && world.takes(cable, frame);
  }

  /** What is too old to be believed by any of these machines. One that missed all since then may take it for late. */
  old(listeners: readonly number[]): readonly Recorded[] {
    return this.#heard.filter(({ packet, cable }) => {
      const session = this.#sessions.get(cable)!;
      const least = packetHex(packet, SESSION, ID_BYTES) === session ? little32(packet, SEQUENCE) + OLD : 1;
      if (this.#highest.get(session)! < least) return false;
      return listeners.every((index) => index === cable || (this.#arrived.get(`${index} ${session}`) ?? 0) >= least);
    });
  }

  /** What a machine has said to all in its session, so many of such packets ago but after a time, as a frame. */
  late(cable: number, back: number, afterNs: number): Uint8Array | undefined {
    const session = this.#sessions.get(cable);
    return this.#heard
      .filter((heard) => heard.cable === cable && heard.sentNs > afterNs && (heard.frame[0]! & 1) !== 0)
      .filter(({ packet }) => packetHex(packet, SESSION, ID_BYTES) === session)
      .filter(
        ({ packet }) => packet[KIND] !== JOIN && little32(packet, SEQUENCE) + 31 > (this.#highest.get(session!) ?? 0),
      )
      .at(-back)?.frame;
  }

  /** The last packet of a kind that a machine has said in its present session; of any kind when it said none. */
  last(cable: number, kind: number): Recorded | undefined {
    const own = this.#heard.filter(
      (heard) => heard.cable === cable && packetHex(heard.packet, SESSION, ID_BYTES) === this.#sessions.get(cable),
    );
    return own.findLast(({ packet }) => packet[KIND] === kind) ?? own.at(-1);
  }
}

interface Ground {
  readonly world: World;
  readonly layout: KernelLayout;
  readonly stranger: Stranger;
  readonly recorder: Recorder;
  readonly wellNot: () => string | null;
}

type Change = (packet: Uint8Array, target: Uint8Array, random: Random) => Uint8Array;

/** How a forged packet is made of one by a member: which is meant for `target`, the last packet of another member. */
interface Forgery {
  readonly what: string;
  readonly kinds: readonly number[];
  readonly change: Change;
  /** It has the code of whoever has the key, */
  readonly signed: boolean;
  /** but for one bit, in each byte in turn. */
  readonly spoilt?: boolean;
  /** It is said to the target alone, from the stranger's own address. */
  readonly alone?: boolean;
  /** What may count it when it is refused; absent where it is answered, and no more. */
  readonly counters?: readonly string[];
}

function word(packet: Uint8Array, at: number, value: number): void {
  new DataView(packet.buffer, packet.byteOffset).setUint32(at, value, true);
}

/** Has a packet answer another one. */
export function answer(packet: Uint8Array, target: Uint8Array): void {
  packet.set(target.subarray(SESSION, SESSION + ECHO_BYTES), ECHO);
  word(packet, ECHO_NUMBER, little32(target, SEQUENCE));
}

/** A report of a node that there is not. */
function invented(packet: Uint8Array, target: Uint8Array): Uint8Array {
  const made = packet.slice(0, HEAD_BYTES);
  made[KIND] = REPORT;
  made[STATE] = MEMBER;
  made.set(INVENTED, SENDER);
  made.set(INVENTED, SESSION);
  answer(made, target);
  made.set(STRANGER_ADDRESS, ADDRESS);
  return made;
}

const PUSH_BYTES = 204;
/** Of a push: what is asked for, how many bytes, for other kernels too, and of which name (docs/protocols/push.md). */
const [PUSH_WHAT, PUSH_SHA256, PUSH_NUMBER, PUSH_KEEP, PUSH_NAME] = [128, 132, 164, 168, 172];
const PUSH_BEGIN = 1;
/** Of a report on an upgrade: state, reason and slot, a byte each. */
const REPORT_STATE = 132;
const [UPGRADE_STATES, REASONS, SLOTS] = [6, 11, [0, 1, 255]] as const;
const WITNESS_BITS = 148;

function pushOf(made: Uint8Array, random: Random): void {
  made[KIND] = PUSH;
  word(made, PUSH_WHAT, PUSH_BEGIN);
  word(made, PUSH_SHA256, 1 + random.below(1000));
  word(made, PUSH_NUMBER, 1 + random.below(100_000));
  made.set(new TextEncoder().encode(random.pick(["http", "log", "network"])), PUSH_NAME);
}

/**
 * What is said of upgrades and pushes: how long it is, and what makes words of chance well formed. Only what is well
 * formed is refused for its code; what nodes do not take, as PUSHED, is malformed.
 */
const OF_KERNELS: readonly (readonly [
  kind: number,
  sizeBytes: number,
  form: (made: Uint8Array, random: Random) => void,
])[] = [
  [
    UPGRADE,
    176,
    (made, random) => made.set([random.below(UPGRADE_STATES), random.below(REASONS), random.pick(SLOTS)], REPORT_STATE),
  ],
  [WITNESS, 160, (made, random) => word(made, WITNESS_BITS, random.below(4))],
  [
    PUSH,
    PUSH_BYTES,
    (made, random) => {
      made[STATE] = JOINING;
      made.fill(0, FOUNDER, FOUNDER + ID_BYTES);
      made.fill(0, PUSH_NAME);
      word(made, PUSH_KEEP, random.below(2));
      pushOf(made, random);
    },
  ],
  [PUSHED, 240, () => {}],
];

const FORGERIES: readonly Forgery[] = [
  {
    what: "forged packets with another key",
    kinds: [VIEW, REPORT, BYE, HOLD],
    signed: false,
    counters: ["count_cloud_forged"],
    change: (packet, target, random) => {
      word(packet, SEQUENCE, little32(packet, SEQUENCE) + 1000 + random.below(1000));
      answer(packet, target);
      if (random.chance(50)) word(packet, ERA, ERA_MAXIMUM);
      if (random.chance(30)) packet[KIND] = BYE;
      packet[CODE + random.below(CODE_BYTES)]! ^= 1 + random.below(255);
      return packet[KIND] === BYE ? packet.slice(0, HEAD_BYTES) : packet;
    },
  },
  {
    what: "forged packets of upgrades and pushes",
    kinds: [REPORT],
    signed: false,
    counters: ["count_cloud_forged", "count_cloud_malformed"],
    change: (packet, target, random) => {
      const [kind, sizeBytes, form] = random.pick(OF_KERNELS);
      const made = new Uint8Array(sizeBytes);
      made.set(packet.subarray(0, HEAD_BYTES));
      for (let at = HEAD_BYTES; at < sizeBytes; at += 4) word(made, at, random.below(8));
      made[KIND] = kind;
      form(made, random);
      word(made, SEQUENCE, little32(packet, SEQUENCE) + 1000 + random.below(1000));
      answer(made, target);
      return made;
    },
  },
  {
    what: "a module of a stranger that did not ask first",
    kinds: [REPORT],
    signed: true,
    alone: true,
    change: (packet, target, random) => {
      const made = new Uint8Array(PUSH_BYTES);
      made.set(invented(packet, target));
      pushOf(made, random);
      // Of another session, or in what is still to be said.
      if (random.chance(50)) made[ECHO + random.below(ECHO_BYTES)]! ^= 1 + random.below(255);
      else word(made, ECHO_NUMBER, little32(target, SEQUENCE) + TO_COME);
      return made;
    },
  },
  {
    what: "packets whose code has one wrong bit",
    kinds: [REPORT, BYE],
    signed: true,
    spoilt: true,
    counters: ["count_cloud_forged"],
    change: (packet, target, random) => {
      const made = packet.slice(0, HEAD_BYTES);
      made[KIND] = random.pick([REPORT, BYE]);
      word(made, SEQUENCE, little32(packet, SEQUENCE) + 1000 + random.below(1000));
      answer(made, target);
      return made;
    },
  },
  {
    what: "packets of a stranger that names another session, or what is still to be said",
    kinds: [REPORT],
    signed: true,
    alone: true,
    change: (packet, target, random) => {
      const made = invented(packet, target);
      if (random.chance(50)) made[ECHO + random.below(ECHO_BYTES)]! ^= 1 + random.below(255);
      else word(made, ECHO_NUMBER, little32(target, SEQUENCE) + TO_COME);
      return made;
    },
  },
  {
    what: "packets of another boot that name what the target has long said",
    kinds: [REPORT],
    signed: true,
    change: (packet, target, random) => {
      const made = packet.slice(0, HEAD_BYTES);
      made[KIND] = REPORT;
      made[SESSION + 1 + random.below(7)]! ^= 1 + random.below(255);
      answer(made, target);
      word(made, ECHO_NUMBER, 1);
      return made;
    },
  },
  {
    what: "packets of a stranger from another address than they name",
    kinds: [REPORT],
    signed: true,
    counters: ["count_cloud_forged"],
    alone: true,
    change: (packet, target) => {
      const made = invented(packet, target);
      made[ADDRESS + 3]! ^= 1;
      return made;
    },
  },
  {
    what: "packets of a session that shows nothing",
    kinds: [REPORT],
    signed: true,
    change: (packet, _target, random) => {
      packet[SESSION + 1 + random.below(7)]! ^= 1 + random.below(255);
      packet.fill(0, ECHO, CODE);
      if (random.chance(50)) packet[KIND] = BYE;
      return packet.slice(0, HEAD_BYTES);
    },
  },
  {
    what: "packets longer than they are",
    kinds: [REPORT],
    signed: true,
    counters: ["count_cloud_malformed"],
    alone: true,
    change: (packet, target) => {
      const made = new Uint8Array(HEAD_BYTES + 4);
      made.set(invented(packet, target));
      return made;
    },
  },
  {
    what: "a twin with a higher session",
    kinds: [REPORT],
    signed: true,
    alone: true,
    change: (_packet, target) => {
      const made = target.slice(0, HEAD_BYTES);
      made[KIND] = REPORT;
      made.fill(0xff, SESSION, SESSION + ID_BYTES);
      answer(made, target);
      made.set(STRANGER_ADDRESS, ADDRESS);
      return made;
    },
  },
];

/** Drills in which a stranger says something, and the cluster stays as it is. */
export function deceits(ground: Ground): { readonly say: readonly Drill[] } {
  const { world, layout, stranger, recorder, wellNot } = ground;
  const facts = factsOf(world, layout);
  /** What may not change. */
  const picture = (): string =>
    world.core
      .map((index) => {
        const { era, age, founder, coordinates, others, isSilent } = facts.of(index);
        const wordOf = (at: number): number | null => world.nodes[index]!.memory.word(at);
        const pushed = [layout.address("push_state"), layout.address("pushed_state") + layout.constant("PUSHED_COUNT")];
        const kernels = pushed.map(wordOf);
        return [era, age, founder, coordinates, others, isSilent, facts.peers(index)?.size, ...kernels].join();
      })
      .join("; ") + [...holdersOf(world, layout).values()].join("; ");
  /** `speak`: whether anything was said. */
  const unchanged = (speak: () => boolean, counters?: readonly string[]): Trial => {
    const before = picture();
    const count = (index: number): number =>
      (counters ?? []).reduce((sum, name) => sum + (world.nodes[index]!.memory.word(layout.address(name)) ?? 0), 0);
    const counts = world.core.map(count);
    const endNs = world.nowNs + SAID * 10 * MS + AFTER_NS;
    let tried = 0;
    let isSaid = false;
    let wellNs = world.nowNs;
    return {
      lastsNs: SAID * 10 * MS + AFTER_NS,
      step: () => {
        if (tried++ < SAID && speak()) isSaid = true;
        return [];
      },
      wrong: () => {
        const problem = wellNot();
        if (problem === null) wellNs = world.nowNs;
        else if (world.nowNs - wellNs > GATHERED_NS) return problem;
        const now = picture();
        if (now !== before) return `the cluster was ${before}, and is ${now}`;
        if (!counters || !isSaid || world.nowNs < endNs) return null;
        return world.core.every((index, at) => count(index) === counts[at]) ? "nobody counts what was refused" : null;
      },
    };
  };
  const replay: Drill = {
    name: "recordings",
    rule: "what members have said changes nothing when a stranger says it again",
    begin: (random) => {
      const old = recorder.old(world.core);
      return old.length < SAID
        ? null
        : unchanged(() => {
            stranger.repeat(random.pick(old).frame);
            return true;
          });
    },
  };
  const forge = ({ what, kinds, change, signed, spoilt, alone, counters }: Forgery): Drill => ({
    name: what,
    rule: "they are refused, and counted",
    begin: (random) => {
      if (world.core.length < 2) return null;
      let place = random.below(CODE_BYTES);
      return unchanged(() => {
        const [from, to] = [random.pick(world.core), random.pick(world.core)];
        const member = recorder.last(from, random.pick(kinds))?.packet;
        const target = recorder.last(to, REPORT)?.packet;
        if (from === to || !member || !target) return false;
        const made = change(member.slice(), target, random);
        const addressee: Addressee = {
          mac: world.lab.cluster.macAddresses[to]!,
          address: target.subarray(ADDRESS, ADDRESS + 4),
        };
        const source = member.subarray(ADDRESS, ADDRESS + 4);
        if (signed) stranger.sign(made);
        if (spoilt) made[CODE + (place++ % CODE_BYTES)]! ^= 1 << random.below(8);
        if (alone) stranger.say(made, STRANGER_ADDRESS, addressee);
        else stranger.say(made, source);
        return true;
      }, counters);
    },
  });
  return { say: [replay, ...FORGERIES.map(forge)] };
}
