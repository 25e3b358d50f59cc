/** Drills that go on in steps: each begins when what the one before it wanted has come about. */
import type { Random } from "../../../emulator/state/random.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import type { Trial } from "../drill.ts";
import type { WireFrame, World } from "../world.ts";
import { aside } from "./aside.ts";

export interface DrillStep {
  /** What it wants comes within this; without `missing` it lasts so long. */
  readonly withinNs: number;
  /** Called once. */
  begin?(): readonly FaultAction[];
  /** Called at each look after that. */
  go?(): readonly FaultAction[];
  /** Every frame from the moment at which it has begun. */
  frame?(frame: WireFrame): void;
  wrong?(): string | null;
  missing?(): string | null;
}

export function staged(world: World, steps: readonly DrillStep[]): Trial {
  const left = [...steps];
  let sinceNs = world.nowNs;
  let isBegun = false;
  let late: string | null = null;
  return {
    lastsNs: steps.reduce((sum, { withinNs }) => sum + withinNs + 2 * world.lookNs, 0),
    step: () => {
      const [now] = left;
      if (!now) return [];
      if (isBegun) return now.go?.() ?? [];
      isBegun = true;
      sinceNs = world.nowNs;
      return now.begin?.() ?? [];
    },
    frame: (frame) => {
      if (isBegun) left[0]?.frame?.(frame);
    },
    wrong: () => {
      const [now] = left;
      if (!now || !isBegun) return late;
      const wrong = now.wrong?.() ?? null;
      if (wrong !== null) return wrong;
      const isOver = world.nowNs >= sinceNs + now.withinNs;
      const missing = now.missing?.() ?? null;
      if (missing === null && (now.missing || isOver)) {
        left.shift();
        isBegun = false;
      } else if (isOver) late = missing;
      return null;
    },
    isLate: () => late !== null,
    missing: () => late ?? (left.length > 0 ? "not all has been tried" : null),
  };
}

/** What is tried on the side, within a second from now (aside.ts). `judge`: what is wrong, or null. */
export function triedAside(world: World, random: Random, judge: () => string | null): Trial {
  let problem: string | null = null;
  const look = (): readonly FaultAction[] => {
    problem = aside(world.lab, judge);
    // How often a machine began anew is counted by the machine itself, which no earlier state takes back.
    for (const node of world.nodes) node.restarts = world.lab.nodes[node.index]!.machine.restarts;
    return [];
  };
  return staged(world, [
    { withinNs: random.below(1000) * 1e6 },
    { withinNs: world.lookNs, begin: look, wrong: () => problem },
  ]);
}
