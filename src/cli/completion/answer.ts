/** What a word that is being typed may become: out of what is known of the commands, and of what is there right now. */
import { ASSIGNMENTS, DRIVERS } from "../../vm/configuration.ts";
import type { KnownCommand, KnownOption } from "./tree.ts";

export interface Candidate {
  readonly word: string;
  readonly help: string;
}

export interface Completed {
  readonly candidates: readonly Candidate[];
  /** Files of this host fit as well. */
  readonly files: boolean;
}

/** What is there when somebody asks, and may have changed since. */
export interface Live {
  /** Keys of a cluster's machines; null: of the usual one. */
  machines(cluster: string | null, kind: "there" | "removed"): readonly string[];
  clusters(): readonly string[];
  volumes(store: string | null): Promise<readonly string[]>;
  /** Those of a machine. */
  snapshots(cluster: string | null, machine: string): Promise<readonly string[]>;
}

type Kind = "machine" | "removed" | "place" | "cluster" | "volume" | "snapshot" | "file" | "none" | readonly string[];

/** What an argument is, by `PATH NAME` of its command, or by the first command and its name. */
const ARGUMENTS: Readonly<Record<string, Kind>> = {
  "vm restore machines": "removed",
  "vm purge machines": "removed",
  "vm machine": "machine",
  "vm machines": "machine",
  "vm from": "place",
  "vm to": "place",
  "vm set assignments": ASSIGNMENTS,
  "vm snapshot verb": ["create", "list", "restore", "remove"],
  "vm snapshot snapshot": "snapshot",
  "vm screenshot file": "file",
  "volume create volume": "none",
  "volume clone volume": "none",
  "volume import volume": "none",
  "volume source": "volume",
  "volume volume": "volume",
  "volume file": "file",
  "explain id": "none",
};
/** Those of these commands are names: there is no file where nothing is known of them. */
const NAMED = new Set(["cloud", "completion", "snapshot", "storage", "vlmc", "vm", "volume"]);

/** Values of options, by the first command and their name, or by what stands for them. */
const VALUES: Readonly<Record<string, Kind>> = {
  "vm --cluster": "cluster",
  "cloud --cluster": "cluster",
  "vm --driver": DRIVERS,
  "vm --for": ["shell", "cluster", "address"],
  "vm --from": "file",
  "emu --replay": "file",
  file: "file",
  "file=FILE,...": "file",
  dir: "file",
  path: "file",
  place: "file",
  where: "file",
};

/** Where the words that are whole have led to. */
interface Place {
  readonly path: readonly KnownCommand[];
  readonly given: Readonly<Record<string, string>>;
  readonly operands: readonly string[];
  /** Its value comes next. */
  readonly open: KnownOption | null;
  /** After `--`. */
  readonly isPlain: boolean;
}

const findOption = ({ options }: KnownCommand, name: string): KnownOption | null =>
  options.find(({ names }) => names.includes(name)) ?? null;

function walk(root: KnownCommand, words: readonly string[]): Place {
  const path = [root];
  const given: Record<string, string> = {};
  const operands: string[] = [];
  let open: KnownOption | null = null;
  let isPlain = false;
  for (const word of words) {
    const here = path.at(-1)!;
    if (open) {
      given[open.names[0]!] = word;
      open = null;
    } else if (isPlain) operands.push(word);
    else if (word === "--") isPlain = true;
    else if (word.startsWith("-") && word.length > 1) {
      const [name = "", value] = word.split(/=(.*)/s);
      const option = findOption(here, name);
      if (option?.value !== null && option && value === undefined && !option.isOptional) open = option;
      else if (option && value !== undefined) given[option.names[0]!] = value;
    } else {
      const next = here.commands.find(({ name, aliases }) => name === word || aliases.includes(word));
      if (next && operands.length === 0) path.push(next);
      else operands.push(word);
    }
  }
  return { path, given, operands, open, isPlain };
}

const NOTHING: Completed = { candidates: [], files: false };

