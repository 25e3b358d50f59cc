/** `qure vm`: machines that go on when the command is over (docs/machines.md). */
import type { Command } from "commander";
import { Named } from "../vm/adoption.ts";
import { runDaemon } from "../vm/host/daemon.ts";
import { Home, MachineError } from "../vm/host/home.ts";
import { ADD_VERBS, scaleTo } from "./vm/add.ts";
import { CONSOLE_VERB } from "./vm/console.ts";
import { addVerb, Context, type Verb } from "./vm/context.ts";
import { KEEP_VERBS } from "./vm/keep.ts";
import { LINK_VERB } from "./vm/link.ts";
import { LOOK_VERBS } from "./vm/look.ts";
import { MOVE_VERB } from "./vm/move.ts";
import { POWER_VERBS } from "./vm/power.ts";
import { runIn, WAIT_VERBS } from "./vm/wait.ts";

/** Not for people: the process that runs a cluster's machines. */
const OWN: Verb = {
  usage: "own",
  summary: "run a cluster's machines in this process, as start does in the background",
  example: "own --cluster main",
  async run({ home }) {
    const cluster = Home.of(home.cluster, process.env);
    // All of the emulator: no other verb needs it.
    const { Owner } = await import("../vm/host/owner.ts");
    const wasOwner = await new Owner(cluster, process.env).run();
    process.exitCode = 0;
    return { json: { cluster: home.cluster, wasOwner }, text: "" };
  },
};

/** A word of a unit (systemd.syntax(7)): `%` and, in a command, `$` stand for something else. */
const unitWord = (word: string): string => `"${word.replace(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
const commandWord = (word: string): string =>
  /^[\w./:@,-]+$/.test(word) ? word : unitWord(word.replaceAll("$", "$$$$"));

/** Where machines and volumes are. systemd knows nothing of a shell's variables. */
const KEPT_VARIABLES = ["QURE_MACHINES", "QURE_STORE", "XDG_DATA_HOME"];

function environmentLines(): string {
  const kept = KEPT_VARIABLES.filter((name) => process.env[name]);
  return kept.map((name) => `Environment=${unitWord(`${name}=${process.env[name]}`)}\n`).join("");
}

/** What systemd is given, to start it with the host. */
const UNIT = (command: readonly string[]): string => `[Unit]
Description=QuRe's machines
After=network.target

[Service]
${environmentLines()}ExecStart=${command.map(commandWord).join(" ")}
Restart=on-failure
KillMode=process

[Install]
WantedBy=default.target`;

interface DaemonOptions {
  readonly unit?: boolean;
  readonly adopt?: string;
}

/** A machine that has a key already is another cluster's: nobody takes it away by saying that it is blank. */
async function typeCode(cluster: string, key: string, code: string): Promise<string> {
  const context = new Context({ cluster });
  const { text: status } = await runIn(context, key, "cloud");
  if (!/^open cluster: /m.test(status)) throw new MachineError("it has a key, and is not asked to take another");
  const { text } = await runIn(context, key, `cloud join ${code}`);
  return text.split("\n").at(-1)!;
}

const DAEMON: Verb = {
  usage: "daemon",
  summary: "start machines, keep their number, reset silent ones, give out the key",
  example: "daemon --unit > ~/.config/systemd/user/qure.service",
  options: (command) =>
    command
      .option("--unit", "print a unit for systemd")
      .option("--adopt <machines>", "give the cluster's key to these blank ones, too: names, MAC addresses, or all"),
  async run({ home }, _args, { unit = false, adopt }: DaemonOptions) {
    const named = new Named(adopt ?? "", home.cluster);
    // By its full name: what a service's PATH is, a person who has node elsewhere does not know.
    const command = [process.execPath, process.argv[1]!, "vm", "daemon"];
    const text = UNIT(adopt === undefined ? command : [...command, "--adopt", adopt]);
    if (unit) return { json: { unit: text }, text };
    const end = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end.abort());
    await runDaemon({
      env: process.env,
      signal: end.signal,
      say: (text) => void process.stdout.write(`${new Date().toISOString().slice(0, 19)}Z ${text}\n`),
      named,
      typeCode,
      scale: async (cluster) => {
        const context = new Context({ cluster });
        try {
          await context.home.scaling(process.env, { wait: false }, () => scaleTo(context, context.home.wanted ?? 0));
        } finally {
          await context.close();
        }
      },
    });
    return { json: {}, text: "" };
  },
};

export function declare(command: Command): void {
  for (const verb of [
    ...ADD_VERBS,
    ...LOOK_VERBS,
    ...POWER_VERBS,
    CONSOLE_VERB,
    ...WAIT_VERBS,
    ...KEEP_VERBS,
    DAEMON,
    MOVE_VERB,
    LINK_VERB,
    OWN,
  ])
    addVerb(command, verb);
  command.addHelpText("after", "\nExample:\n  qure build && qure vm launch web && qure vm console web\n");
}
