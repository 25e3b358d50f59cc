/** What members of a cluster that is well have to do in stated times: docs/protocols/cluster.md says which. */
import type { Random } from "../../../emulator/state/random.ts";
import { type FaultAction, LEAVING } from "../../lab/fault-kinds.ts";
import { clusterPacketOf } from "../../wire/cluster.ts";
import { type Drill, type Drills, Once, type Trial } from "../drill.ts";
import type { World } from "../world.ts";
import { Asker, addressDrills, HANDED_NS } from "./address-drills.ts";
import { cloneDrill } from "./clone-drills.ts";
import { factsOf } from "./facts.ts";
import { forkDrill, forkFilesDrill } from "./fork-drills.ts";
import { jobDrill } from "./job-drills.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { keyDrills } from "./key-drills.ts";
import { keysOf } from "./keys.ts";
import { livesApart } from "./lives-drills.ts";
import { pushDrill } from "./push-drills.ts";
import { rollingDrill } from "./rolling-drill.ts";
import { holdersOf, notHeld } from "./service-addresses.ts";
import { Stranger } from "./stranger.ts";
import { deceits, Recorder } from "./stranger-drills.ts";
import { upgradeDrill } from "./upgrade-drills.ts";
import { agreedValues, canAgree } from "./values.ts";

const MS = 1e6;
/** Above it a cluster is a large one. */
const SMALL = 33;
/** A silent death is known to all, and what the dead did is done by another. */
const DEATH_NS = [1000 * MS, 2000 * MS] as const;
/** More for each step of bad health. */
const HEALTH_NS = 400 * MS;
const MOST_HEALTH = 8;
/** How long somebody waits for a word is decided when the last one comes: a beat ago its health may have been worse. */
const WATCHED_NS = [500 * MS, 1100 * MS] as const;
/** So much of everything is lost for so long; */
const LOSS_PERCENT = 40;
const LOSS_NS = 3000 * MS;
/** then all hear each other for so long; */
const HEARD_NS = 3100 * MS;
/** and within this they are well. */
const LOSS_OVER_NS = 12_000 * MS;
/** After a goodbye. */
const BYE_NS = 350 * MS;
/** After the death of its holder an address is answered for again: silence, four waits, and a look or two. */
const TAKEOVER_NS = 450 * MS;
/** More for each step of bad health. */
const TAKEOVER_HEALTH_NS = 100 * MS;
/** A shell that waits for a majority answers so late. */
const TYPED_NS = 8000 * MS;
const RETURN_NS = 4000 * MS;
/** From the moment at which a node is a member. */
const JOIN_NS = 300 * MS;
const IDLE_NS = 8000 * MS;
const IDLE_COUNTED_NS = 3000 * MS;
/** A copy finds out and joins, and is told its own age in 20 beats, as it has that in another session. */
const COPY_TOLD_NS = 10_000 * MS;
const IDLE_BYTES = 1000;
const HOLDER_BYTES = 2000;
const AGREE_NS = 8000 * MS;
const OLDER_NS = 20_000 * MS;
const BYE = 4;
/** What nobody says when nothing happens: hellos, probes, accusations, proposals; and what nobody wants to have. */
const BUSY_KINDS: ReadonlySet<number> = new Set([1, 7, 12, 15, 16, 17, 18, 19, 20]);
/** Prepare, offer, promise, voted. */
const PROPOSING: ReadonlySet<number> = new Set([17, 18, 19, 20]);
const REPORT = 3;
const ASK = 2;
const REFUSALS = ["count_cloud_forged", "count_cloud_malformed", "count_cloud_replayed", "count_cloud_unproven"];

