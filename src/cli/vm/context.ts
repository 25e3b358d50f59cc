/** What all verbs of `qure vm` have in common: which cluster and machines, and how it is said what came out. */
import type { Command } from "commander";
import { openHostVolumes } from "../../host/volume-host.ts";
import { openStore } from "../../host/volume-place.ts";
import { ConfigurationError } from "../../vm/configuration.ts";
import { type Found, OwnerClient } from "../../vm/host/client.ts";
import { type Disks, Home, type Machine, MachineError } from "../../vm/host/home.ts";
import { compareKeys, NameError, parseKey } from "../../vm/name.ts";
import type { MachineStatus, Request } from "../../vm/protocol.ts";
import { VolumeError, type Volumes } from "../../volume/model.ts";
import { StoreError } from "../../volume/store.ts";
import { CommandError, say, UsageError } from "../fail.ts";

/** Of what `--json` prints (docs/formats/machine.md). */
const SCHEMA = "qure-vm-1";
const OWN_CLUSTER = "main";

export interface Common {
  readonly cluster?: string;
  readonly json?: boolean;
  readonly timeout?: number;
}

export interface Result {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Of a command that was run in a machine. */
  readonly exitCode?: number;
  /** What could not be done, a line each; the rest is done. */
  readonly failed?: readonly string[];
}

export interface Verb {
  readonly usage: string;
  readonly summary: string;
  readonly example: string;
  readonly aliases?: readonly string[];
  options?(command: Command): Command;
  run(context: Context, args: readonly string[], options: never): Promise<Result>;
}

const DEFAULT_TIMEOUT_S = 60;

/** One cluster, for one command. */
export class Context {
  readonly home: Home;
  readonly owner: OwnerClient;
  readonly timeoutMs: number;
  readonly isJson: boolean;
  readonly #opened = new Map<string, Promise<{ readonly volumes: Volumes; close(): void }>>();

  constructor({ cluster, timeout = DEFAULT_TIMEOUT_S, json = false }: Common) {
    this.home = Home.of(cluster ?? (process.env["QURE_CLUSTER"] || OWN_CLUSTER), process.env);
    this.owner = new OwnerClient(this.home, process.env);
    this.timeoutMs = timeout * 1000;
    this.isJson = json;
  }

  /** Of this host. */
  volumes(): Promise<Volumes> {
    return this.#volumesAs(process.env["QURE_MACHINE"] ?? "");
  }

  /** The same in the name of a machine, whose own disk is locked for it. */
  volumesOf({ configuration }: Machine): Promise<Volumes> {
    return this.#volumesAs(configuration!.id);
  }

  async #volumesAs(machine: string): Promise<Volumes> {
    const env = { ...process.env, QURE_MACHINE: machine };
    const opened =
      this.#opened.get(machine) ??
      openStore(null, env, { onTrouble: (text) => say("warning", text) }).then((store) => ({
        volumes: openHostVolumes(store, env),
        close: () => (store as { close?: () => void }).close?.(),
      }));
    this.#opened.set(machine, opened);
    return (await opened).volumes;
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) (await opened.catch(() => null))?.close();
  }

  readonly disks: Disks = {
    remove: async (volume) => {
      const volumes = await this.volumes();
      try {
        // It is the machine's alone, and the machine goes.
        await volumes.unlock(volume, { force: true });
        await volumes.remove(volume);
      } catch (error) {
        if (!(error instanceof VolumeError && error.trouble === "missing")) throw error;
      }
    },
  };

  change<Made>(action: () => Promise<Made>): Promise<Made> {
    return this.home.change(process.env, this.disks, action);
  }

  /** Machines as they are named: keys, or `all`. */
  machines(names: readonly string[]): Machine[] {
    if (names.length === 0) throw new UsageError("name one or more machines, or all");
    const found = names.flatMap((name) => (name === "all" ? this.home.machines() : [this.home.find(parseKey(name))]));
    return [...new Map(found.map((machine) => [machine.folder, machine])).values()].sort((a, b) =>
      compareKeys(a.key, b.key),
    );
  }

  machine(name: string): Machine {
    return this.home.find(parseKey(name));
  }

  async state(machine: Machine): Promise<MachineStatus> {
    return (await this.look(machine)).status;
  }

  /** What it is, and of whom that is known. */
  async look(machine: Machine): Promise<{ readonly owner: Found; readonly status: MachineStatus }> {
    const { owner, statuses } = await this.owner.states([machine]);
    return { owner, status: statuses.get(machine.key)! };
  }

  /** Asks the owner for something of a machine that runs. */
  async ask(request: Request): Promise<unknown> {
    const answer = await this.owner.ask(request, this.timeoutMs);
    if (answer === null && "key" in request)
      throw new MachineError(`machine ${request.key} is not running: "qure vm start ${request.key}"`);
    return answer;
  }
}

