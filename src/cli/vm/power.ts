/** Machines go on and off: `start`, `stop`, `reset`, `pause`, `suspend`. */
import { rmSync } from "node:fs";
import { describeError } from "../../host/describe-error.ts";
import { endedPath, type Machine, MachineError, memoryPath } from "../../vm/host/home.ts";
import { folderName } from "../../vm/name.ts";
import { isMachineOn, type Request } from "../../vm/protocol.ts";
import { makeProgress } from "../progress.ts";
import { type Common, type Context, notRunning, type Result, type Verb } from "./context.ts";
import { lastLine } from "./wait.ts";

const POLL_MS = 25;

/** What was done to several machines, and what could not be: the others go on. */
async function each(
  context: Context,
  names: readonly string[],
  action: (machine: Machine) => Promise<string>,
): Promise<Result> {
  const machines = context.machines(names);
  const done: { readonly machine: string; readonly done: string }[] = [];
  const failed: { readonly machine: string; readonly error: string }[] = [];
  for (const machine of machines)
    try {
      done.push({ machine: machine.key, done: await action(machine) });
    } catch (error) {
      if (machines.length === 1) throw error;
      failed.push({ machine: machine.key, error: describeError(error) });
    }
  return {
    json: { machines: done, ...(failed.length > 0 ? { failed } : {}) },
    text: done.map((one) => `${folderName(one.machine)}: ${one.done}`).join("\n"),
    failed: failed.map(({ machine, error }) => `${folderName(machine)}: ${error}`),
  };
}

interface StartOptions extends Common {
  readonly discard?: boolean;
}

export function start(context: Context, names: readonly string[], { discard = false }: StartOptions): Promise<Result> {
  return each(context, names, (machine) => startOne(context, machine, discard));
}

async function startOne(context: Context, machine: Machine, discard: boolean): Promise<string> {
  if (machine.trouble !== null) throw new MachineError(machine.trouble);
  const { owner, status: before } = await context.look(machine);
  if (before.state === "no answer" && owner.kind === "here") throw notRunning(machine.key, before);
  if (isMachineOn(before)) return `is ${before.state} already`;
  if (discard) for (const suffix of ["", ".json"]) rmSync(memoryPath(machine) + suffix, { force: true });
  await context.owner.ensure();
  const answer = (await context.ask({ verb: "start", key: machine.key })) as { readonly wasRunning: boolean };
  if (answer.wasRunning) return "is running already";
  return before.state === "suspended" && !discard ? "goes on" : "started";
}

interface StopOptions extends Common {
  readonly kill?: boolean;
}

/** By the power button, and waits until the system has switched it off. */
async function stopOne(context: Context, machine: Machine, kill: boolean): Promise<string> {
  const { key } = machine;
  const { owner, status } = await context.look(machine);
  if (status.state === "suspended" && kill) {
    for (const suffix of ["", ".json"]) rmSync(memoryPath(machine) + suffix, { force: true });
    return "off; what was in its memory is gone";
  }
  if (status.state === "failed") {
    rmSync(endedPath(machine), { force: true });
    return "off";
  }
  if (status.state === "off") return "is off already";
  if (status.state === "suspended")
    throw new MachineError(
      `machine ${key} is suspended: start it first, or "qure vm stop --kill ${key}" to lose its memory`,
    );
  if (status.state === "no answer" && owner.kind === "none" && kill) {
    // The next owner begins with that.
    await context.owner.ensure();
    return "off: its power was cut";
  }
  if (status.state === "no answer" && !kill) throw notRunning(key, status);
  if (kill) {
    await context.ask({ verb: "kill", key });
    return "off: its power was cut";
  }
  if (status.state === "paused")
    throw new MachineError(`machine ${key} is paused: "qure vm unpause ${key}" first, or "qure vm stop --kill ${key}"`);
  await context.ask({ verb: "button", key });
  const progress = makeProgress(process.stderr);
  const untilMs = performance.now() + context.timeoutMs;
  try {
    for (;;) {
      progress.step(`waiting for ${folderName(key)} to switch itself off`);
      const { state } = await context.state(machine);
      if (state === "off" || state === "failed") return "off";
      if (performance.now() > untilMs)
        throw new MachineError(
          `machine ${key} did not switch itself off within ${context.timeoutMs / 1000} s after its power button; its console ends with: ${await lastLine(context, key)}\n"qure vm stop --kill ${key}" cuts its power`,
        );
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  } finally {
    progress.done();
  }
}

export function stop(context: Context, names: readonly string[], { kill = false }: StopOptions): Promise<Result> {
  return each(context, names, (machine) => stopOne(context, machine, kill));
}

const asked =
  (verb: "reset" | "pause" | "unpause" | "suspend", text: string): Verb["run"] =>
  (context, names) =>
    each(context, names, async ({ key }) => {
      await context.ask({ verb, key } as Request);
      return text;
    });

export const POWER_VERBS: readonly Verb[] = [
  {
    usage: "start <machines...>",
    summary: "switch machines on; those that are suspended go on",
    example: "start 7 web",
    options: (command) => command.option("--discard", "forget the memory of a suspended one"),
    run: start,
  },
  {
    usage: "stop <machines...>",
    summary: "press the power button and wait until the system has switched itself off",
    example: "stop web --timeout 20",
    options: (command) => command.option("--kill", "cut the power"),
    run: stop,
  },
  {
    usage: "restart <machines...>",
    summary: "stop machines, and start them",
    example: "restart web",
    // One that does not go off is not started.
    run: (context, names) =>
      each(context, names, async (machine) => {
        await stopOne(context, machine, false);
        return startOne(context, machine, false);
      }),
  },
  { usage: "reset <machines...>", summary: "press the reset button", example: "reset 7", run: asked("reset", "reset") },
  {
    usage: "pause <machines...>",
    summary: "have machines stand still",
    example: "pause web",
    run: asked("pause", "paused"),
  },
  {
    usage: "unpause <machines...>",
    summary: "have them go on",
    example: "unpause web",
    run: asked("unpause", "goes on"),
  },
  {
    usage: "suspend <machines...>",
    summary: "keep the memory of machines in a file, and switch them off",
    example: "suspend web",
    run: asked("suspend", "suspended"),
  },
  { usage: "resume <machines...>", summary: "have suspended machines go on", example: "resume web", run: start },
];
