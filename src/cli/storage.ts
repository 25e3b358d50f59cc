/** `qure storage`: the roles that serve volumes, as processes of this host. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { BackgroundError, startInBackground } from "../host/background.ts";
import { makeFolder } from "../host/folder.ts";
import {
  askRole,
  configurationPaths,
  endRole,
  logOf,
  readStorage,
  type Storage,
  serveRole,
  socketOf,
} from "../host/storage-role.ts";
import type { RoleStatus } from "../volume/remote/client.ts";
import type { RoleSettings } from "../volume/remote/configuration.ts";
import { CommandError, UsageError } from "./fail.ts";
import {
  declareOptions,
  flag,
  type OptionValues,
  optional,
  readOptions,
  text,
  wholeNumber,
  withDefault,
} from "./option-table.ts";

const STORAGE_OPTIONS = {
  config: optional({
    flags: "--config <file>",
    help: "which roles there are",
    group: "Storage",
    parse: text,
    defaultText: "$QURE_STORAGE_CONFIG, ~/.config/qure/storage.conf, /etc/archipelago/archipelago.conf",
  }),
  user: flag({ flags: "-u, --user", help: "processes of the user only, as all of them are", group: "Storage" }),
  timeout: withDefault({
    flags: "--timeout <seconds>",
    help: "how long a role may take to start, stop or answer",
    group: "Storage",
    parse: wholeNumber(1, 3600),
    default: "70",
  }),
  json: flag({ flags: "--json", help: "print one JSON value", group: "Storage" }),
};

type Options = OptionValues<typeof STORAGE_OPTIONS>;

interface Shown {
  readonly role: string;
  readonly kind: RoleSettings["kind"];
  readonly state: "running" | "stopped" | "no answer";
  readonly socket: string;
  readonly log: string;
  readonly status: RoleStatus | null;
}

const EXAMPLE = `
Example of a configuration:
  roles = [('blockerb', 'blocker'), ('mapperd', 'mapper')]
  blockerb = { 'portno': 0, 'archip_dir': '/srv/volumes' }
  mapperd = { 'portno': 1, 'blockerb_port': 0, 'blockerm_port': 0 }

Examples:
  qure storage start
  qure storage restart mapperd
  qure storage status --json
`;
const STATUS_MS = 3_000;

type Action = (storage: Storage, roles: readonly RoleSettings[], options: Options) => Promise<readonly Shown[]>;

export function declare(command: Command): void {
  const add = (usage: string, summary: string, action: Action): void => {
    declareOptions(command.command(usage).description(summary).exitOverride(), STORAGE_OPTIONS)
      .addHelpText("after", `\nExample:\n  qure storage ${usage.split(" ")[0]}\n`)
      .action(async (name: string | undefined, found: Readonly<Record<string, unknown>>) => {
        const options = readOptions(STORAGE_OPTIONS, found);
        const storage = storageOf(options);
        show(await action(storage, rolesOf(storage, name), options), options);
      });
  };
  add("start [role]", "start roles", start);
  add("stop [role]", "stop them", stop);
  add("restart [role]", "stop and start", async (storage, roles, options) => {
    await stop(storage, roles, options);
    return start(storage, roles, options);
  });
  add("status [role]", "say which run", async (storage, roles, { timeout }) =>
    Promise.all(roles.map((role) => look(storage, role, Math.min(timeout * 1000, STATUS_MS)))),
  );
  declareOptions(
    command.command("serve <role>").description("be a role, until somebody stops it").exitOverride(),
    STORAGE_OPTIONS,
    ["config"],
  )
    .addHelpText("after", "\nExample:\n  qure storage serve mapperd\n")
    .action(async (name: string, found: Readonly<Record<string, unknown>>) => {
      const storage = storageOf(readOptions(STORAGE_OPTIONS, found));
      const [role] = rolesOf(storage, name);
      await serveRole(storage, role!, process.env);
      process.exit(0);
    });
  command.addHelpText("after", EXAMPLE);
}

function storageOf({ config }: Pick<Options, "config">): Storage {
  const storage = readStorage(config, process.env);
  if (storage !== null) return storage;
  throw new CommandError(
    `there is no configuration: write ${configurationPaths(process.env)[0]} as "qure storage --help" shows it, or name one by --config`,
  );
}

/** The roles that are processes: all, or the one of this name. */
function rolesOf(storage: Storage, name: string | undefined): readonly RoleSettings[] {
  const processes = storage.roles.filter(({ kind }) => kind !== "vlmc");
  if (name === undefined) return processes;
  const role = storage.roles.find((one) => one.name === name);
  if (role === undefined)
    throw new UsageError(`${storage.path} has no role ${name}: it has ${processes.map((one) => one.name).join(", ")}`);
  if (role.kind === "vlmc") throw new UsageError(`${name} is no process: it says which roles "qure vlmc" uses`);
  return [role];
}

async function look(storage: Storage, role: RoleSettings, waitMs: number): Promise<Shown> {
  const shown = {
    role: role.name,
    kind: role.kind,
    socket: socketOf(storage, role.firstPort),
    log: logOf(storage, role.name),
  };
  try {
    const status = await askRole(storage, role, waitMs);
    return { ...shown, state: status === null ? "stopped" : "running", status };
  } catch {
    return { ...shown, state: "no answer", status: null };
  }
}

const start: Action = async (storage, roles, options) => {
  const started: Shown[] = [];
  // In the order of the list: a mapper wants its blockers.
  for (const role of roles) {
    const before = await askRole(storage, role, options.timeout * 1000);
    if (before === null) await startOne(storage, role, options);
    started.push(await look(storage, role, options.timeout * 1000));
  }
  return started;
};

async function startOne(storage: Storage, role: RoleSettings, options: Options): Promise<void> {
  makeFolder(storage.runFolder, 0o700);
  const threads = role.threads === null ? {} : { UV_THREADPOOL_SIZE: `${role.threads}` };
  const withinMs = options.timeout * 1000;
  await startInBackground({
    args: [process.argv[1]!, "storage", "serve", role.name, "--config", resolve(storage.path)],
    env: { ...process.env, ...threads },
    log: logOf(storage, role.name),
    withinMs,
    ask: () => askRole(storage, role, withinMs),
  }).catch((error: unknown) => {
    if (!(error instanceof BackgroundError)) throw error;
    const { isMute, message } = error;
    throw new CommandError(`${role.name}${isMute ? "" : " does not start"}: ${message}`);
  });
}

const stop: Action = async (storage, roles, options) => {
  const reversed = [...roles].reverse();
  for (const role of reversed) await endRole(storage, role, options.timeout * 1000);
  return Promise.all(reversed.map((role) => look(storage, role, STATUS_MS)));
};

function show(shown: readonly Shown[], { json }: Options): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  const width = Math.max(...shown.map(({ role }) => role.length));
  for (const { role, kind, state, status } of shown) {
    const since =
      status === null ? "" : `  since ${new Date(status.sinceMs).toISOString().slice(0, 19)}Z  ${status.place}`;
    process.stdout.write(`${role.padEnd(width)}  ${kind.padEnd(7)}  ${state}${since}\n`);
  }
}
