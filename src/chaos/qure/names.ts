/** What members are called (docs/protocols/cluster.md, "Names"). */
import { formatNs } from "../../lab/time.ts";
import type { Invariant } from "../invariant.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";

/** Whoever is to take another name has done so by then: one of two that are firm waits for 10 s. */
const OWN_NAME_NS = 20e9;

export function ownNames(layout: KernelLayout): Invariant {
  return {
    name: "names",
    kind: "wrong",
    rule: `members with which nothing was wrong for ${formatNs(OWN_NAME_NS)} have different names`,
    watch: (world) => {
      const facts = factsOf(world, layout);
      /** By machine: in which life of the cluster, under which name, and since when. */
      const since = world.nodes.map(() => ({ called: "", ns: 0 }));
      return {
        look: () => {
          const called = new Map<string, string>();
          for (const { index, name } of world.nodes) {
            const { isMember, isSilent, era, founder, name: own } = facts.of(index);
            const now = isMember && !isSilent ? `${own} in era ${era} of ${founder}` : "";
            if (since[index]!.called !== now) since[index] = { called: now, ns: world.nowNs };
            const forNs = Math.min(world.cleanForNs(index), world.nowNs - since[index]!.ns);
            if (now === "" || forNs < OWN_NAME_NS) continue;
            const other = called.get(now);
            if (other !== undefined) return `${other} and ${name} are both called ${own}`;
            called.set(now, name);
          }
          return null;
        },
      };
    },
  };
}
