/** What QuRe's cluster has agreed on: of one number there are one people's values only, and no node goes back. */
import { factsOf } from "./cluster-facts.ts";
import type { Invariant } from "./invariant.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import type { World } from "./world.ts";

/** Of the object `cluster_values`: docs/protocols/cluster-values.md. */
const NUMBER = 8;
/** Of the record by which the kernel keeps it (asm/include/history.inc). */
const KEPT_ON_DISK = 28;
const DIGEST = 12;

interface Agreed {
  readonly number: number;
  readonly digest: number;
}

/** What a node holds for agreed; null when it has no memory. */
export function agreedValues(world: World, layout: KernelLayout, index: number): Agreed | null {
  const { memory } = world.nodes[index]!;
  const at = layout.address("values");
  const number = memory.word(at + NUMBER);
  const digest = memory.word(at + DIGEST);
  return number === null || digest === null ? null : { number, digest };
}

export function agreesOnce(layout: KernelLayout): Invariant {
  return {
    name: "values",
    kind: "wrong",
    rule: "of each number there are the same values on all nodes, and no node goes back behind one that it had on disk",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const kept = layout.address("kept_values");
      const digests = new Map<number, number>();
      const last = world.nodes.map(() => 0);
      // A voter that forgets its votes, as its disk does, may vote twice.
      let forgot = false;
      return {
        before: ({ word, node }) => {
          if (word !== "older") return null;
          forgot = true;
          last[node] = 0;
          return null;
        },
        look: () => {
          for (const { index, name } of world.nodes) {
            const { isMember, hasDisk } = facts.of(index);
            const agreed = isMember && hasDisk ? agreedValues(world, layout, index) : null;
            if (agreed === null || agreed.number === 0) continue;
            const { number, digest } = agreed;
            if (number < last[index]!) return `${name} has values ${number} after values ${last[index]}`;
            if (world.nodes[index]!.memory.word(kept + KEPT_ON_DISK) === digest) last[index] = number;
            if (forgot) continue;
            const known = digests.get(number) ?? digest;
            digests.set(number, known);
            if (known !== digest) return `${name} has other values ${number} than somebody had`;
          }
          return null;
        },
      };
    },
  };
}
