/** What is tried with sites that are well: a delegate dies, a gateway moves or restarts, a cluster is hostile. */
import {
  ETHERTYPE_IPV4,
  ethernetFrame,
  formatIpv4,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseIpv4,
  udpBytes,
} from "../../../../emulator/ether/packet.ts";
import { addressBytes } from "../../../../emulator/ether/wide/wide-net.ts";
import type { Random } from "../../../../emulator/state/random.ts";
import type { ActionValue, ActionWord } from "../../../lab/actions.ts";
import type { FaultAction } from "../../../lab/fault-kinds.ts";
import { WIDE_PORT, wideOf } from "../../../wire/wide.ts";
import { type Drill, type Drills, Once, type Trial } from "../../drill.ts";
import type { WireFrame, World } from "../../world.ts";
import { ROGUE, rogueOf } from "./prepare-sites.ts";
import { bodyOf, type Rogue, relayBodyOf } from "./rogue.ts";
import type { Sites } from "./sites.ts";

const MS = 1e6;
const S = 1e9;
/** After a death, until all others see it. */
const DEATH_NS = 25 * S;
/** From when a site can be reached until all see it and it sees all: a link by a relay is told every 43 s. */
const BACK_NS = 60 * S;
/** Nobody has it: what the hostile cluster would have flooded. */
const VICTIM = "203.0.113.250";
const EVERYBODY = new Uint8Array(6).fill(0xff);
const GATEWAY_MAC = Uint8Array.of(0x52, 0x55, 0xff, 0xff, 0xff, 1);
const HELLO_BYTES = 72;
/** It has time to become a link that is believed, then says all that it has to say, and is looked at for a while. */
const [KNOWN_NS, HOSTILE_NS] = [15 * S, 35 * S];
/** A hello in 3 s goes to where a link says that its door is, and one to what a packet came from. */
const HELLOS = HOSTILE_NS / (3 * S) + 2;

/** A site is hit, and is back after a while. */
interface Blow {
  readonly name: string;
  readonly rule: string;
  readonly word: ActionWord;
  values(random: Random): readonly ActionValue[];
  readonly ends: ActionWord | null;
  readonly afterNs: number;
}

const BLOWS: readonly Blow[] = [
  {
    name: "gateway restarts",
    rule: "a gateway that forgot its mappings costs nobody a link for longer than 60 s",
    word: "restart-gateway",
    values: () => [],
    ends: null,
    afterNs: 0,
  },
  {
    name: "gateway moves",
    rule: "a site with another public address is found, and finds all, within 60 s",
    word: "move-gateway",
    values: (random) => [`203.0.113.${10 + random.below(200)}`],
    ends: null,
    afterNs: 0,
  },
  {
    name: "site cut off",
    rule: "a site that was cut off for a minute sees all others within 60 s, and they see it",
    word: "cut-site",
    values: () => [],
    ends: "join-site",
    afterNs: 60 * S,
  },
];

function delegateDies(world: World, sites: Sites): Drill {
  return {
    name: "delegate dies",
    rule: "when a delegate dies, the others see one member less within 25 s, and the next one sees all within 60 s",
    begin: (random) => {
      const several = [...sites.names.keys()].filter((site) => sites.living(site).length > 1);
      if (several.length === 0) return null;
      const site = random.pick(several);
      const cut = new Once(...sites.delegates(site).map((node): FaultAction => ({ word: "cut", node, values: [] })));
      const fromNs = world.nowNs;
      let isSeen = false;
      return {
        lastsNs: BACK_NS,
        step: () => cut.take(),
        wrong: () => {
          if (world.nowNs < fromNs + DEATH_NS || isSeen) return null;
          const problem = sites.missing(fromNs, world.living, site);
          isSeen = problem === null;
          return problem;
        },
        missing: () => (cut.isDone ? sites.missing(fromNs, world.living) : "nobody has died yet"),
      };
    },
  };
}

function blow({ name, rule, word, values, ends, afterNs }: Blow, world: World, sites: Sites): Drill {
  return {
    name,
    rule,
    begin: (random) => {
      // The first one's door is where the others are told: nobody tells them where it went.
      const hit = [...sites.names.keys()].filter((site) => site > 0 && sites.living(site).length > 0);
      if (hit.length === 0 || sites.living(0).length === 0) return null;
      const [node] = sites.living(random.pick(hit));
      const begin = new Once({ word, node: node!, values: values(random) });
      const end = new Once(...(ends === null ? [] : [{ word: ends, node: node!, values: [] }]));
      const overNs = world.nowNs + afterNs;
      return {
        lastsNs: afterNs + BACK_NS,
        step: () => [...begin.take(), ...(world.nowNs >= overNs ? end.take() : [])],
        missing: () => (end.isDone ? sites.missing(overNs, world.living) : "it is not over"),
      };
    },
  };
}

