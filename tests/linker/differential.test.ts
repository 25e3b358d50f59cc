/** Random programs linked by GNU ld and by `qure ld`, in many ways: the files must be equal, byte for byte. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../src/cli/gnu/ld.ts";
import { listFiles } from "../../src/host/files.ts";
import { linkOfGnu, objectOfGnu, requireOracle } from "../oracle.ts";
import { answer } from "../setup/answers.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { LINK_OPTIONS, randomProgram, SCRIPTS } from "./programs.ts";

const cases = casesOf("linker/differential");
const root = join(import.meta.dirname, "../..");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-ld-"));
  for (const [name, text] of Object.entries(SCRIPTS)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What differs between two ways of linking the same files, or null. */
function difference(ld: string, args: readonly string[]): string | null {
  const theirs = join(folder, "theirs");
  const ours = join(folder, "ours");
  for (const path of [ours, `${ours}.map`]) rmSync(path, { force: true });
  const gnu = linkOfGnu(ld, folder, ["--no-warn-rwx-segments", "--no-warn-execstack", ...args]);
  let failure: string | null = null;
  try {
    run(["-m", "elf_i386", "-w", `-Map=${ours}.map`, ...args, "-o", ours]);
  } catch (error) {
    failure = String(error);
  }
  if (gnu.file === null) return failure === null ? `GNU ld refuses: ${gnu.messages}` : null;
  if (failure !== null) return failure;
  if (!readFileSync(ours).equals(gnu.file)) return "the files differ";
  // The map's last but one line names the output.
  const map = readFileSync(`${ours}.map`, "latin1").replace(`OUTPUT(${ours} `, `OUTPUT(${theirs} `);
  return map === gnu.map ? null : "the maps differ";
}

describe("the same bytes as GNU ld", () => {
  test(`programs: ${cases.title}`, (context) => {
    const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, context)) as [string, string];
    const problems: string[] = [];
    let compared = 0;
    for (let number = cases.firstSeed; number < cases.firstSeed + cases.count; number++) {
      const sources = randomProgram(number);
      const objects = sources.map((source, index) => {
        const path = join(folder, `part${index}.o`);
        writeFileSync(path, objectOfGnu(as, source));
        return path;
      });
      const isKnown = sources.some((source) => /comdat|\.comm /.test(source));
      for (const options of LINK_OPTIONS) {
        // GNU ld links every copy of a group into a flat image, and forgets alignments of common symbols
        // (docs/linker.md).
        if (isKnown && options.includes("binary")) continue;
        const args = [...options.map((word) => (word in SCRIPTS ? join(folder, word) : word)), ...objects];
        const found = difference(ld, args);
        compared++;
        if (found !== null) problems.push(`${cases.repeat(number)}: ${options.join(" ")}: ${found}`);
      }
    }
    expect(compared).toBeGreaterThan(0);
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });

  thoroughly("our own kernel, by its own script", (context) => {
    const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, context)) as [string, string];
    const objects = listFiles(join(root, "asm"))
      .filter((path) => path.endsWith(".s") && !path.startsWith("programs/"))
      .map((path, index) => {
        const object = join(folder, `kernel${index}.o`);
        const included = listFiles(join(root, "asm/include")).map((name) =>
          readFileSync(join(root, "asm/include", name)),
        );
        const source = readFileSync(join(root, "asm", path));
        const bytes = answer([as], ["kernel", path, source, ...included], () => {
          execFileSync(as, ["--32", "-g", "-I", "asm/include", "-o", object, join("asm", path)], {
            cwd: root,
            stdio: "ignore",
          });
          return Uint8Array.from(readFileSync(object));
        });
        writeFileSync(object, bytes);
        return object;
      });
    const script = join(root, "asm/kernel.ld");
    const ways = [
      ["--no-check-sections", "-q"],
      ["-r"],
      ["--no-check-sections"],
      ["--no-check-sections", "--gc-sections"],
    ];
    for (const options of rowsOf(ways, [0, 1])) {
      expect(difference(ld, [...options, "-T", script, ...objects]), options.join(" ")).toBeNull();
    }
  });

  thoroughly("what a C compiler makes", (context) => {
    const [gcc, ld, ar] = ["gcc", "ld", "ar"].map((name) => requireOracle(name, context)) as [string, string, string];
    const problems: string[] = [];
    for (const flags of [
      ["-O0"],
      ["-O2"],
      ["-Os", "-g"],
      ["-O1", "-fno-pic"],
      ["-O2", "-ffunction-sections", "-fdata-sections", "-fno-pic"],
      ["-O2", "-fno-pic", "-fcommon", "-gdwarf-4"],
    ]) {
      const objects = Object.entries(C_SOURCES).map(([name, source]) => {
        const path = join(folder, `${name}.o`);
        const object = answer([gcc], ["-m32", ...flags, source], () => {
          const made = spawnSync(gcc, ["-m32", "-ffreestanding", ...flags, "-x", "c", "-c", "-o", path, "-"], {
            input: source,
            encoding: "utf8",
          });
          return made.status === 0 ? Uint8Array.from(readFileSync(path)) : null;
        });
        if (object === null) return context.skip("gcc has no 32-bit target") as never;
        writeFileSync(path, object);
        return path;
      });
      const archive = join(folder, "rest.a");
      rmSync(archive, { force: true });
      execFileSync(ar, ["rcsD", archive, ...objects.slice(1)]);
      for (const options of [[], ["-N"], ["-q"], ["--gc-sections"], ["-S"], ["-T", "kernel"], ["-T", "high"]]) {
        const args = options.map((word) => (word in SCRIPTS ? join(folder, word) : word));
        for (const files of [objects, [objects[0]!, archive]]) {
          const found = difference(ld, [...args, ...files]);
          if (found !== null) problems.push(`${flags.join(" ")}, ${options.join(" ")}: ${found}`);
        }
      }
    }
    expect(problems).toEqual([]);
  });
});

const C_SOURCES: Readonly<Record<string, string>> = {
  main: `extern int work(int), setup(void), counter; extern const char *names[]; int buffer[100]; static int own = 5;
    int put(const char *text, ...) { return text[0] + own++; }
    void _start(void) { setup(); work(counter); put(names[1]); put("three"); for (;;); }`,
  work: `typedef struct { int number; char text[12]; } entry; static entry table[16]; const char *names[] = { "one", "two", "three", "%d: %s" };
    extern int put(const char *, ...); int counter; static const int primes[] = { 2, 3, 5, 7, 11 };
    double half(double x) { return x * 0.5 + 1.25; } float triple(float x) { return x * 3.0f; }
    __attribute__((section(".init.text"))) int setup(void) { for (int i = 0; i < 16; i++) table[i].number = primes[i % 5]; return counter++; }
    static inline int square(int x) { return x * x; }
    int work(int n) { int s = 0; for (int i = 0; i < n; i++) { s += square(i); switch (i % 7) { case 0: put("zero %d", i); break; case 1: s ^= 3; break;
      case 2: s += table[i & 15].number; break; case 3: s -= 1; break; case 4: return s; case 5: s <<= 1; } } return s; }
    int buffer_of(int n) { return n * 7; } int unused(int n) { return n + buffer_of(n); } int (*hooks[])(int) = { work };`,
};
