/**
 * `qure volume`: copy-on-write volumes in a folder, a bucket or behind a role, for machines of any kind. `qure vlmc` is
 * the same in the words of Archipelago's manual.
 */
import type { Command } from "commander";
import { type ExportOptions, exportTo, importFrom } from "./volume/files.ts";
import { declareMap, ifMapped } from "./volume/map.ts";
import { formatBytes, secondsArgument, sizeArgument, table } from "./volume/show.ts";
import { addVerb, type Common, type Verb, withVolumes } from "./volume/verb.ts";

interface CreateOptions extends Common {
  readonly snap?: string;
  readonly size?: number;
}

interface TimeoutOptions extends Common {
  readonly timeout?: number;
}

const VERBS: readonly Verb[] = [
  {
    usage: "create <volume>",
    summary: "make a volume, blank or from a snapshot",
    example: "create web --size 10G",
    isFirst: true,
    options: (command) =>
      command
        .option("--snap <snapshot>", "what it begins as")
        .option("--size <size>", "such as 512M, 10G or 1T", sizeArgument),
    async action(volumes, [name], { snap, size }: CreateOptions) {
      const of = {
        ...(snap === undefined ? {} : { snapshot: snap }),
        ...(size === undefined ? {} : { sizeBytes: size }),
      };
      const made = await volumes.create(name!, of);
      return {
        json: made,
        text: `${made.name}: ${formatBytes(made.sizeBytes)}${made.parent ? ` from ${made.parent}` : ""}`,
      };
    },
  },
  {
    usage: "snapshot <volume> <snapshot>",
    summary: "keep a volume as it is now under a name",
    example: "snapshot web monday",
    async action(volumes, [volume, name], _options, place) {
      const made =
        (await ifMapped(place, volume!, { verb: "snapshot", name: name! })) ?? (await volumes.snapshot(volume!, name!));
      return { json: made, text: `${name}: ${volume} as it is now` };
    },
  },
  {
    usage: "clone <source> <volume>",
    summary: "make a volume that begins as a snapshot, or as a volume is now",
    example: "clone monday test",
    async action(volumes, [source, name], _options, place) {
      const made =
        (await ifMapped(place, source!, { verb: "clone", name: name! })) ?? (await volumes.clone(source!, name!));
      return { json: made, text: `${name}: begins as ${source}` };
    },
  },
  {
    usage: "list",
    summary: "list volumes and snapshots",
    example: "list --json",
    options: (command) => command.option("--removed", "those that can be restored, too"),
    async action(volumes, _names, { removed = false }: Common & { removed?: boolean }) {
      const all = await volumes.list({ removed });
      const rows = all.map(({ name, kind, sizeBytes, parent, owner, isRemoved }) => [
        name,
        isRemoved ? `${kind}, removed` : kind,
        formatBytes(sizeBytes),
        parent ?? "-",
        owner ? `${owner.id} on ${owner.host}` : "-",
      ]);
      return { json: all, text: table(["NAME", "KIND", "SIZE", "FROM", "LOCKED BY"], rows) };
    },
  },
  {
    usage: "info <volume>",
    summary: "say how large a volume is, what it takes and shares, and who has it",
    example: "info web",
    async action(volumes, [name]) {
      const info = await volumes.info(name!);
      const { kind, sizeBytes, allocatedBytes, sharedBytes, parent, owner, epoch, id, isRemoved } = info;
      const since = owner && new Date(owner.sinceMs).toISOString().replace(/\.\d+Z$/, "Z");
      const rows = [
        ["kind", isRemoved ? `${kind}, removed` : kind],
        ["size", formatBytes(sizeBytes)],
        ["allocated", formatBytes(allocatedBytes)],
        ["shared", formatBytes(sharedBytes)],
        ["from", parent ?? "-"],
        ["locked by", owner ? `machine ${owner.id} on ${owner.host} since ${since}` : "-"],
        ["epoch", `${epoch}`],
        ["id", id],
      ];
      return { json: info, text: table([], rows) };
    },
  },
  simple(
    "remove <volume>",
    "hide a volume; gc gives its space back, restore brings it back until then",
    "remove web",
    (volumes, [name]) => volumes.remove(name!),
    "removed",
  ),
  simple(
    "restore <volume>",
    "bring back what was removed",
    "restore web",
    (volumes, [name]) => volumes.restore(name!),
    "is back",
  ),
  simple(
    "rename <volume> <name>",
    "give a volume another name",
    "rename web site",
    (volumes, [from, to]) => volumes.rename(from!, to!),
    "has its new name",
  ),
  {
    usage: "resize <volume>",
    summary: "make a volume larger, or cut off its end",
    example: "resize web --size 20G",
    options: (command) =>
      command
        .requiredOption("--size <size>", "such as 512M, 10G or 1T", sizeArgument)
        .option("--shrink", "what is beyond the new size is lost"),
    async action(volumes, [name], { size, shrink = false }: CreateOptions & { shrink?: boolean }) {
      await volumes.resize(name!, size!, { shrink });
      return { json: { name, sizeBytes: size }, text: `${name}: ${formatBytes(size!)}` };
    },
  },
  {
    usage: "hash <volume>",
    summary: "print the SHA-256 of a volume's content, which does not depend on how it came about",
    example: "hash web",
    async action(volumes, [name]) {
      const hash = await volumes.hash(name!);
      return { json: { name, hash }, text: `${hash}  ${name}` };
    },
  },
  simple(
    "flatten <volume>",
    "copy what a volume shares with what it was made from",
    "flatten test",
    (volumes, [name]) => volumes.flatten(name!),
    "shares nothing",
  ),
  {
    usage: "export <volume> <file>",
    summary: "write a volume into a file; - is standard output",
    example: "export monday monday.qvar",
    options: (command) =>
      command
        .option("--since <snapshot>", "only what differs from it")
        .option("--raw", "the content alone, as a disk image"),
    action: (volumes, [name, path], options: Common & ExportOptions) => exportTo(volumes, name!, path!, options),
  },
  {
    usage: "import <volume> <file>",
    summary: "make a volume from such a file; - is standard input",
    example: "import web monday.qvar",
    isFirst: true,
    options: (command) => command.option("--raw", "from a disk image"),
    action: (volumes, [name, path], { raw = false }: Common & { raw?: boolean }) =>
      importFrom(volumes, name!, path!, raw),
  },
  {
    usage: "fsck",
    summary: "read everything, and name what is damaged and who uses it",
    example: "fsck --repair",
    options: (command) => command.option("--repair", "use copies of what is damaged, and mark what is lost"),
    async action(volumes, _names, { repair = false }: Common & { repair?: boolean }) {
      const found = await volumes.check({ repair });
      const lines = found.map(
        ({ key, users, wrong, isRepaired }) =>
          `${key}: ${wrong}${isRepaired ? " (mended as far as it can be)" : ""}\n  used by ${users.join(", ")}`,
      );
      const isBad = found.some(({ isRepaired }) => !isRepaired);
      return { json: found, text: found.length === 0 ? "everything is as it was written" : lines.join("\n"), isBad };
    },
  },
  {
    usage: "gc",
    summary: "give back the space of what was removed",
    example: "gc --dry-run",
    options: (command) => command.option("--dry-run", "only say what that would be"),
    async action(volumes, _names, { dryRun = false }: Common & { dryRun?: boolean }) {
      const found = await volumes.collect({ dryRun });
      const { objects, bytes } = found;
      return {
        json: found,
        text: `${objects} objects, ${formatBytes(bytes)} ${dryRun ? "would be given" : "given"} back`,
      };
    },
  },
  ...["open", "lock"].map(
    (word): Verb => ({
      usage: `${word} <volume>`,
      summary: "lock a volume for this machine, for good",
      example: `${word} web`,
      options: (command) =>
        command.option("--timeout <seconds>", "how long to wait for whoever has it", secondsArgument),
      async action(volumes, [name], { timeout = 0 }: TimeoutOptions) {
        await volumes.lock(name!, { timeoutMs: timeout * 1000 });
        return { json: { name, isLocked: true }, text: `${name}: locked` };
      },
    }),
  ),
  {
    usage: "unlock <volume>",
    summary: "give a lock back, or break another machine's",
    example: "unlock -f web",
    options: (command) => command.option("-f, --force", "break it: whoever has it can write no more"),
    async action(volumes, [name], { force = false }: Common & { force?: boolean }) {
      await volumes.unlock(name!, { force });
      return { json: { name, isLocked: false }, text: `${name}: not locked` };
    },
  },
  {
    usage: "close <volume>",
    summary: "end serving a volume, and give its lock back",
    example: "close web",
    async action(volumes, [name], _options, place) {
      await ifMapped(place, name!, { verb: "stop" });
      await volumes.unlock(name!);
      return { json: { name, isLocked: false }, text: `${name}: closed` };
    },
  },
];

function simple(
  usage: string,
  summary: string,
  example: string,
  action: (volumes: Parameters<Verb["action"]>[0], names: readonly string[]) => Promise<void>,
  done: string,
): Verb {
  return {
    usage,
    summary,
    example,
    async action(volumes, names) {
      await action(volumes, names);
      return { json: { name: names.at(-1) }, text: `${names[0]}: ${done}` };
    },
  };
}

/** The verbs of Archipelago's manual. */
const VLMC = ["create", "snapshot", "remove", "list", "info", "open", "close", "lock", "unlock"];

export function declare(command: Command, isVlmc = false): void {
  const program = isVlmc ? "vlmc" : "volume";
  for (const verb of VERBS)
    if (!isVlmc || VLMC.includes(verb.usage.split(" ")[0]!))
      addVerb(command, program, verb, (names, options) => withVolumes(verb, names, options));
  declareMap(command, program);
}
