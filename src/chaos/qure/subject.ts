/** QuRe's cluster as something to be put through faults: what must hold, who is who, and when it is well again. */
import type { LabCluster } from "../../lab/cluster.ts";
import { LEAVING } from "../../lab/fault-kinds.ts";
import type { Subject, WorldEvent } from "../invariant.ts";
import type { World } from "../world.ts";
import { clusterDrills } from "./drills.ts";
import { factsOf } from "./facts.ts";
import { endFork } from "./forking.ts";
import { FOUNDS_ALONE } from "./founding.ts";
import { keepsHistory } from "./history.ts";
import { clusterInvariants, clusterMissing } from "./invariants.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { keepsKernels } from "./kernels.ts";
import { isAtPrompt, keyInvariants, keysOf, Person } from "./keys.ts";
import { moveInvariants } from "./moving.ts";
import { ownNames } from "./names.ts";
import { PACKET_INVARIANTS, waitsLongEnough } from "./packets.ts";
import { speaksInTime, spreadsInTime } from "./promptness.ts";
import { addressesOf, heldByOne, oneHolder } from "./service-addresses.ts";
import { tablesHold } from "./tables.ts";
import { agreesOnce } from "./values.ts";
import { keepsPromises } from "./votes.ts";

/** Something that grows when it happens. */
function event(name: string, count: (world: World) => number): WorldEvent {
  return {
    name,
    watch: (world) => {
      let before = count(world);
      return () => {
        const now = count(world);
        const happened = now > before;
        before = now;
        return happened;
      };
    },
  };
}

/**
 * `make`: machines that agree, in this thread; those from `sparesFrom` on have been off all the time. `isMixed`: there
 * are two kernels on their disks; `isDiskless`: all but the first have none.
 */
export function clusterSubject(
  make: Subject["make"],
  layout: KernelLayout,
  sparesFrom: number,
  { isMixed = false, isDiskless = false }: { readonly isMixed?: boolean; readonly isDiskless?: boolean } = {},
): Subject {
  const all = (world: World) => factsOf(world, layout).all;
  const sum = (world: World, value: (facts: ReturnType<typeof all>[number]) => number): number =>
    all(world).reduce((total, facts) => total + value(facts), 0);
  const speaker = (world: World): number | null => {
    const index = all(world).findIndex(({ coordinates, isMember }) => coordinates && isMember);
    return index < 0 ? null : index;
  };
  return {
    make,
    sparesFrom,
    isDiskless,
    invariants: [
      ...clusterInvariants(layout),
      oneHolder(layout),
      heldByOne(layout),
      keepsHistory(layout),
      agreesOnce(layout),
      keepsPromises(layout),
      ...keyInvariants(layout),
      tablesHold(layout),
      ownNames(layout),
      ...PACKET_INVARIANTS,
      FOUNDS_ALONE,
      waitsLongEnough(layout),
      speaksInTime(layout),
      spreadsInTime(layout),
      ...(isMixed ? [keepsKernels(layout)] : []),
      ...(isDiskless ? moveInvariants(layout) : []),
    ],
    missing: (world) => clusterMissing(world, layout),
    mending: endFork,
    drills: (world) => clusterDrills(world, layout, () => clusterMissing(world, layout), isMixed),
    isUp: (world, index) => factsOf(world, layout).of(index).isUp,
    isAtPrompt,
    leaving: LEAVING,
    isApart: (world, index) => {
      const facts = factsOf(world, layout);
      return (
        keysOf(world, layout).isApart(index) ||
        facts.isMoving(index) ||
        facts.isMute(index) ||
        (isDiskless && facts.sharesAddress(index))
      );
    },
    person: (world) => {
      const person = new Person(world, layout);
      return () => person.take();
    },
    roles: {
      coordinator: speaker,
      founder: (world) => {
        const facts = factsOf(world, layout);
        const member = facts.all.find(({ isMember }) => isMember);
        return member === undefined ? null : (facts.indexOf(member.founder) ?? null);
      },
      holder: (world) => addressesOf(world, layout).holder(),
    },
    // Who answers a hello (docs/protocols/cluster.md, "The first responder").
    otherNames: { "first-responder": "coordinator" },
    events: [
      event("joined", (world) => sum(world, ({ isMember }) => (isMember ? 1 : 0))),
      event("died", (world) => -sum(world, ({ others }) => others)),
      event("seen", (world) => sum(world, ({ others }) => others)),
      event("era", (world) => Math.max(...all(world).map(({ era }) => era))),
      event("coordinates", (world) => sum(world, ({ coordinates }) => (coordinates ? 1 : 0))),
      event("up", (world) => sum(world, ({ isUp }) => (isUp ? 1 : 0))),
      event("key", (world) => world.nodes.reduce((sum, { index }) => sum + keysOf(world, layout).changes(index), 0)),
      event("address moved", (world) => addressesOf(world, layout).moves),
    ],
    watchfulness: {
      speaker,
      sees: (world, observer, other) => {
        const facts = factsOf(world, layout);
        const peer = facts.peers(observer)?.get(facts.ids[other]!);
        return peer === undefined ? null : peer.isAlive;
      },
    },
  };
}

/** Waits until all machines that are on are one cluster with one view. */
export async function untilAgreed(lab: LabCluster, world: World, layout: KernelLayout): Promise<void> {
  world.core = world.living;
  let missing: string | null = "nothing was looked at";
  await lab.until(
    () => (missing = clusterMissing(world, layout)) === null,
    "the machines did not become one cluster",
    { within: "120s" },
    () => missing ?? "",
  );
}
