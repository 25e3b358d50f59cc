/** Disks as power cuts and failures leave them, each looked at by the model of its history. */
import { check, FileSystemError, format, mount } from "../../../src/disk/oofs/index.ts";
import { Random, RecordingDisk, SECTOR_BYTES, type Written } from "./disks.ts";
import {
  BEGINNING,
  confirms,
  describeVolume,
  errorOf,
  Model,
  type Operation,
  perform,
  type Recorded,
  record,
} from "./history.ts";

export interface Tally {
  images: number;
  mountCuts: number;
  failures: number;
  findings: string[];
}

/** All subsets of this many writes are tried; of more, those of a seed. */
const ALL_SUBSETS = 8;
const SEEDED_SUBSETS = 48;
const BLOCKS = 128;

let prepared: { readonly content: Uint8Array; readonly model: Model } | null = null;

/** A volume with the beginning of all histories. */
function beginning(): { disk: RecordingDisk; model: Model } {
  if (!prepared) {
    const disk = new RecordingDisk(BLOCKS * 4096);
    format(disk, { id: 99n, time: { seconds: 1, nanoseconds: 0 } });
    const fs = mount(disk);
    const model = new Model();
    for (const operation of BEGINNING) {
      perform(fs, operation);
      model.apply(operation);
    }
    fs.sync();
    prepared = { content: disk.bytes, model };
  }
  const model = new Model();
  model.tree = new Map(prepared.model.tree);
  model.objects = new Map(prepared.model.objects);
  return { disk: new RecordingDisk(prepared.content.slice()), model };
}

/** Somebody else who looks at images. */
export interface Witness {
  /** Asked for each image, in order: false when it need not even be mounted here. */
  wants(): boolean;
  /** Is shown each of these that mounts, with what it holds, and whether the model of its history agrees. */
  sees(image: Uint8Array, text: string, agrees: boolean): void;
}

/** Blocks of the volumes that `cutHistory` makes. */
export const CUT_BLOCKS = BLOCKS;

/** Cuts power at every write of a history, with the writes since the last flush lost in many ways. */
export function cutHistory(operations: readonly Operation[], seed: number, witness?: Witness): Tally {
  const tally: Tally = { images: 0, mountCuts: 0, failures: 0, findings: [] };
  const { disk, model } = beginning();
  const before = disk.bytes.slice();
  const recorded = record(disk, mount(disk), model, [...operations, { do: "sync" }]);
  const random = new Random(seed);
  const stable = before.slice();
  for (const { start, end, writes } of epochs(disk.log)) {
    const range = { from: recorded.confirmedAt[start]!, to: recorded.begunAt[end]! };
    for (const lost of choices(writes, random)) {
      const image = stable.slice();
      for (const write of lost) image.set(write.bytes, write.sector * SECTOR_BYTES);
      tally.images++;
      judge(image, recorded, range, operations, tally, witness);
    }
    for (const write of writes) stable.set(write.bytes, write.sector * SECTOR_BYTES);
  }
  tally.images++;
  judge(stable, recorded, { from: recorded.states.length - 1, to: recorded.states.length - 1 }, operations, tally);
  return tally;
}

type SectorWrite = NonNullable<Written>;

interface Epoch {
  readonly start: number;
  readonly end: number;
  readonly writes: readonly SectorWrite[];
}

/** What was written between two flushes. */
function epochs(log: readonly Written[]): Epoch[] {
  const found: Epoch[] = [];
  let start = 0;
  for (let end = 0; end <= log.length; end++) {
    if (end < log.length && log[end] !== null) continue;
    if (end > start) found.push({ start, end, writes: log.slice(start, end) as SectorWrite[] });
    start = end + 1;
  }
  return found;
}

/** Which writes of an epoch reached the disk. */
function* choices(writes: readonly SectorWrite[], random: Random): Generator<readonly SectorWrite[]> {
  const calls = [...new Set(writes.map(({ call }) => call))];
  const only = (kept: ReadonlySet<number>): SectorWrite[] => writes.filter(({ call }) => kept.has(call));
  if (calls.length <= ALL_SUBSETS)
    for (let bits = 0; bits < 2 ** calls.length; bits++)
      yield only(new Set(calls.filter((_, index) => bits & (1 << index))));
  else {
    for (let count = 0; count <= calls.length; count++) yield only(new Set(calls.slice(0, count)));
    for (let index = 0; index < calls.length; index++) yield only(new Set(calls.filter((_, at) => at !== index)));
    for (let count = 0; count < SEEDED_SUBSETS; count++) yield only(new Set(calls.filter(() => random.below(2) === 0)));
  }
  // Torn: the last write that began reached the disk in part, by sectors.
  for (let count = 1; count <= calls.length; count++) {
    const last = calls[count - 1]!;
    const whole = new Set(calls.slice(0, count - 1));
    yield writes.filter(({ call }) => whole.has(call) || (call === last && random.below(2) === 0));
  }
}

