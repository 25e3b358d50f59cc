/**
 * `qure cloud`: the cluster of a host's machines from outside. What is read is what the nodes' own packets say; for
 * what is to change their owner asks a member, by the cluster's own protocol.
 */
import type { Command } from "commander";
import { MachineError } from "../vm/host/home.ts";
import type { CloudRequest, CloudStatus } from "../vm/protocol.ts";
import { EVENT_KINDS } from "../wire/cluster.ts";
import type { HistoryEvent } from "../wire/cluster-packet.ts";
import { UsageError } from "./fail.ts";
import { addVerb, type Common, type Context, type Result, type Verb } from "./vm/context.ts";
import { runIn } from "./vm/wait.ts";
import { table } from "./volume/show.ts";

const POLL_MS = 200;
const MOST_SETTLE_MS = 3_000;
const SECONDS_TO_2000 = 946_684_800;

export const notAnyRunning = ({ home }: Context): MachineError =>
  new MachineError(`no machine of cluster ${home.cluster} is running: "qure vm start all"`);

async function heard(context: Context): Promise<CloudStatus> {
  const status = (await context.owner.ask({ verb: "cloud" }, context.timeoutMs)) as CloudStatus | null;
  if (status !== null) return status;
  throw notAnyRunning(context);
}

/** An owner that has just begun to listen has not heard all that there is. */
export async function settled(context: Context): Promise<CloudStatus> {
  const untilMs = Date.now() + Math.min(context.timeoutMs, MOST_SETTLE_MS);
  for (;;) {
    const status = await heard(context);
    if ((status.parts.length > 0 && status.parts.every(({ isWhole }) => isWhole)) || Date.now() > untilMs)
      return status;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

const NO_KEY = 'nobody speaks as an open cluster; one with a key is heard after "qure cloud join"';
const OUTDATED = 'the cluster has another key now: "qure cloud join" gets it from a member';

async function status(context: Context): Promise<Result> {
  const found = await settled(context);
  const { parts, services, isOutdated, name } = found;
  const rows = parts.map(({ coordinator, era, founder, members, isWhole }) => [
    `${era}`,
    `${members.length}${isWhole ? "" : " or more"}`,
    members.find(({ id }) => id === coordinator)?.name ?? coordinator,
    founder,
  ]);
  const names = new Map(parts.flatMap(({ members }) => members.map(({ id, name }) => [id, name])));
  const lines = [
    rows.length === 0
      ? name === null
        ? NO_KEY
        : "nobody speaks as a cluster"
      : table(["ERA", "MEMBERS", "COORDINATOR", "FOUNDED BY"], rows),
    ...services.map(({ address, holder }) => `${address}: held by ${names.get(holder) ?? holder}`),
    ...(parts.length > 1 ? ["these do not hear each other"] : []),
    ...(isOutdated ? [OUTDATED] : []),
  ];
  return { json: { ...found, events: undefined }, text: lines.join("\n") };
}

async function nodes(context: Context): Promise<Result> {
  const { parts } = await settled(context);
  const members = parts.flatMap((part) => part.members);
  const rows = members.map(({ name, address, id, era, age, revision, isCoordinator, isBusy, isDiskless }) => [
    ...[name, address, id, `${era}`, `${age}`, `${revision}`],
    [isCoordinator ? "coordinator" : "member", isBusy ? "busy" : "", isDiskless ? "no disk" : ""]
      .filter(Boolean)
      .join(", "),
  ]);
  return { json: { members }, text: table(["NODE", "ADDRESS", "ID", "ERA", "AGE", "REV", "IS"], rows) };
}

/** By the clock of whoever wrote it: seconds since 2000. */
function eventText({ kind, era, time, name, subject, members }: HistoryEvent): string {
  const when = new Date((time + SECONDS_TO_2000) * 1000).toISOString().slice(0, 19);
  return `${when}Z  era ${era}  ${EVENT_KINDS[kind] ?? `event ${kind}`} ${name || subject}, ${members} members`;
}

interface EventOptions extends Common {
  readonly follow?: boolean;
}

async function events(context: Context, _args: readonly string[], { follow = false }: EventOptions): Promise<Result> {
  let shown = new Set<string>();
  for (;;) {
    const { events: all } = await heard(context);
    const texts = all.map(eventText);
    if (!follow) return { json: { events: all }, text: texts.join("\n") };
    for (const text of texts) if (!shown.has(text)) process.stdout.write(`${text}\n`);
    shown = new Set(texts);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

async function get(context: Context, [name]: readonly string[]): Promise<Result> {
  const { settings } = await settled(context);
  if (settings === null)
    throw new MachineError(
      "nobody has told the cluster's values since its owner listens: they are told when one changes",
    );
  if (name === undefined)
    return {
      json: { values: settings },
      text: Object.entries(settings)
        .map(([key, value]) => `${key} = ${value}`)
        .join("\n"),
    };
  const value = settings[name];
  if (value === undefined) throw new MachineError(`the cluster has no value ${name}`);
  return { json: { name, value }, text: value };
}

/** Asks the owner for something that the cluster is to do. */
async function ask(context: Context, request: CloudRequest): Promise<unknown> {
  const answer = await context.owner.ask(request, context.timeoutMs);
  if (answer === null) throw notAnyRunning(context);
  return answer;
}

async function set(context: Context, [name, value = null]: readonly (string | null)[]): Promise<Result> {
  await ask(context, { verb: "set", name: name!, value });
  return { json: { name, value }, text: "" };
}

const ADDRESS_PREFIX = "address.";
const OWN_MASK = "255.255.255.0";
const MOST_ADDRESSES = 8;

const isIpv4 = (text: string): boolean => /^\d+(\.\d+){3}$/.test(text) && text.split(".").every((part) => +part < 256);

/** A mask is ones, and then zeros. */
const isMask = (text: string): boolean =>
  isIpv4(text) &&
  /^1+0*$/.test(
    text
      .split(".")
      .map((part) => (+part).toString(2).padStart(8, "0"))
      .join(""),
  );

function ipv4(text = ""): string {
  const first = Number.parseInt(text, 10);
  if (isIpv4(text) && first > 0 && first !== 127 && first < 224) return text;
  throw new UsageError(`${text || "nothing"}: write an address that a machine can have, such as 10.0.2.250`);
}

function rowOf(name: string, mask: string, { services, parts }: CloudStatus): string {
  const address = name.slice(ADDRESS_PREFIX.length);
  const holder = services.find((service) => service.address === address)?.holder;
  const named = parts.flatMap(({ members }) => members).find(({ id }) => id === holder)?.name ?? holder;
  return `${address} mask ${mask}, held by ${named ?? "nobody that is heard"}`;
}

const ADDRESS_VERBS: Readonly<Record<string, (context: Context, words: readonly string[]) => Promise<Result>>> = {
  async list(context) {
    const found = await settled(context);
    const all = Object.entries(found.settings ?? {}).filter(([name]) => name.startsWith(ADDRESS_PREFIX));
    const told = all.map(([name, mask]) => rowOf(name, mask, found));
    // Values may not have been told since the owner listens; whoever holds an address says so all the time.
    const heard = found.settings
      ? []
      : found.services.map(({ address }) => rowOf(ADDRESS_PREFIX + address, "?", found));
    const text = [...told, ...heard].join("\n") || "the cluster has no service addresses";
    return { json: { addresses: Object.fromEntries(all), services: found.services }, text };
  },
  async add(context, [text, ...rest]) {
    const address = ipv4(text);
    const isShared = rest.at(-1) === "shared";
    const [mask = OWN_MASK, ...more] = isShared ? rest.slice(0, -1) : rest;
    if (more.length > 0 || !isMask(mask))
      throw new UsageError(`address add ${address} ${rest.join(" ")}: write a mask, the word shared, or both`);
    const name = ADDRESS_PREFIX + address;
    const { settings } = await settled(context);
    const others = Object.keys(settings ?? {}).filter((one) => one.startsWith(ADDRESS_PREFIX) && one !== name);
    if (others.length >= MOST_ADDRESSES) throw new MachineError(`there can be ${MOST_ADDRESSES} service addresses`);
    return set(context, [name, isShared ? `${mask} shared` : mask]);
  },
  async remove(context, [text]) {
    const address = ipv4(text);
    const { settings } = await settled(context);
    if (settings && !(ADDRESS_PREFIX + address in settings))
      throw new MachineError(`${address} is not one of the cluster's service addresses`);
    return set(context, [ADDRESS_PREFIX + address, null]);
  },
  async move(context, [text, node]) {
    const address = ipv4(text);
    if (node === undefined) throw new UsageError(`address move ${address}: name the node that shall hold it`);
    await ask(context, { verb: "move", address, node });
    return { json: { address, node }, text: `${address}: held by ${node}` };
  },
};

function address(context: Context, [word = "list", ...words]: readonly string[]): Promise<Result> {
  const verb = ADDRESS_VERBS[word];
  if (!verb) throw new UsageError(`address ${word}: there are ${Object.keys(ADDRESS_VERBS).join(", ")}`);
  return verb(context, words);
}

async function invite(context: Context): Promise<Result> {
  const { code } = (await ask(context, { verb: "invite" })) as { code: string };
  return { json: { code }, text: `within ten minutes, one machine can join with: cloud join ${code}` };
}

/** Has a machine of this host that is a member draw a code. */
async function drawnCode(context: Context): Promise<string> {
  const machines = context.home.machines();
  const { statuses } = await context.owner.states(machines);
  const running = machines.filter(({ key }) => statuses.get(key)!.state === "running");
  if (running.length === 0) throw notAnyRunning(context);
  for (const { key } of running) {
    const [, code] = /cloud join (\S+)/.exec((await runIn(context, key, "cloud invite")).text) ?? [];
    if (code !== undefined) return code;
  }
  throw new MachineError(
    `no machine of cluster ${context.home.cluster} has a key: "cloud key new NAME" at one of them`,
  );
}

async function join(context: Context, [code]: readonly string[]): Promise<Result> {
  const joined = (await ask(context, { verb: "join", code: code ?? (await drawnCode(context)) })) as { name: string };
  return { json: joined, text: `this host has the key of the cluster ${joined.name} now` };
}

const VERBS: readonly Verb[] = [
  { usage: "status", summary: "say which clusters there are, and who holds what", example: "status", run: status },
  { usage: "nodes", summary: "list the members", example: "nodes --json", run: nodes },
  {
    usage: "events",
    summary: "print the cluster's history, as far as it was heard",
    example: "events -f",
    options: (command) => command.option("-f, --follow", "go on with what happens"),
    run: events,
  },
  { usage: "get [name]", summary: "print the cluster's values, or one", example: "get dhcp", run: get },
  {
    usage: "set <name> [value]",
    summary: "set a value of the cluster; without one it is removed",
    example: "set motd hello",
    run: set,
  },
  {
    usage: "address <words...>",
    summary: "list service addresses, or add, remove or move one",
    example: "address add 10.0.2.250",
    run: address,
  },
  {
    usage: "join [code]",
    summary: "have a member give this host the cluster's key; without a code one is asked for",
    example: "join",
    run: join,
  },
  {
    usage: "invite",
    summary: "print a code with which one machine can join",
    example: "invite",
    run: invite,
  },
];

export function declare(command: Command): void {
  for (const verb of VERBS) addVerb(command, verb, "cloud");
}
