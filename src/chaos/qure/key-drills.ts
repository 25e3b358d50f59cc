/**
 * What becomes of a cluster whose key is replaced, of whoever was away, was put out or invited meanwhile, and of
 * machines that go on twice from one moment (docs/protocols/cluster-key.md, asm/kernel/generator.s). Whoever has only a
 * replaced key speaks in every member's name.
 */
import { Checkpoint } from "../../../emulator/debug/checkpoint.ts";
import type { Random } from "../../../emulator/state/random.ts";
import { little32 } from "../../bytes/little-endian.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import { clusterPacketOf } from "../../wire/cluster.ts";
import {
  ADDRESS,
  GIVE,
  HAVE,
  HEAD_BYTES,
  ID_BYTES,
  KIND,
  OFFER,
  REPORT,
  SEQUENCE,
  SESSION,
  SHOW,
  TURN,
} from "../../wire/cluster-layout.ts";
import type { Drill } from "../drill.ts";
import type { WireFrame, World } from "../world.ts";
import { addressText, factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { type ClusterKey, CODE_SHOWN, isAtPrompt, keysOf } from "./keys.ts";
import { leastBytes } from "./packets.ts";
import { holdersOf, notHeld } from "./service-addresses.ts";
import { type DrillStep, staged } from "./staged.ts";
import type { Stranger } from "./stranger.ts";
import { answer, type Recorder } from "./stranger-drills.ts";
import { agreedValues, canAgree, mayReplaceKey } from "./values.ts";

const MS = 1e6;
/** A second in which members are the same, a write to each disk, and what a shell may wait for. */
const REPLACED_NS = 8000 * MS;
/** Members that have not replaced the key themselves give it once in as many seconds as there are of them. */
const GIVEN_NS = 12_000 * MS;
const TOLD_NS = 4000 * MS;
const JOINED_NS = 15_000 * MS;
/** `cloud join` asks for so long. */
const REFUSED_NS = 6000 * MS;
const GONE_NS = 8000 * MS;
/** What a replaced key could move shows within this: somebody whom nobody hears is dead by then. */
const AFTER_NS = 1800 * MS;
/** History is gathered before it is told: so long members may differ. */
const GATHERED_NS = 700 * MS;
const SAID = 40;
const AHEAD = 1_000_000;
const LAST_KIND = 26;
const CODE_BYTES = 10;
const CODE_CHARACTERS = "0123456789abcdefghjkmnpqrstvwxyz";
/** How far back what is said again lies: the window holds 32, */
const RECENT = 30;
/** and after a gap of more it begins anew. */
const GAP_PACKETS = 34;
/** An idle member says that many within this. */
const GAP_NS = 20_000 * MS;
/** What is said again has been heard after this. */
const AGAIN_NS = 200 * MS;
/** A disk this many times as slow keeps what is written in about a second. */
const SLOWNESS = 1000;
const COPY_NS = 1500 * MS;
const INVITE_NS = 400 * MS;
const APART_MS = 200;

interface Ground {
  readonly world: World;
  readonly layout: KernelLayout;
  readonly stranger: Stranger;
  readonly recorder: Recorder;
  readonly wellNot: () => string | null;
}

/**
 * The last of these frames that a machine has not heard which hears their sender from now on: the switch decides when a
 * frame comes to it, and one that is on its way there is still heard.
 */
export function lastMissed(said: readonly WireFrame[], nowNs: number): Uint8Array | null {
  return said.findLast(({ arrivalNs }) => arrivalNs === null || arrivalNs < nowNs)?.bytes ?? null;
}

/** A code with one wrong character. */
function misspelt(random: Random, code: string): string {
  const at = random.pick([...code].flatMap((character, place) => (character === "-" ? [] : [place])));
  const others = [...CODE_CHARACTERS].filter((character) => character !== code[at]);
  return code.slice(0, at) + random.pick(others) + code.slice(at + 1);
}

export function keyDrills({ world, layout, stranger, recorder, wellNot }: Ground): readonly Drill[] {
  const facts = factsOf(world, layout);
  const keys = keysOf(world, layout);
  const nameOf = (index: number): string => world.nodes[index]!.name;
  const act = (node: number, word: FaultAction["word"], ...values: (number | string)[]): FaultAction => ({
    word,
    node,
    values,
  });
  const apart = (word: "deaf" | "hear", one: number, others: readonly number[]): FaultAction[] =>
    others.flatMap((other) => [act(one, word, other + 1), act(other, word, one + 1)]);
  const except = (...out: readonly number[]): number[] => world.core.filter((index) => !out.includes(index));
  const addressOf = (index: number): string => addressText(facts.of(index).address);
  const bytesAt = (index: number, name: string, length: number): string =>
    Buffer.from(world.nodes[index]!.memory.bytes(layout.address(name), length) ?? []).toString("hex");

  /** Types at a node as soon as it waits for that. */
  const types = (node: number, text: () => string): Pick<DrillStep, "go"> & { isDone: () => boolean } => {
    let isTyped = false;
    return {
      isDone: () => isTyped,
      go: () => {
        if (isTyped || !isAtPrompt(world, node)) return [];
        isTyped = true;
        return [act(node, "type", `${text()}\r`)];
      },
    };
  };
  /** All is well, but for moments. */
  const staysWell = (): (() => string | null) => {
    let wellNs = Infinity;
    return () => {
      const problem = wellNot();
      if (problem === null || wellNs === Infinity) wellNs = world.nowNs;
      return world.nowNs - wellNs > GATHERED_NS ? problem : null;
    };
  };
  /** Somebody types a command, and these, who are all that live, have another key than before. */
  const replaces = (
    by: number,
    command: () => string,
    all: readonly number[],
    more: () => string | null,
  ): DrillStep => {
    const typed = types(by, command);
    let before: string | null = null;
    return {
      withinNs: REPLACED_NS,
      go: () => {
        before ??= keys.of(by);
        return typed.go!();
      },
      wrong: more,
      missing: () => {
        const other = all.find((index) => keys.of(index) === before || keys.of(index) !== keys.of(by));
        if (!typed.isDone() || other === undefined) return typed.isDone() ? null : `${nameOf(by)} has no prompt`;
        return `${nameOf(other)} has no other key than before`;
      },
    };
  };
  /** What may not change by what is said with a replaced key, by what it is. */
  const pictureOf = (all: readonly number[]): ReadonlyMap<string, string> => {
    const picture = new Map<string, string>();
    for (const index of all) {
      const note = (what: string, value: unknown): void => void picture.set(`${what} of ${nameOf(index)}`, `${value}`);
      const { era, age, founder, coordinator, others, isSilent } = facts.of(index);
      const agreed = agreedValues(world, layout, index);
      note("life", [era, age, founder]);
      note("view", [coordinator, others, isSilent]);
      note("values", [agreed?.number, agreed?.digest]);
      note("key", keys.of(index));
      note("session", bytesAt(index, "trust_session", ID_BYTES));
      note("word that it is out", keys.isOut(index));
      note(
        "table",
        [...(facts.peers(index) ?? [])].map(([id, peer]) => `${id} ${peer.session}`),
      );
    }
    for (const [address, holders] of holdersOf(world, layout)) picture.set(`holder of ${address}`, holders.join());
    return picture;
  };
  const forged = (random: Random, former: ClusterKey, kind: number, from: number, to: number): void => {
    const member = recorder.last(from, REPORT)?.packet;
    const target = recorder.last(to, REPORT)?.packet;
    if (!member || !target) return;
    const known = recorder.last(from, kind)?.packet;
    const made = new Uint8Array(leastBytes(kind)).fill(1);
    made.set(known?.[KIND] === kind ? known.subarray(0, made.length) : member.subarray(0, HEAD_BYTES));
    made[KIND] = kind;
    made.set(member.subarray(SESSION, SESSION + ID_BYTES), SESSION);
    const number = little32(member, SEQUENCE) + AHEAD + random.below(AHEAD);
    new DataView(made.buffer).setUint32(SEQUENCE, number, true);
    answer(made, target);
    stranger.say(stranger.sign(made, former), member.subarray(ADDRESS, ADDRESS + 4));
  };
  /** Whoever has only a replaced key says each kind in every name; `all` live, and are afterwards as they were. */
  const attack = (
    random: Random,
    former: () => ClusterKey,
    all: readonly number[],
    names: readonly number[],
  ): DrillStep => {
    let said = 0;
    let before: ReadonlyMap<string, string> = new Map();
    return {
      withinNs: SAID * world.lookNs + AFTER_NS,
      begin: () => {
        before = pictureOf(all);
        return [];
      },
      go: () => {
        if (said++ >= SAID) return [];
        for (const from of names)
          forged(
            random,
            former(),
            1 + ((said + from) % LAST_KIND),
            from,
            random.pick(all.filter((one) => one !== from)),
          );
        return [];
      },
      wrong: () => {
        const now = pictureOf(all);
        const changed = [...now].find(([what, value]) => before.get(what) !== value);
        return changed
          ? `by a replaced key the ${changed[0]} was ${before.get(changed[0])}, and is ${changed[1]}`
          : null;
      },
    };
  };
  const quiet: DrillStep = { withinNs: AFTER_NS };
  /** Who is left has agreed on who agrees from now on. */
  const settled: DrillStep = { withinNs: 2 * AFTER_NS };
  /** Before the key is replaced: what it is. */
  const noted = (by: number): { step: DrillStep; former: () => ClusterKey } => {
    let former: ClusterKey | null = null;
    const begin = (): readonly FaultAction[] => {
      former = keys.whole(by);
      return [];
    };
    return { step: { withinNs: 0, begin }, former: () => former! };
  };

  const replaced: Drill = {
    name: "key replaced",
    rule: "all that live have another key at once, nobody is missed, what the old one signs changes nothing, and it can be replaced again",
    begin: (random) => {
      const all = world.core;
      if (all.length < 2 || !mayReplaceKey(world, layout, all)) return null;
      const [first, second] = [random.pick(all), random.pick(all)];
      const { step, former } = noted(first);
      const again = replaces(second, () => "cloud key rotate", all, staysWell());
      return staged(world, [
        step,
        replaces(first, () => "cloud key rotate", all, staysWell()),
        quiet,
        attack(random, former, all, all),
        again,
        quiet,
      ]);
    },
  };

  const meanwhile: Drill = {
    name: "key replaced meanwhile",
    rule: `whoever was cut off while the key was replaced is given it within ${GIVEN_NS / 1e9} s, also when the one that replaced it has begun anew`,
    begin: (random) => {
      const away = random.pick(world.core);
      const rest = except(away);
      if (rest.length < 2 || !mayReplaceKey(world, layout, rest)) return null;
      // A machine that has joined beside the core would pass on what is said between the parts.
      if (facts.of(away).others > rest.length) return null;
      const by = random.pick(rest);
      const isGone = (): string | null => {
        const seeing = rest.find((index) => facts.peers(index)?.get(facts.ids[away]!)?.isAlive !== false);
        if (seeing !== undefined) return `${nameOf(seeing)} still takes ${nameOf(away)} for alive`;
        if (facts.of(away).others > 0) return `${nameOf(away)} still takes others for alive`;
        return rest.some((index) => facts.of(index).coordinates) ? null : "nobody coordinates";
      };
      /** Four replaced keys are known. */
      const again = Array.from({ length: random.pick([0, 1, 3, 3]) }, () => [
        replaces(
          random.pick(rest),
          () => "cloud key rotate",
          rest,
          () => null,
        ),
        quiet,
      ]).flat();
      const giver = rest.find((index) => index === by)!;
      const begun = { at: 0 };
      const anew: DrillStep = {
        withinNs: JOINED_NS,
        begin: () => {
          begun.at = world.nodes[giver]!.boots;
          return [act(giver, "cut"), act(giver, "power")];
        },
        missing: () => {
          const { isMember, others } = facts.of(giver);
          return isMember && others === rest.length - 1 ? null : `${nameOf(giver)} is no member again`;
        },
      };
      return staged(world, [
        { withinNs: GONE_NS, begin: () => apart("deaf", away, rest), missing: isGone },
        // A minority may not replace it.
        { withinNs: 2 * AFTER_NS, go: types(away, () => "cloud key rotate").go! },
        replaces(
          by,
          () => "cloud key rotate",
          rest,
          () => null,
        ),
        quiet,
        ...again,
        ...(random.chance(40) ? [anew, quiet] : []),
        {
          withinNs: GIVEN_NS,
          begin: () => apart("hear", away, rest),
          missing: () => (keys.of(away) === keys.of(by) ? wellNot() : `${nameOf(away)} is not given the key`),
        },
        replaces(
          random.pick(world.core),
          () => "cloud key rotate",
          world.core,
          () => null,
        ),
      ]);
    },
  };

  const put: Drill = {
    name: "put out and invited",
    rule: "whoever is put out gets nothing, is told, holds no address, and comes back by an invitation, which counts once",
    begin: (random) => {
      const out = random.pick(world.core);
      const rest = except(out);
      if (rest.length < 2 || !mayReplaceKey(world, layout, rest, out)) return null;
      const by = random.pick(rest);
      const host = random.pick(rest);
      const { step, former } = noted(by);
      const getsNothing = (): string | null => {
        if (keys.of(out) === keys.of(by)) return `${nameOf(out)} was put out, and has the key`;
        const seeing = rest.find((index) => facts.peers(index)?.get(facts.ids[out]!)?.isAlive === true);
        return seeing === undefined ? null : `${nameOf(seeing)} takes ${nameOf(out)} for alive, which was put out`;
      };
      const told: DrillStep = {
        withinNs: TOLD_NS,
        wrong: getsNothing,
        missing: () => {
          if (!keys.isOut(out)) return `${nameOf(out)} was put out, and does not know it`;
          const held = [...holdersOf(world, layout)].find(([, holders]) => holders.includes(out));
          if (held) return `${nameOf(out)} was put out, and holds ${held[0]}`;
          const speakers = rest.filter((index) => facts.of(index).coordinates);
          return speakers.length === 1
            ? notHeld(world, layout, rest)
            : `${speakers.length} nodes speak for the cluster`;
        },
      };
      const stays: DrillStep = { withinNs: AFTER_NS, wrong: getsNothing };
      let from = 0;
      const code = (): string | undefined =>
        [...world.lab.nodes[host]!.console.text.slice(from).matchAll(CODE_SHOWN)].at(-1)?.[1];
      /** Another code is drawn. */
      const invites = (): DrillStep => {
        const { go } = types(host, () => "cloud invite");
        return {
          withinNs: REFUSED_NS,
          begin: () => {
            from = world.lab.nodes[host]!.console.text.length;
            return [];
          },
          go: go!,
          missing: () => (code() === undefined ? `${nameOf(host)} invites nobody` : null),
        };
      };
      const joins = types(out, () => `cloud join ${code()}`);
      const late = types(out, () => `cloud join ${code()}`);
      const guess = (): DrillStep => ({
        withinNs: REFUSED_NS,
        go: types(out, () => `cloud join ${misspelt(random, code()!)}`).go!,
        wrong: getsNothing,
      });
      const again = types(out, () => `cloud join ${code()}`);
      let session = "";
      return staged(world, [
        step,
        invites(),
        replaces(
          by,
          () => `cloud expel ${addressOf(out)}`,
          rest,
          () => null,
        ),
        told,
        settled,
        attack(random, former, rest, world.core),
        replaces(random.pick(rest), () => "cloud key rotate", rest, getsNothing),
        stays,
        // That code was for a key that was replaced.
        { withinNs: REFUSED_NS, go: late.go!, wrong: getsNothing },
        invites(),
        guess(),
        guess(),
        {
          withinNs: JOINED_NS,
          go: joins.go!,
          missing: () => {
            if (keys.of(out) !== keys.of(host)) return `${nameOf(out)} was invited, and has no key`;
            return keys.isOut(out) ? `${nameOf(out)} was invited, and takes itself for put out` : wellNot();
          },
        },
        {
          withinNs: REFUSED_NS,
          begin: () => {
            session = bytesAt(out, "trust_session", ID_BYTES);
            return [];
          },
          go: again.go!,
          wrong: () =>
            bytesAt(out, "trust_session", ID_BYTES) === session ? null : `${nameOf(out)} joins twice by one invitation`,
        },
      ]);
    },
  };

  const failing: Drill = {
    name: "power while the key is replaced",
    rule: "wherever the power fails while the key is replaced, whoever has said that it has the key has it, and all have one again, or are told what to type",
    begin: (random) => {
      if (world.core.length < 2 || !mayReplaceKey(world, layout, world.core)) return null;
      const by = random.pick(world.core);
      const isGiver = random.chance(50);
      const dead = isGiver ? by : random.pick(except(by));
      // The last packet before the power fails, of the one that it fails.
      const kind = random.pick(isGiver ? [OFFER, GIVE, TURN, TURN] : [SHOW, HAVE, HAVE, TURN]);
      const sender = kind === TURN ? by : dead;
      const slow = random.chance(50) ? [act(dead, "slow", SLOWNESS)] : [];
      let isSaid = false;
      return staged(world, [
        { withinNs: 0, begin: () => slow },
        {
          withinNs: REPLACED_NS + TOLD_NS,
          go: types(by, () => "cloud key rotate").go!,
          frame: ({ cable, toSwitch, bytes }) => {
            isSaid ||= toSwitch && cable === sender && clusterPacketOf(bytes)?.[KIND] === kind;
          },
          missing: () => (isSaid ? null : `${nameOf(sender)} does not say a packet of kind ${kind}`),
        },
        { withinNs: random.pick([0, 0, 30, 100]) * MS, begin: () => [] },
        { withinNs: 300 * MS, begin: () => [act(dead, "cut"), act(dead, "slow", 1)] },
        {
          withinNs: REPLACED_NS + TOLD_NS,
          begin: () => [act(dead, "power")],
          missing: () => (facts.of(dead).isMember && isAtPrompt(world, by) ? null : "it is not over"),
        },
      ]);
    },
  };

  /** What a machine draws that goes on from now in a way of its own; afterwards the cluster is as it was. */
  const drawn = (
    index: number,
    number: number | null,
    afterMs: number,
  ): { code: string; session: string; tcp: string } => {
    const { lab } = world;
    const { network } = lab.cluster;
    const { onFrame } = network;
    network.onFrame = null;
    const now = Checkpoint.of(lab.cluster, null, false);
    const consoles = lab.nodes.map(({ console }) => console.save());
    const node = lab.nodes[index]!;
    try {
      if (number !== null) node.becomeCopy(number);
      lab.cluster.runUntil(lab.nowNs + afterMs * MS);
      node.send(new TextEncoder().encode("cloud invite\r"));
      lab.cluster.runUntil(lab.nowNs + INVITE_NS);
      const code = bytesAt(index, "invite_bytes", CODE_BYTES);
      lab.cluster.runUntil(lab.nowNs + COPY_NS);
      return { code, session: bytesAt(index, "trust_session", ID_BYTES), tcp: bytesAt(index, "secret_key", 8) };
    } finally {
      now.restore(lab.cluster);
      now.release();
      lab.nodes.forEach(({ console }, at) => console.restore(consoles[at]!));
      network.onFrame = onFrame;
    }
  };
  const copies: Drill = {
    name: "copies",
    rule: "a machine that goes on from one moment more than once draws other secrets each time, and a copy that knows it joins anew and is given the next key",
    begin: (random) => {
      const index = random.pick(world.core);
      const numbers = [1 + random.below(0x3fffffff), 0x40000000 + random.below(0x3fffffff)] as const;
      let problem: string | null = null;
      let session = "";
      const look = (): readonly FaultAction[] => {
        if (!isAtPrompt(world, index)) return [];
        const ways = [
          drawn(index, null, 0),
          drawn(index, null, APART_MS),
          ...numbers.map((number) => drawn(index, number, 0)),
        ];
        const differ = (what: "code" | "session" | "tcp", those: typeof ways): string | null =>
          new Set(those.map((way) => way[what])).size === those.length
            ? null
            : `two copies of ${nameOf(index)} have the same ${what}: ${those.map((way) => way[what]).join(", ")}`;
        const [, ...others] = ways;
        problem = differ("code", ways) ?? differ("session", others) ?? differ("tcp", others);
        session = bytesAt(index, "trust_session", ID_BYTES);
        return [act(index, "copy", numbers[0])];
      };
      return staged(world, [
        { withinNs: world.lookNs, begin: look, wrong: () => problem },
        {
          withinNs: JOINED_NS,
          missing: () => {
            if (session === "") return null;
            return bytesAt(index, "trust_session", ID_BYTES) === session
              ? `${nameOf(index)} goes on as a copy in the session that it had`
              : wellNot();
          },
        },
        ...(mayReplaceKey(world, layout, world.core)
          ? [settled, replaces(random.pick(world.core), () => "cloud key rotate", world.core, staysWell())]
          : []),
      ]);
    },
  };

  /** What may happen while a machine is as it will be again. */
  const meanwhileDone = (random: Random, others: readonly number[]): DrillStep[] => {
    const by = random.pick(others);
    const number = (): number => agreedValues(world, layout, by)?.number ?? 0;
    let before = 0;
    const set: DrillStep = {
      withinNs: REPLACED_NS,
      begin: () => {
        before = number();
        return [];
      },
      go: types(by, () => `cloud set back ${random.below(100)}`).go!,
      missing: () => (number() > before ? null : "what was set does not count"),
    };
    const rotated = replaces(by, () => "cloud key rotate", world.core, staysWell());
    const isKeyed = mayReplaceKey(world, layout, world.core);
    const ways = [[], canAgree(world, layout) ? [set] : [], isKeyed ? [rotated] : [], isKeyed ? [rotated, set] : []];
    return random.pick(ways);
  };
  const back: Drill = {
    name: "gone back",
    rule: "a machine that goes back to an earlier state of its own, and knows it, joins anew and has what was agreed since; where it missed a key it is told what to type",
    begin: (random) => {
      if (world.core.length < 2) return null;
      const index = random.pick(world.core);
      const { machine } = world.lab.nodes[index]!;
      const copy = 1 + random.below(0x7ffffffe);
      let state: Uint8Array = new Uint8Array();
      let session = "";
      return {
        ...staged(world, [
          {
            withinNs: random.below(1000) * MS,
            begin: () => {
              state = machine.saveState();
              session = bytesAt(index, "trust_session", ID_BYTES);
              return [];
            },
          },
          ...meanwhileDone(random, except(index)),
          { withinNs: random.below(1500) * MS },
          { withinNs: 0, begin: () => [act(index, "older")] },
          {
            withinNs: GIVEN_NS + JOINED_NS,
            begin: () => {
              machine.goBack(state);
              return [act(index, "copy", copy)];
            },
            missing: () =>
              bytesAt(index, "trust_session", ID_BYTES) === session
                ? `${nameOf(index)} goes on in the session that it had`
                : wellNot(),
          },
        ]),
        hasPerson: true,
      };
    },
  };

  /** Those say something to all, also when nothing happens: the coordinator, and who holds an address. */
  const speakers = (): number[] => {
    const speaker = world.core.find((index) => facts.of(index).coordinates);
    const held = [...holdersOf(world, layout).values()].flat();
    return world.core.filter((index) => index === speaker || held.includes(index));
  };
  const countHeard = (index: number): number =>
    world.nodes[index]!.memory.word(layout.address("count_cloud_replayed")) ?? 0;
  /** What members have just said is said again to all. */
  const justNow = (random: Random): DrillStep[] => {
    // What was said before somebody may have missed.
    const wellNs = world.nowNs;
    let before: readonly number[] = [];
    const due = world.core.map(() => 0);
    const differs = (isWrong: (counted: number, due: number) => boolean): string | undefined => {
      const found = world.core.find((index, at) => isWrong(countHeard(index) - before[at]!, due[at]!));
      return found === undefined ? undefined : nameOf(found);
    };
    return [
      {
        withinNs: SAID * world.lookNs,
        begin: () => {
          before = world.core.map(countHeard);
          return [];
        },
        go: () => {
          const from = random.pick(world.core);
          const late = recorder.late(from, 1 + random.below(RECENT), wellNs);
          if (!late) return [];
          stranger.repeat(late);
          world.core.forEach((index, at) => {
            if (index !== from) due[at]!++;
          });
          return [];
        },
      },
      {
        withinNs: AGAIN_NS,
        wrong: () => {
          const name = differs((counted, most) => counted > most);
          return name ? `${name} counts more as heard before than was said twice` : null;
        },
      },
      {
        withinNs: 100 * MS,
        missing: () => {
          const name = differs((counted, all) => counted !== all);
          return name ? `${name} takes what was said twice for new` : null;
        },
      },
    ];
  };
  /**
   * A machine does not hear another one for a while. What it missed of late is said to it twice, or what it hears first
   * after a gap once more.
   */
  const afterAll = (random: Random, from: number, packets: number, isMissedOne: boolean): DrillStep[] => {
    const listener = random.pick(except(from));
    let [first, last, before] = [0, 0, 0];
    const said: WireFrame[] = [];
    let [missed, heard]: (Uint8Array | null)[] = [null, null];
    const ofIts = (frame: WireFrame): Uint8Array | null => {
      const packet = frame.toSwitch && frame.cable === from ? clusterPacketOf(frame.bytes) : null;
      return packet && world.takes(listener, frame.bytes) ? frame.bytes : null;
    };
    return [
      {
        withinNs: GAP_NS,
        begin: () => [act(listener, "deaf", from + 1)],
        frame: (frame) => {
          const packet = frame.toSwitch && frame.cable === from ? clusterPacketOf(frame.bytes) : null;
          if (!packet) return;
          last = little32(packet, SEQUENCE);
          first ||= last;
          if (ofIts(frame)) said.push(frame);
        },
        missing: () =>
          (missed = lastMissed(said, world.nowNs)) && last - first >= packets
            ? null
            : `${nameOf(from)} says too little`,
      },
      {
        withinNs: GAP_NS,
        begin: () => [act(listener, "hear", from + 1)],
        frame: (frame) => {
          heard ??= ofIts(frame);
        },
        // Whoever did not hear it may have taken its address.
        missing: () =>
          heard || !speakers().includes(from) ? null : `${nameOf(from)} says nothing to ${nameOf(listener)}`,
      },
      {
        withinNs: AGAIN_NS,
        begin: () => {
          before = countHeard(listener);
          for (const frame of isMissedOne ? [missed!, missed!] : heard ? [heard] : []) stranger.repeat(frame);
          return [];
        },
        missing: () => {
          if (countHeard(listener) - before === 1 || !(isMissedOne || heard)) return null;
          const what = isMissedOne ? "came late" : "came after a gap";
          return `${nameOf(listener)} has heard twice what ${what}, and counts ${countHeard(listener) - before} as heard before`;
        },
      },
      { withinNs: JOINED_NS, missing: wellNot },
    ];
  };
  const twice: Drill = {
    name: "said twice",
    rule: "what was heard counts as heard, however lately it was said, when it came late, and when it was the first after much that did not come",
    begin: (random) => {
      const from = random.pickAny(speakers());
      if (world.core.length < 2 || from === undefined) return null;
      const late = afterAll(random, from, 0, true);
      return staged(world, [quiet, ...justNow(random), ...late, quiet, ...afterAll(random, from, GAP_PACKETS, false)]);
    },
  };
  return [replaced, meanwhile, put, failing, copies, back, twice];
}