/** `wellNot`: what is not well, or null; `isMixed`: there are two kernels on the disks. */
export function clusterDrills(
  world: World,
  layout: KernelLayout,
  wellNot: () => string | null,
  isMixed: boolean,
): Drills {
  const facts = factsOf(world, layout);
  const stranger = new Stranger(world, () =>
    world.core[0] === undefined ? null : keysOf(world, layout).whole(world.core[0]),
  );
  const recorder = new Recorder(world, facts.ids);
  const nameOf = (index: number): string => world.nodes[index]!.name;
  const act = (node: number, word: FaultAction["word"], ...values: (number | string)[]): FaultAction => ({
    word,
    node,
    values,
  });
  /** One of the core, more often one with a role. */
  const choose = (random: Random): number => {
    const { core } = world;
    const speaker = core.find((index) => facts.of(index).coordinates);
    const [holder] = random.pickAny([...holdersOf(world, layout).values()]) ?? [];
    const [first = 0] = core;
    const founder = facts.indexOf(facts.of(first).founder);
    const roles = [speaker, holder, founder].filter((index) => index !== undefined && core.includes(index));
    return random.chance(50) && roles.length > 0 ? random.pick(roles)! : random.pick(core);
  };
  const othersOf = (index: number): number[] => world.living.filter((other) => other !== index);
  const goneFor = (others: readonly number[], gone: number): string | null => {
    for (const index of others)
      if (facts.peers(index)?.get(facts.ids[gone]!)?.isAlive !== false)
        return `${nameOf(index)} still takes ${nameOf(gone)} for alive`;
    const speakers = others.filter((index) => facts.of(index).coordinates);
    if (speakers.length !== 1) return `${speakers.length} nodes speak for the cluster`;
    return null;
  };
  const healthOf = (nodes: readonly number[]): number =>
    Math.max(...nodes.map((index) => world.nodes[index]!.memory.word(layout.address("health")) ?? 0));
  const asker = (): Asker => new Asker(world, layout, stranger);

  const deathOf = (dead: number): Trial => {
    const others = othersOf(dead);
    const size = world.core.length > SMALL ? 1 : 0;
    const cut = new Once(act(dead, "cut"));
    const cutNs = world.nowNs + WATCHED_NS[size];
    const asked = asker();
    let health = 0;
    const missing = (): string | null =>
      cut.isDone ? (goneFor(others, dead) ?? notHeld(world, layout, others)) : "nothing has happened";
    return {
      lastsNs: WATCHED_NS[size] + DEATH_NS[size] + HEALTH_NS * MOST_HEALTH,
      step: () => {
        asked.ask();
        if (!cut.isDone) health = Math.max(health, healthOf(others));
        return world.nowNs < cutNs ? [] : cut.take();
      },
      wrong: () =>
        asked.unanswered(TAKEOVER_NS + TAKEOVER_HEALTH_NS * health) ??
        (world.nowNs > cutNs + DEATH_NS[size] + HEALTH_NS * health ? missing() : null),
      missing,
    };
  };
  const death: Drill = {
    name: "death",
    rule: "a silent death is known to all within 1 s, in a large cluster 2 s, and another does what the dead did",
    begin: (random) => (world.core.length < 2 ? null : deathOf(choose(random))),
  };

  const unwell: Drill = {
    name: "death after loss",
    rule: "who has lost many packets is slower to call somebody dead, by so much as it says",
    begin: (random) => {
      if (world.core.length < 2) return null;
      const beganNs = world.nowNs;
      const lose = new Once(...world.core.map((index) => act(index, "lose", LOSS_PERCENT)));
      const heal = new Once(...world.core.map((index) => act(index, "heal")));
      let dying: Trial | null = null;
      return {
        lastsNs: LOSS_NS + LOSS_OVER_NS + WATCHED_NS[1] + DEATH_NS[1] + HEALTH_NS * MOST_HEALTH,
        step: () => {
          if (dying) return dying.step!();
          if (world.nowNs < beganNs + LOSS_NS) return lose.take();
          if (!heal.isDone) return heal.take();
          if (world.nowNs >= beganNs + LOSS_NS + HEARD_NS && wellNot() === null) dying = deathOf(choose(random));
          return [];
        },
        wrong: () => (dying ? dying.wrong!() : null),
        missing: () => (dying ? dying.missing!() : (wellNot() ?? "nobody has died")),
      };
    },
  };

  const goodbye: Drill = {
    name: "goodbye",
    rule: "who leaves says so, all know it at once, and when it returns too",
    begin: (random) => {
      if (world.core.length < 3) return null;
      const leaver = choose(random);
      const others = othersOf(leaver);
      return goodbyeOf(leaver, others);
    },
  };
  const goodbyeOf = (leaver: number, others: readonly number[]): Trial => {
    const beganNs = world.nowNs;
    let [leftNs, returnedNs, memberNs] = [Infinity, Infinity, Infinity];
    let isTyped = false;
    const asked = asker();
    return {
      lastsNs: TYPED_NS + BYE_NS + RETURN_NS + JOIN_NS,
      frame: ({ cable, toSwitch, bytes, sentNs }) => {
        if (toSwitch && cable === leaver && leftNs === Infinity && clusterPacketOf(bytes)?.[5] === BYE) leftNs = sentNs;
      },
      step: () => {
        asked.ask();
        if (!isTyped) {
          isTyped = true;
          return [act(leaver, "type", LEAVING.leave)];
        }
        if (returnedNs < Infinity || world.nowNs < leftNs + BYE_NS) return [];
        returnedNs = world.nowNs;
        return [act(leaver, "type", LEAVING.enter)];
      },
      wrong: () => {
        const now = world.nowNs;
        const unanswered = asked.unanswered(HANDED_NS);
        if (unanswered !== null) return unanswered;
        if (leftNs === Infinity && now > beganNs + TYPED_NS) return `${nameOf(leaver)} does not say bye`;
        if (returnedNs === Infinity)
          return now >= leftNs + BYE_NS ? (goneFor(others, leaver) ?? notHeld(world, layout, others)) : null;
        const { isMember, isSilent } = facts.of(leaver);
        if (memberNs === Infinity && now > returnedNs && isMember && !isSilent) memberNs = now;
        const problem = now > memberNs + JOIN_NS ? wellNot() : null;
        return problem && `${problem}, ${JOIN_NS / MS} ms after ${nameOf(leaver)} became a member`;
      },
      missing: () =>
        returnedNs === Infinity
          ? `${nameOf(leaver)} has not left`
          : world.nowNs > returnedNs
            ? wellNot()
            : "it is away",
    };
  };

  const idle: Drill = {
    name: "idle",
    rule: "a node that has nothing to do sends less than 1 kB/s, and 2 kB/s more for a service address",
    begin: () => {
      const fromNs = world.nowNs + IDLE_NS - IDLE_COUNTED_NS;
      if (world.nodes.some(({ copiedNs }) => fromNs < copiedNs + COPY_TOLD_NS)) return null;
      const bytesOf = world.nodes.map(() => 0);
      let strange: string | null = null;
      const refused = (): number[] =>
        world.core.map((index) =>
          REFUSALS.reduce((sum, name) => sum + (world.nodes[index]!.memory.word(layout.address(name)) ?? 0), 0),
        );
      let before: readonly number[] | null = null;
      return {
        lastsNs: IDLE_NS,
        frame: ({ cable, toSwitch, sentNs, bytes }) => {
          if (!toSwitch || sentNs < fromNs || !world.nodes[cable]) return;
          const packet = clusterPacketOf(bytes);
          const [kind = 0, flags = 0] = [packet?.[5], packet?.[7]];
          // Who cannot agree on new members tries it again, ever more rarely.
          if (PROPOSING.has(kind) && !canAgree(world, layout)) return;
          bytesOf[cable]! += bytes.length;
          if (BUSY_KINDS.has(kind) || (kind === REPORT && (flags & ASK) !== 0))
            strange ??= `${nameOf(cable)} says a packet of kind ${kind}, flags ${flags}, though nothing happens`;
        },
        wrong: () => {
          if (world.nowNs >= fromNs) before ??= refused();
          if (strange !== null || world.nowNs < fromNs + IDLE_COUNTED_NS) return strange;
          const after = refused();
          const refuser = world.core.find((_, at) => after[at] !== before?.[at]);
          if (refuser !== undefined) return `${nameOf(refuser)} refuses what members say, though nothing happens`;
          const holders = [...holdersOf(world, layout).values()];
          for (const index of world.core) {
            const held = holders.filter((those) => those.includes(index)).length;
            const most = IDLE_BYTES + held * HOLDER_BYTES;
            const rate = Math.round(bytesOf[index]! / (IDLE_COUNTED_NS / 1e9));
            if (rate > most) return `${nameOf(index)} sends ${rate} bytes a second, though nothing happens`;
          }
          return wellNot();
        },
      };
    },
  };

  const still: Drill = {
    name: "stood still",
    rule: "a holder that stood still does not answer for an address that another has by now",
    begin: (random) => {
      const [holder] = random.pickAny([...holdersOf(world, layout).values()]) ?? [];
      if (holder === undefined || world.core.length < 2) return null;
      const lengthNs = (700 + random.below(1500)) * MS;
      const health = healthOf(world.core);
      const freeze = new Once(act(holder, "freeze", lengthNs));
      const asked = asker();
      return {
        lastsNs: lengthNs + 700 * MS,
        step: () => {
          asked.ask();
          return freeze.take();
        },
        wrong: () => asked.unanswered(TAKEOVER_NS + TAKEOVER_HEALTH_NS * health),
      };
    },
  };

  const race: Drill = {
    name: "race",
    rule: "of values that all set at once each counts, and all come to have the same",
    begin: (random) => {
      const numbers = world.core.map((index) => agreedValues(world, layout, index)?.number ?? 0);
      if (!canAgree(world, layout)) return null;
      const least = Math.max(...numbers) + 1;
      const spread = random.pick([1, 10, 60]);
      let due = world.core.map((index) => ({ index, atNs: world.nowNs + random.below(spread) * MS }));
      return {
        lastsNs: AGREE_NS,
        step: () => {
          const now = due.filter(({ atNs }) => atNs <= world.nowNs);
          due = due.filter(({ atNs }) => atNs > world.nowNs);
          return now.map(({ index }) => act(index, "type", `cloud set race ${index}\r`));
        },
        missing: () => {
          if (due.length > 0) return "not all have set it";
          const all = world.core.map((index) => agreedValues(world, layout, index));
          if (all.some((agreed) => (agreed?.number ?? 0) < least)) return "what was set does not count";
          return all.every((agreed) => agreed?.digest === all[0]?.digest) ? null : "not all have the same values";
        },
      };
    },
  };

  const older: Drill = {
    name: "older disk",
    rule: "with an older copy of its disk a node goes on above the highest age that a member knows",
    begin: (random) => {
      const withDisk = world.core.filter((one) => facts.of(one).hasDisk);
      if (world.core.length < 2 || withDisk.length === 0) return null;
      const index = random.pick(withDisk);
      const known = facts.of(index).age;
      const joins = keysOf(world, layout).joins(index);
      const begin = new Once(act(index, "older"), act(index, "power"));
      return {
        lastsNs: OLDER_NS,
        hasPerson: true,
        step: () => begin.take(),
        missing: () => {
          if (!begin.isDone || !facts.of(index).isMember) return `${nameOf(index)} is no member again`;
          const problem = wellNot();
          if (problem !== null) return problem;
          const { age } = facts.of(index);
          return age > known || keysOf(world, layout).joins(index) !== joins
            ? null
            : `${nameOf(index)} goes on with age ${age}, and the others knew age ${known}`;
        },
      };
    },
  };

  const { lives } = livesApart(world, layout, wellNot);
  const { say } = deceits({ world, layout, stranger, recorder, wellNot });
  return {
    all: [
      death,
      unwell,
      goodbye,
      idle,
      still,
      race,
      older,
      ...addressDrills(world, layout, stranger),
      ...lives,
      ...say,
      ...keyDrills({ world, layout, stranger, recorder, wellNot }),
      cloneDrill(world, layout),
      forkDrill(world, layout),
      forkFilesDrill(world, layout),
      jobDrill(world, layout),
      upgradeDrill(world, layout, wellNot),
      pushDrill(world, layout, wellNot),
      ...(isMixed ? [rollingDrill(world, layout, wellNot)] : []),
    ],
    frame: (frame) => recorder.frame(frame),
  };
}
