/** `qure vlmc`: volumes in the words of Archipelago's manual. */
import type { Command } from "commander";
import { declare as declareVolume } from "./volume.ts";

export function declare(command: Command): void {
  declareVolume(command, true);
}
