/** Machines whose shells wait for a fork or a move (docs/protocols/fork.md), as their consoles tell. */
import type { FaultAction } from "../../lab/fault-kinds.ts";
import type { World } from "../world.ts";
import { isAtPrompt } from "./keys.ts";

/** So much of a console is looked at: more than a machine says while it waits. */
const TAIL = 4000;
/** What was typed last, and what the machine has said since. */
const LAST_COMMAND = /^[\s\S]*^\S+:\/\S*> /m;

/** It has asked for a twin, or gives itself up for one, and has not come to an end with that. */
export function isForking(world: World, index: number): boolean {
  if (!world.isOn(index) || isAtPrompt(world, index)) return false;
  const tail = world.lab.nodes[index]!.console.text.slice(-TAIL);
  return /^cloud (?:fork|migrate) /.test(tail.replace(LAST_COMMAND, ""));
}

/** What a person types where nothing comes of it any more. */
export function endFork(world: World, index: number): FaultAction[] {
  return isForking(world, index) ? [{ word: "type", node: index, values: ["\x03"] }] : [];
}
