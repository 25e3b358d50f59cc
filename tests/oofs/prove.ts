/**
 * All of the proof of OOFS on this side, by one command: `npm run prove -- oofs`. What was done is kept in
 * build/prove-oofs.jsonl, one line for each piece, and not done again. `--part 1/2` and `--part 2/2` at a time are for
 * two processors.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { oneOf, positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { CUT_BLOCKS, cutHistory, failHistory, type Tally } from "./crash.ts";
import { flip, forge, makeSample, spoil, tryHostile } from "./damage.ts";
import { Random } from "./disks.ts";
import { Guest, type GuestImages } from "./guest.ts";
import { OPERATIONS, type Operation, randomOperations } from "./history.ts";

interface Piece {
  readonly section: string;
  readonly name: string;
  readonly run: () => Tally | Promise<Tally>;
}

interface Line {
  readonly section: string;
  readonly name: string;
  readonly images: number;
  readonly mountCuts: number;
  readonly failures: number;
  readonly findings: readonly string[];
}

const RANDOM_HISTORIES = 2000;
/**
 * Of the images of a history, the kernel sees one in so many, and all on which the other two judges are not of one
 * mind.
 */
const GUEST_ONE_IN = 10;
const GUEST_IMAGES = 400;
/** What each section does, for the last lines. */
const TRIED: Readonly<Record<string, string>> = {
  cut: "histories of one, two and three operations, power cut at each write and again during the mount; judged by src/oofs and the model",
  guest: `one in ${GUEST_ONE_IN} of these images by seed, and all in dispute: mounted, checked and listed by the kernel`,
  fail: "the same histories, each operation of the disk failing in turn",
  flip: "one bit of each byte in use, and 500 anywhere",
  spoil: "each sector in use with other content",
  hostile: "forged volumes with right checksums",
};
const SECTIONS = Object.keys(TRIED);
const RESULTS = "build/prove-oofs.jsonl";
const FLIPS_PER_PIECE = 250;
const HOSTILE_PIECES = 100;
const HOSTILE_PER_PIECE = 200;

/** One operation, two, and seeded three. */
function histories(): { readonly name: string; readonly operations: readonly Operation[]; readonly seed: number }[] {
  const all: { name: string; operations: Operation[]; seed: number }[] = [];
  OPERATIONS.forEach((first, a) => {
    all.push({ name: `one ${a}`, operations: [first], seed: a });
    OPERATIONS.forEach((second, b) => {
      all.push({ name: `two ${a} ${b}`, operations: [first, second], seed: 1000 + 100 * a + b });
    });
  });
  for (let seed = 1; seed <= RANDOM_HISTORIES; seed++)
    all.push({ name: `three ${seed}`, operations: randomOperations(new Random(seed), 3), seed });
  return all;
}

let guestImages: GuestImages | null = null;
let guest: Guest | null = null;

/** Boots the machine that judges; another one after some hundred images, as each look at its console takes longer. */
async function readyGuest(): Promise<Guest> {
  guestImages ??= Guest.build(process.cwd());
  if (guest === null || guest.judged >= GUEST_IMAGES) guest = await Guest.boot(guestImages, CUT_BLOCKS * 4096);
  return guest;
}

/**
 * Has the kernel mount and check some of the images of a history.
 *
 * @param isAgreed - Whether the section `cut` found the other two judges of one mind about all of them. Then only
 *   those that the kernel sees are looked at.
 */
async function guestHistory(operations: readonly Operation[], seed: number, isAgreed: boolean): Promise<Tally> {
  const images: { readonly image: Uint8Array; readonly text: string }[] = [];
  const random = new Random(seed);
  let isDrawn = false;
  const { findings } = cutHistory(operations, seed, {
    wants: () => {
      isDrawn = random.below(GUEST_ONE_IN) === 0;
      return isDrawn || !isAgreed;
    },
    sees: (image, text, agrees) => {
      if (isDrawn || !agrees) images.push({ image: image.slice(), text });
    },
  });
  for (const { image, text } of images) {
    const wrong = await (await readyGuest()).judge(image, text);
    if (wrong !== null) findings.push(wrong);
  }
  return { images: images.length, mountCuts: 0, failures: 0, findings };
}