function judge(
  image: Uint8Array,
  { states }: Recorded,
  range: { readonly from: number; readonly to: number },
  operations: readonly Operation[],
  tally: Tally,
  witness?: Witness,
): void {
  const say = (what: string): void => {
    if (tally.findings.length < 20)
      tally.findings.push(`${what}; ${JSON.stringify(operations)}, confirmed ${range.from}, begun ${range.to}`);
  };
  if (witness?.wants() === false) return;
  const first = look(image, say);
  if (first === null) return;
  const { text, log } = first;
  const agrees = states.some((state, k) => k >= range.from && k <= range.to && state === text);
  if (!agrees) {
    const k = states.indexOf(text);
    say(k < 0 ? `not a state of the history:\n${text}\n` : `the state after ${k} operations`);
  }
  if (witness) {
    witness.sees(image, text, agrees);
    return;
  }
  // The second cut: while it is mounted.
  const stable = image.slice();
  for (const { writes } of epochs(log)) {
    for (let count = 1; count <= writes.length; count++) {
      tally.mountCuts++;
      const again = stable.slice();
      for (const write of writes.slice(0, count)) again.set(write.bytes, write.sector * SECTOR_BYTES);
      const second = look(again, say);
      if (second && second.text !== text) say("another state after a cut while mounting");
    }
    for (const write of writes) stable.set(write.bytes, write.sector * SECTOR_BYTES);
  }
}

/** Mounts a copy of an image, reads everything and checks it. */
function look(image: Uint8Array, say: (what: string) => void): { text: string; log: readonly Written[] } | null {
  const disk = new RecordingDisk(image.slice());
  try {
    const fs = mount(disk);
    const log = [...disk.log];
    const text = describeVolume(fs);
    const { problems } = check(fs);
    if (problems.length > 0) say(`fsck: ${problems.map((problem) => problem.text).join("; ")}`);
    return { text, log };
  } catch (error) {
    say(`the mount fails: ${(error as Error).message}`);
    return null;
  }
}

/** The n-th write, flush or read of the disk fails, for every n. */
export function failHistory(operations: readonly Operation[]): Tally {
  const tally: Tally = { images: 0, mountCuts: 0, failures: 0, findings: [] };
  for (const which of ["write", "read"] as const) {
    for (let n = 1; ; n++) {
      const { disk, model } = beginning();
      const fs = mount(disk);
      disk.operations = 0;
      disk.reads = 0;
      if (which === "write") disk.failAt = n;
      else {
        fs.volume.store.forget();
        disk.failReadAt = n;
      }
      const states = [model.describe()];
      let confirmed = 0;
      let stopped = false;
      let reported = false;
      for (const operation of [...operations, { do: "sync" } as const]) {
        const error = attempt(() => perform(fs, operation), tally);
        if (error === "device" || error === "read-only" || error === "damaged") reported = true;
        // An operation that fails after some other failure may be done in the model: only what is done here counts.
        if (!stopped && error === null) {
          errorOf(() => model.apply(operation));
          states.push(model.describe());
          if (confirms(operation)) confirmed = states.length - 1;
        } else if (error === "device" || error === "read-only") {
          stopped = fs.volume.isReadOnly;
          if (stopped) {
            // The operation at work may have been committed: a failed flush leaves it open.
            errorOf(() => model.apply(operation));
            states.push(model.describe());
            break;
          }
        }
      }
      const happened = which === "write" ? disk.operations >= n : disk.reads >= n;
      if (!happened) break;
      tally.failures++;
      const found: string[] = [];
      disk.failAt = Number.POSITIVE_INFINITY;
      disk.failReadAt = Number.POSITIVE_INFINITY;
      const after = look(disk.bytes, (what) => found.push(what));
      if (which === "write" && !reported) found.push("the failure was not reported");
      if (after && !states.some((state, k) => k >= confirmed && state === after.text)) found.push("not a prefix");
      for (const what of found.slice(0, 3))
        if (tally.findings.length < 20)
          tally.findings.push(`${which} ${n} fails: ${what}; ${JSON.stringify(operations)}`);
    }
  }
  return tally;
}

function attempt(body: () => void, tally: Tally): string | null {
  try {
    body();
    return null;
  } catch (error) {
    if (error instanceof FileSystemError) return error.code;
    if ((error as Error).message.startsWith("the disk cannot")) return "device";
    tally.findings.push(`${(error as Error).stack}`);
    return "crash";
  }
}

export function add(sum: Tally, more: Tally): void {
  sum.images += more.images;
  sum.mountCuts += more.mountCuts;
  sum.failures += more.failures;
  sum.findings.push(...more.findings);
}