/** What the last of the words may become. */
export async function complete(root: KnownCommand, words: readonly string[], live: Live): Promise<Completed> {
  const word = words.at(-1) ?? "";
  const place = walk(root, words.slice(0, -1));
  const here = place.path.at(-1)!;
  if (place.open) return beginningWith(word, await valuesOf(place, place.open, live));
  if (!place.isPlain && word.startsWith("-")) {
    const [name = "", value] = word.split(/=(.*)/s);
    if (value === undefined) return beginningWith(word, { candidates: optionsOf(here), files: false });
    const option = findOption(here, name);
    if (!option || option.value === null) return NOTHING;
    const { candidates, files } = await valuesOf(place, option, live);
    return beginningWith(word, {
      candidates: candidates.map((one) => ({ ...one, word: `${name}=${one.word}` })),
      files,
    });
  }
  if (here.commands.length > 0 && place.operands.length === 0)
    return beginningWith(word, {
      candidates: here.commands.map((command) => ({ word: command.name, help: command.help })),
      files: false,
    });
  return beginningWith(word, await argumentsOf(place, live));
}

const beginningWith = (word: string, { candidates, files }: Completed): Completed => ({
  candidates: candidates.filter((one) => one.word.startsWith(word)),
  files,
});

const HELP: Candidate = { word: "--help", help: "display help for command" };

const optionsOf = ({ options }: KnownCommand): readonly Candidate[] => [
  ...options.map(({ names, help }) => ({ word: names[0]!, help })),
  HELP,
];

/** The words of a command, from the first one below `qure` on. */
const wordsOf = ({ path }: Place): readonly string[] => path.slice(1).map(({ name }) => name);

async function valuesOf(place: Place, option: KnownOption, live: Live): Promise<Completed> {
  const [first = ""] = wordsOf(place);
  const known = option.names.map((name) => VALUES[`${first} ${name}`]).find((kind) => kind !== undefined);
  const byName = option.value === null ? undefined : VALUES[option.value];
  return candidatesOf(option.choices.length > 0 ? option.choices : (known ?? byName ?? "none"), place, live);
}

async function argumentsOf(place: Place, live: Live): Promise<Completed> {
  const path = wordsOf(place);
  const here = place.path.at(-1)!;
  const last = here.arguments.at(-1);
  const argument = here.arguments[place.operands.length] ?? (last?.isVariadic ? last : undefined);
  const [first = ""] = path;
  // The tools with the command lines of GNU declare nothing: files are what most of their words are.
  if (!argument) return { candidates: [], files: !NAMED.has(first) && here.arguments.length === 0 };
  if (argument.choices.length > 0) return candidatesOf(argument.choices, place, live);
  const kind = ARGUMENTS[[...path, argument.name].join(" ")] ?? ARGUMENTS[`${first} ${argument.name}`];
  const completed = await candidatesOf(kind ?? (NAMED.has(first) ? "none" : "file"), place, live);
  if (!argument.isVariadic) return completed;
  // Each is named once, and all of them alone.
  const left = completed.candidates.filter(({ word }) => !place.operands.includes(word));
  const isKeyed = kind === "machine" || kind === "removed";
  const all = isKeyed && place.operands.length === 0 && left.length > 1 ? [{ word: "all", help: "all of them" }] : [];
  return { ...completed, candidates: [...left, ...all] };
}

const plain = (words: readonly string[], help = ""): Completed => ({
  candidates: words.map((word) => ({ word, help })),
  files: false,
});

/** A store that is not there yet, or a name that no cluster may have: nothing fits then. */
const candidatesOf = (kind: Kind, place: Place, live: Live): Promise<Completed> =>
  found(kind, place, live).catch(() => plain([]));

async function found(kind: Kind, { given, operands }: Place, live: Live): Promise<Completed> {
  if (typeof kind === "object") return plain(kind);
  const cluster = given["--cluster"] ?? null;
  if (kind === "machine") return plain(live.machines(cluster, "there"), "machine");
  if (kind === "removed") return plain(live.machines(cluster, "removed"), "removed machine");
  if (kind === "cluster") return plain(live.clusters(), "cluster");
  if (kind === "volume") return plain(await live.volumes(given["--store"] ?? null), "volume");
  if (kind === "snapshot") {
    const [verb, machine = ""] = operands;
    return verb === "create" ? plain([]) : plain(await live.snapshots(cluster, machine), "snapshot");
  }
  if (kind === "place") {
    const machines = live.machines(cluster, "there").map((key) => `${key}:/net/`);
    return { candidates: machines.map((word) => ({ word, help: "on a machine's disk" })), files: true };
  }
  return { candidates: [], files: kind === "file" };
}