/** What a hostile cluster says in one go, at first from where it is, then from its victim's address. */
function lies(rogue: Rogue): readonly (readonly [packet: Uint8Array, from: string])[] {
  const summary = (name: string, door: string, members = 1): Uint8Array =>
    rogue.say("summary", { seen: "9.9.9.9", body: bodyOf(name, 1, members, 0xffffffff, 1, door, 4000, 1, 0) });
  const own = [
    ...["0.0.0.1", "0.0.0.99", "255.255.255.255", "127.0.0.1", VICTIM].map((door) => summary("home", door, 0xffffffff)),
    ...["x".repeat(32), "", "a b", "\x1b[2J"].map((name) => summary(name, VICTIM)),
    ...[0, 1, 8, 9, 255].map((count) =>
      rogue.say("details", { body: bodyOf("", new Uint8Array(28)).map((_, at) => (at === 8 ? count : 255)) }),
    ),
    ...[0, 1, 0xffffffff].map((count) =>
      rogue.say("events", { body: bodyOf("", new Uint8Array(56)).fill(count & 255, 12, 16) }),
    ),
    ...[0, 1, 255].map((byte) => rogue.say("askEvents", { body: new Uint8Array(12).fill(byte) })),
    ...["home", "rogue", "nobody"].map((name) =>
      rogue.say("relay", { body: relayBodyOf(name, 0, 0, rogue.say("hello")) }),
    ),
    rogue.say("relayed", { body: relayBodyOf("home", VICTIM, 4000, new Uint8Array(64).fill(255)) }),
  ];
  const flood = Array.from({ length: 60 }, () => rogue.say("hello", { flags: 1 }));
  const fresh = Array.from({ length: 20 }, (_, time) =>
    rogue.say("hello", { flags: 1, echo: ["ffffffffffffffff", time] }),
  );
  return [
    ...[...own, ...flood].map((packet) => [packet, ROGUE.address] as const),
    ...[...flood, ...fresh, rogue.say("hello"), rogue.say("hello")].map((packet) => [packet, VICTIM] as const),
  ];
}

/** It is linked by right, and proves itself; then it lies, floods, and speaks from its victim's address. */
class Hostile implements Trial {
  readonly lastsNs = HOSTILE_NS;
  readonly #world: World;
  readonly #rogue: Rogue;
  readonly #fromNs: number;
  #answer: Uint8Array | null = null;
  #isKnown = false;
  #hasLied = false;
  #bytesFrom = 0;
  #bytesTo = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#rogue = rogueOf(0, random.u32());
    this.#fromNs = world.nowNs;
    world.heardStranger = true;
  }

  #say(packet: Uint8Array, from: string): void {
    if (from === VICTIM) this.#bytesFrom += packet.length;
    const { network, world } = this.#world.lab.cluster;
    const { wide, routers } = world!;
    const [source, destination] = [parseIpv4(from), addressBytes(routers[0]!.outsideAddress)];
    const datagram = { sourcePort: ROGUE.port, destinationPort: WIDE_PORT, data: packet };
    const payload = udpBytes(source, destination, datagram);
    const ip = ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, 1);
    network.send(wide, world!.placeOf(0)!, ethernetFrame(EVERYBODY, GATEWAY_MAC, ETHERTYPE_IPV4, ip));
  }

  frame({ cable, toSwitch, bytes }: WireFrame): void {
    const packet = cable === -1 && toSwitch ? wideOf(bytes) : null;
    if (!packet) return;
    const to = formatIpv4(bytes.subarray(30, 34));
    if (to === VICTIM) this.#bytesTo += packet.length;
    if (to === ROGUE.address && packet.length > 16) this.#answer = packet.slice();
  }

  step(): readonly FaultAction[] {
    const isEarly = this.#world.nowNs < this.#fromNs + KNOWN_NS;
    if (isEarly && this.#answer) {
      this.#isKnown = true;
      this.#rogue.hear(this.#answer);
      this.#answer = null;
      this.#say(this.#rogue.say("hello", { flags: 1 }), ROGUE.address);
    } else if (!isEarly && !this.#hasLied) {
      this.#hasLied = true;
      for (const [packet, from] of lies(this.#rogue)) this.#say(packet, from);
    }
    return [];
  }

  wrong(): string | null {
    const most = this.#bytesFrom + HELLOS * HELLO_BYTES;
    return this.#bytesTo > most
      ? `${this.#bytesTo} bytes went to where ${this.#bytesFrom} were said to come from`
      : null;
  }

  missing(): string | null {
    if (!this.#isKnown) return "nobody speaks to the hostile cluster";
    return this.#world.nowNs < this.#fromNs + HOSTILE_NS - 20 * MS ? "it goes on" : null;
  }
}

export function siteDrills(world: World, sites: Sites): Drills {
  return {
    all: [
      delegateDies(world, sites),
      ...BLOWS.map((one) => blow(one, world, sites)),
      {
        name: "hostile cluster",
        rule: "a linked cluster that lies, floods and speaks for others moves no link, and has nobody sent more than came",
        begin: (random) => (sites.delegates(0).length === 1 ? new Hostile(world, random) : null),
      },
    ],
  };
}
