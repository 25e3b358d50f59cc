/**
 * `qure/chaos`: campaigns of faults, with invariants of your own.
 */
export {
  type CampaignOptions,
  runGiven,
  runSeed,
  type SeedResult,
  type Summary,
  summarise,
} from "../chaos/campaign.ts";
export type { FailureKind, Invariant, Subject, Watch, Watchfulness, WorldEvent } from "../chaos/invariant.ts";
export { Stage } from "../chaos/stage.ts";
export type { WireFrame, World, WorldNode } from "../chaos/world.ts";
