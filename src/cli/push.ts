/**
 * `qure push`: puts a module into running machines of this host's cluster, as its sources are now, and keeps it there
 * over reboots (docs/protocols/push.md).
 */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { ConsoleAsk } from "../cloud/console-push.ts";
import type { PushedModule } from "../cloud/pushes.ts";
import type { CloudRequest, PushStatus } from "../vm/protocol.ts";
import { isModuleName } from "../wire/cluster-packet.ts";
import type { ModuleOptions } from "./build.ts";
import { notAnyRunning, settled } from "./cloud.ts";
import { UsageError } from "./fail.ts";
import { consolePlace, pushAtConsole } from "./push/console.ts";
import { type Common, type Context, type Result, runVerb, withCommon } from "./vm/context.ts";
import { table } from "./volume/show.ts";

interface PushOptions extends Common, ModuleOptions {
  readonly keep?: boolean;
  readonly undo?: boolean;
  readonly status?: boolean;
  /** Where the machine's console is; null: it is a member of the cluster, and reached by the network. */
  readonly console?: string;
}

const SECONDS_TO_2000 = 946_684_800;

export function declare(command: Command): void {
  const collected = (text: string, previous: readonly string[]): readonly string[] => [...previous, text];
  withCommon(command)
    .argument("[words...]", "a module, and the nodes that are to run it: names, addresses, ids, or all")
    .addOption(new Option("--status", "say what is pushed at nodes, and since when").conflicts(["undo", "keep"]))
    .addOption(new Option("--undo", "put back what was there before the last push").conflicts("keep"))
    .option(
      "--console <where>",
      "over a console, not the network: a machine of qure vm, a device, tcp:HOST:PORT, unix:PATH",
    )
    .option("--keep", "run it also after an upgrade to another kernel")
    .option("--source <dir>", "folder that holds the system", ".")
    .addOption(new Option("--packaged", "of QuRe's own sources, which came with this command").conflicts("source"))
    .option("--config <file>", "the spec, in the place of build.json and build.local.json")
    .option("--set <key=value>", "a value of the spec, such as modules.http=../my-http; may be repeated", collected, [])
    .option("-o, --output <dir>", "where the module goes", "build")
    .addHelpText(
      "after",
      "\nExamples:\n  qure push http all\n  QURE_HTTP_DIR=../my-http qure push http web-1 web-2\n  qure push --status\n  qure push http --console tcp:127.0.0.1:4444\n",
    )
    .action((words: readonly string[], options: PushOptions) => {
      const verb = options.status ? status : options.undo ? undo : push;
      return runVerb(verb, words, options);
    });
}

/** The module, and the nodes. */
function asked(
  words: readonly string[],
  options: PushOptions,
): { readonly name: string; readonly nodes: readonly string[] } {
  const [name, ...nodes] = words;
  if (options.console !== undefined) consolePlace(options.console);
  if (options.console !== undefined && (name === undefined || nodes.length > 0))
    throw new UsageError("name one module alone: --console says where it goes");
  if (name === undefined || (nodes.length === 0 && options.console === undefined))
    throw new UsageError("name a module, and one or more nodes, or all");
  if (!isModuleName(name)) throw new UsageError(`${name}: a module has a name of 1 to 12 letters, digits and -`);
  return { name, nodes };
}

async function push(context: Context, words: readonly string[], options: PushOptions): Promise<Result> {
  const { name, nodes } = asked(words, options);
  const { builtModule } = await import("./build.ts");
  const keeps = options.keep === true;
  const built = builtModule(name, options);
  if (options.console !== undefined) {
    const { content } = await built;
    const pushed = await atConsole(context, options.console, { verb: "push", name, content, keeps });
    return resultOf(pushed, `${name}, ${content.length} bytes`, name);
  }
  const [{ path, content }] = await Promise.all([built, settled(context)]);
  const request = { verb: "push", nodes, name, path: resolve(path), keeps } as const;
  return resultOf(await owned(context, request), `${name}, ${content.length} bytes`, name);
}

async function undo(context: Context, words: readonly string[], options: PushOptions): Promise<Result> {
  const { name, nodes } = asked(words, options);
  const what = `${name} as it was before`;
  if (options.console !== undefined)
    return resultOf(await atConsole(context, options.console, { verb: "undo", name }), what, name);
  await settled(context);
  return resultOf(await owned(context, { verb: "unpush", nodes, name }), what, name);
}

async function status(context: Context, words: readonly string[], options: PushOptions): Promise<Result> {
  if (options.console !== undefined && words.length > 0) throw new UsageError("--console says which machine it is");
  const { nodes } =
    options.console === undefined ? await statusOf(context, words) : await atConsole(context, options.console, LOOK);
  const rows = nodes.flatMap(({ node, revision, outcome }) =>
    outcome.result === "done" ? outcome.modules.map((module) => rowOf(node, revision, module)) : [],
  );
  const failed = nodes.flatMap(({ node, outcome }) => (outcome.result === "done" ? [] : [`${node}: ${outcome.why}`]));
  const text =
    rows.length === 0
      ? "every node that answers runs what its image has"
      : table(["NODE", "MODULE", "DIGEST", "BYTES", "SINCE", "IS"], rows);
  return { json: { nodes }, text, failed };
}

const LOOK = { verb: "look" } as const;

async function statusOf(context: Context, words: readonly string[]): Promise<PushStatus> {
  await settled(context);
  return owned(context, { verb: "pushed", nodes: words.length === 0 ? ["all"] : words });
}

/** The console's machine, as the network's nodes are told of. */
async function atConsole(context: Context, where: string, ask: ConsoleAsk): Promise<PushStatus> {
  const outcome = await pushAtConsole(context, where, ask);
  // The machine says of each what it was pushed for, and not which revision it runs itself.
  const revision = outcome.result === "done" ? (outcome.modules.at(-1)?.revision ?? 0) : 0;
  return { nodes: [{ node: where, id: "", revision, outcome }] };
}

function rowOf(node: string, revision: number, module: PushedModule): string[] {
  const since = new Date((module.since + SECONDS_TO_2000) * 1000).toISOString().slice(0, 19);
  const words = [
    module.isProgram ? "a program" : "",
    module.isKept ? "kept" : "",
    module.hasBefore ? "after another push" : "",
    module.revision === revision ? "" : `of revision ${module.revision}`,
  ];
  const is = words.filter(Boolean).join(", ");
  return [node, module.name, module.digest, `${module.sizeBytes}`, `${since}Z`, is];
}

function resultOf({ nodes }: PushStatus, what: string, name: string): Result {
  const lines = nodes.flatMap(({ node, outcome }) => {
    if (outcome.result !== "done") return [];
    const away = outcome.awayUs === null ? "" : `, away for ${(outcome.awayUs / 1000).toFixed(1)} ms`;
    return [`${node}: ${what}${away}`];
  });
  const failed = nodes.flatMap(({ node, outcome }) =>
    outcome.result === "done" ? [] : [`${node}: ${name}: ${outcome.why}; what was there before goes on`],
  );
  return { json: { nodes }, text: lines.join("\n"), failed };
}

async function owned(context: Context, request: CloudRequest): Promise<PushStatus> {
  const answer = await context.owner.ask(request, context.timeoutMs);
  if (answer !== null) return answer as PushStatus;
  throw notAnyRunning(context);
}
