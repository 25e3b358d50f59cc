/** What the verbs of `qure backup` and `qure restore` have in common. */
import type { Command } from "commander";
import { ConfigurationError } from "../../vm/configuration.ts";
import { MachineError } from "../../vm/host/home.ts";
import { NameError } from "../../vm/name.ts";
import { VolumeError } from "../../volume/model.ts";
import { StoreError } from "../../volume/store.ts";
import { CommandError, say, UsageError } from "../fail.ts";
import { Context } from "../vm/context.ts";

export interface Common {
  readonly cluster?: string;
  readonly store?: string;
  readonly json?: boolean;
  /** Archives that others build on. */
  readonly base?: readonly string[];
  readonly part?: string;
  readonly boot?: boolean;
}

export interface Said {
  readonly json: unknown;
  readonly text: string;
  /** What is not as it should be, a line each: exit code 1. */
  readonly failed?: readonly string[];
}

export interface BackupVerb {
  readonly usage: string;
  readonly summary: string;
  readonly example: string;
  /** What is meant without the verb's name. */
  readonly isDefault?: boolean;
  options?(command: Command): Command;
  run(context: Context, names: readonly string[], options: Common & Pick<Required<Common>, "base">): Promise<Said>;
}

export const baseOption = (command: Command): Command =>
  command.option(
    "--base <archive>",
    "one that it builds on, if that is not beside it",
    (path: string, all: readonly string[]) => [...all, path],
    [] as readonly string[],
  );

export function addBackupVerb(command: Command, verb: BackupVerb): void {
  const { usage, summary, example, isDefault = false } = verb;
  const added = command
    .command(usage, { isDefault })
    .description(summary)
    .exitOverride()
    .option("-c, --cluster <name>", "of which cluster (default: $QURE_CLUSTER, main)")
    .addHelpText("after", `\nExample:\n  qure backup ${example}\n`);
  verb.options?.(added);
  runBy(added, verb.run);
}

/** Has a command do this, and print what comes of it. */
export function runBy(command: Command, run: BackupVerb["run"]): void {
  command.option("--json", "print one JSON value").action(async (...given: unknown[]) => {
    const options = given.at(-2) as Common;
    const names = given
      .slice(0, -2)
      .flat()
      .filter((name) => name !== undefined) as string[];
    // Disks that are volumes are opened by their names alone.
    if (options.store !== undefined) process.env["QURE_STORE"] = options.store;
    const {
      json,
      text,
      failed = [],
    } = await inContext(options, (context) => run(context, names, { ...options, base: options.base ?? [] }));
    if (options.json) process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
    else if (text !== "") process.stdout.write(`${text}\n`);
    for (const line of failed) say("error", line);
    if (failed.length > 0) throw new CommandError("");
  });
}

async function inContext(options: Common, action: (context: Context) => Promise<Said>): Promise<Said> {
  try {
    const { cluster } = options;
    const context = new Context(cluster === undefined ? {} : { cluster });
    try {
      return await action(context);
    } finally {
      await context.close();
    }
  } catch (error) {
    if (error instanceof NameError || error instanceof RangeError) throw new UsageError(error.message);
    const isKnown = [ConfigurationError, MachineError, VolumeError, StoreError].some((kind) => error instanceof kind);
    throw isKnown ? new CommandError((error as Error).message) : error;
  }
}