function* pieces(isAgreed: (name: string) => boolean): Generator<Piece> {
  for (const { name, operations, seed } of histories())
    yield { section: "cut", name, run: () => cutHistory(operations, seed) };
  for (const { name, operations, seed } of histories())
    yield { section: "guest", name, run: () => guestHistory(operations, seed, isAgreed(name)) };
  for (const { name, operations } of histories()) yield { section: "fail", name, run: () => failHistory(operations) };
  const sample = makeSample();
  const each = (count: number, body: (index: number) => string | null): Tally => {
    const findings: string[] = [];
    for (let index = 0; index < count; index++) {
      const problem = body(index);
      if (problem) findings.push(`${index}: ${problem}`);
    }
    return { images: count, mountCuts: 0, failures: 0, findings };
  };
  const used = [...sample.owners.keys()];
  // One bit of every byte that is in use, chosen by a seed; and some of those that are not.
  const bytes = used.length * 4096;
  for (let start = 0; start < bytes; start += FLIPS_PER_PIECE)
    yield {
      section: "flip",
      name: `bytes from ${start} on`,
      run: () => {
        const random = new Random(start);
        return each(Math.min(FLIPS_PER_PIECE, bytes - start), (index) => {
          const at = start + index;
          return flip(sample, (used[Math.floor(at / 4096)]! * 4096 + (at % 4096)) * 8 + random.below(8));
        });
      },
    };
  yield {
    section: "flip",
    name: "anywhere",
    run: () => {
      const random = new Random(77);
      return each(500, () => flip(sample, random.below(sample.content.length * 8)));
    },
  };
  yield {
    section: "spoil",
    name: "every sector",
    run: () => each(used.length * 8, (index) => spoil(sample, used[index >> 3]! * 8 + (index & 7), new Random(index))),
  };
  for (let piece = 0; piece < HOSTILE_PIECES; piece++)
    yield {
      section: "hostile",
      name: `seeds from ${piece * HOSTILE_PER_PIECE} on`,
      run: () =>
        each(HOSTILE_PER_PIECE, (index) => {
          const random = new Random(piece * HOSTILE_PER_PIECE + index);
          return tryHostile(forge(sample, random), random).problem;
        }),
    };
}

function readPart(text: string): readonly [number, number] {
  const [part, parts] = text.split("/").map(Number);
  if (!/^\d+\/\d+$/.test(text) || part! < 1 || part! > parts!) throw new InvalidArgumentError("It is not N/OF.");
  return [part!, parts!];
}

async function main(): Promise<void> {
  const {
    minutes,
    only,
    part: [part, parts],
    fresh,
  } = workshopCommand(
    "npm run prove -- oofs",
    "the promises of docs/formats/oofs.md, on disks of every kind of accident",
    "--minutes 30 --only cut",
  )
    .option("--minutes <minutes>", "begin no piece after that", positiveNumber, Number.MAX_SAFE_INTEGER)
    .option("--only <section>", `one of ${SECTIONS.join(", ")}`, oneOf(SECTIONS))
    .option("--part <part>", "N/OF: every OF-th piece, so that OF commands do all at a time", readPart, [1, 1])
    .option("--fresh", "forget what was done before", false)
    .parse()
    .opts<{
      readonly minutes: number;
      readonly only?: string;
      readonly part: readonly [number, number];
      readonly fresh: boolean;
    }>();
  const end = Date.now() + minutes * 60_000;
  if (fresh) rmSync(RESULTS, { force: true });
  mkdirSync("build", { recursive: true });
  const lines: Line[] = existsSync(RESULTS)
    ? readFileSync(RESULTS, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Line)
    : [];
  const done = new Map(lines.map((line) => [`${line.section} ${line.name}`, line]));
  const isAgreed = (name: string): boolean => done.get(`cut ${name}`)?.findings.length === 0;
  let left = 0;
  let number = 0;
  for (const { section, name, run } of pieces(isAgreed)) {
    if (number++ % parts !== part - 1) continue;
    if ((only !== undefined && only !== section) || done.has(`${section} ${name}`)) continue;
    if (Date.now() > end) {
      left++;
      continue;
    }
    const line = { section, name, ...(await run()) };
    done.set(`${section} ${name}`, line);
    appendFileSync(RESULTS, `${JSON.stringify(line)}\n`);
    for (const finding of line.findings) process.stdout.write(`${section} ${name}: ${finding}\n`);
  }
  // Two runs at a time may have done the same piece.
  const all = [...done.values()];
  for (const section of new Set(all.map((line) => line.section))) {
    const of = all.filter((line) => line.section === section);
    const sum = (count: (line: Line) => number): number => of.reduce((total, line) => total + count(line), 0);
    process.stdout.write(
      `${section} (${TRIED[section]}): ${of.length} pieces, ${sum((line) => line.images)} images, ${sum((line) => line.mountCuts)} cuts while mounting, ${sum((line) => line.failures)} failures of the disk, ${sum((line) => line.findings.length)} findings\n`,
    );
  }
  if (left > 0) process.stdout.write(`${left} pieces are left; the same command goes on with them\n`);
  process.exitCode = all.some((line) => line.findings.length > 0) ? 1 : 0;
}

await main();