const seconds = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value <= 86_400)) throw new UsageError(`--timeout ${text}: write seconds, up to 86400`);
  return value;
};

/** Declares one verb. */
export function addVerb(
  command: Command,
  { usage, summary, example, aliases = [], options, run }: Verb,
  program = "vm",
): void {
  const added = withCommon(
    command
      .command(usage)
      .description(summary)
      .aliases([...aliases])
      .exitOverride(),
  ).addHelpText("after", `\nExample:\n  qure ${program} ${example}\n`);
  options?.(added);
  added.action(async (...given: unknown[]) => {
    const args = given
      .slice(0, -2)
      .flat()
      .filter((arg) => arg !== undefined) as string[];
    await runVerb(run, args, given.at(-2) as Common);
  });
}

/** Does what a verb does, and says what came out. */
export async function runVerb(run: Verb["run"], args: readonly string[], options: Common): Promise<void> {
  await asCommand(async () => {
    const context = new Context(options);
    try {
      show(await run(context, args, options as never), options);
    } finally {
      await context.close();
    }
  });
}

/** The options that all verbs have. */
export const withCommon = (command: Command): Command =>
  command
    .option("-c, --cluster <name>", `of which cluster (default: $QURE_CLUSTER, ${OWN_CLUSTER})`)
    .option("--timeout <seconds>", `how long to wait (default: ${DEFAULT_TIMEOUT_S})`, seconds)
    .option("--json", "print one JSON value");

function show({ json, text, failed = [], exitCode = failed.length > 0 ? 1 : 0 }: Result, options: Common): void {
  if (options.json) process.stdout.write(`${JSON.stringify({ schema: SCHEMA, ...json }, null, 2)}\n`);
  else if (text !== "") process.stdout.write(`${text}\n`);
  for (const line of failed) say("error", line);
  if (exitCode !== 0) throw new CommandError("", exitCode);
}

async function asCommand(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof NameError) throw new UsageError(error.message);
    if (error instanceof ConfigurationError || error instanceof MachineError) throw new CommandError(error.message);
    if (error instanceof VolumeError || error instanceof StoreError) throw new CommandError(error.message);
    throw error;
  }
}

/** Why nothing can be done with a machine in this state, and what helps. */
export function notRunning(
  key: string,
  { state, note }: Pick<MachineStatus, "state" | "note">,
  hint = "",
): MachineError {
  if (state === "no answer")
    return new MachineError(
      `machine ${key} does not answer: ${note ?? `whoever runs it is mute, so that nobody knows what it does: see "qure vm status ${key}"`}`,
    );
  const verb = state === "paused" ? "unpause" : "start";
  return new MachineError(`machine ${key} is ${state}: "qure vm ${verb} ${key}" first${hint}`);
}

/** What a machine's state is in `--json`. */
export const described = (machine: Machine, status: MachineStatus): Readonly<Record<string, unknown>> => ({
  machine: machine.key,
  number: machine.configuration?.number ?? null,
  name: machine.configuration?.name ?? null,
  driver: machine.configuration?.driver ?? null,
  disk: machine.configuration?.disk ?? null,
  folder: machine.folder,
  isRemoved: machine.isRemoved,
  ...status,
  key: undefined,
});
