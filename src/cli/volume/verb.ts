/** What all verbs of `qure volume` have in common: where the volumes are, and how what was found is printed. */
import type { Command } from "commander";
import { openHostVolumes } from "../../host/volume-host.ts";
import { openStore } from "../../host/volume-place.ts";
import type { Volumes } from "../../volume/model.ts";
import { VolumeError } from "../../volume/model.ts";
import { StoreError } from "../../volume/store.ts";
import { CommandError, say, UsageError } from "../fail.ts";

export interface Common {
  readonly json?: boolean;
  readonly store?: string;
}

export interface Result {
  readonly json: unknown;
  readonly text: string;
  /** What was looked for was found, and is bad: exit code 1. */
  readonly isBad?: boolean;
}

export interface Verb {
  readonly usage: string;
  readonly summary: string;
  readonly example: string;
  /** It may be the first thing that is done in a folder. */
  readonly isFirst?: boolean;
  options?(command: Command): Command;
  action(volumes: Volumes, names: readonly string[], options: never, place: string): Promise<Result>;
}

/** Declares one verb; `run` gets its arguments and its options. */
export function addVerb<Options extends Common>(
  command: Command,
  program: string,
  { usage, summary, example, options }: Omit<Verb, "action">,
  run: (names: readonly string[], options: Options) => Promise<void>,
): void {
  const added = command
    .command(usage)
    .description(summary)
    .exitOverride()
    .option("--store <place>", "a folder, s3://BUCKET/PREFIX or role:NAME")
    .option("--json", "print one JSON value")
    .addHelpText("after", `\nExample:\n  qure ${program} ${example}\n`);
  options?.(added);
  const count = usage.split(" ").length - 1;
  added.action(async (...given: unknown[]) => {
    const names = given.slice(0, count) as string[];
    await asCommand(() => run(names, given[count] as Options));
  });
}

/** Errors of volumes and stores in the form of all commands. */
async function asCommand(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof VolumeError || error instanceof StoreError) throw new CommandError(error.message);
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** Opens what `--store`, or the environment, names. */
export async function openPlace(
  { store }: Common,
  create = false,
): Promise<{ readonly volumes: Volumes; readonly place: string; close(): void }> {
  const onTrouble = (text: string): void => say("warning", text);
  const opened = await openStore(store ?? null, process.env, { create, onTrouble });
  const close = (): void => (opened as { close?: () => void }).close?.();
  return { volumes: openHostVolumes(opened, process.env), place: opened.place, close };
}

export async function withVolumes(verb: Verb, names: readonly string[], options: Common): Promise<void> {
  const { volumes, place, close } = await openPlace(options, verb.isFirst);
  try {
    const { json, text, isBad = false } = await verb.action(volumes, names, options as never, place);
    process.stdout.write(options.json ? `${JSON.stringify(json, null, 2)}\n` : text === "" ? "" : `${text}\n`);
    if (isBad) throw new CommandError("something is damaged");
  } finally {
    close();
  }
}
