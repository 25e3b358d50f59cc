/**
 * C programs with the whole of a C library in them, linked without a dynamic linker: the files of GNU ld, byte for
 * byte.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../src/cli/ld.ts";
import { captured } from "../binutils/captured.ts";
import { requireOracle } from "../oracle.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-static-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STRINGS = `
#include <stdio.h>
#include <string.h>
int main(int count, char **words) {
  char copy[100];
  strcpy(copy, words[0]);
  printf("%zu %s %f\\n", strlen(copy), strchr("abc", 'b'), 1.5 * count);
  return 0;
}`;

/**
 * Threads and their memory, a table of functions, mathematics, locales, and a function that the library warns about.
 */
const LARGE = `
#include <locale.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static __thread int own = 3;
static char *(*const copies[])(char *, const char *) = {strcpy, strcat};
static void *work(void *what) { own += (int)strlen(what); return &own; }
static int order(const void *a, const void *b) { return strcmp(a, b); }
int main(int count, char **words) {
  char text[200] = "b\\0a";
  pthread_t thread;
  setlocale(LC_ALL, "");
  pthread_create(&thread, 0, work, words[0]);
  pthread_join(thread, 0);
  qsort(text, 2, 2, order);
  copies[count & 1](text + 8, words[0]);
  printf("%p %f %s\\n", (void *)gethostbyname, sin(count), text);
  return own < 0;
}`;

const SETTINGS = [
  "-O0",
  "-O2 -g",
  "-O1 -fPIC",
  "-Os -ffunction-sections -Wl,--gc-sections",
  "-O2 -Wl,-z,noseparate-code",
];

/** What gcc calls its linker with, without the words for its plug-in. */
function linkerWords(gcc: string, words: readonly string[]): string[] {
  const { stderr } = spawned(gcc, ["-m32", "-static", "-###", ...words]);
  const line = stderr.split("\n").findLast((text) => text.includes("collect2")) ?? "";
  const all = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, "")).slice(1);
  return all.filter((word, index) => !/^-plugin/.test(word) && all[index - 1] !== "-plugin");
}

const spawned = (command: string, words: readonly string[]): { stderr: string } => ({
  // gcc -### writes to standard error what it would do.
  stderr: execFileSync("sh", ["-c", '"$0" "$@" 2>&1', command, ...words], { encoding: "utf8" }),
});

/** What a program says and ends with, by one name whatever its file's. */
const outcome = (path: string): { stdout: string; status: number | null } => {
  const { stdout, status } = spawnSync(path, [], { argv0: "program", encoding: "utf8" });
  return { stdout, status };
};

for (const [name, source] of Object.entries({ strings: STRINGS, large: LARGE }))
  for (const setting of SETTINGS)
    test(`${name} ${setting}`, { timeout: 120_000 }, (context) => {
      const gcc = requireOracle("gcc", context);
      const ld = requireOracle("ld", context);
      const path = join(folder, "program.c");
      const object = join(folder, "program.o");
      const [theirs, ours] = [join(folder, "theirs"), join(folder, "ours")];
      writeFileSync(path, source);
      const settings = setting.split(" ");
      execFileSync(gcc, ["-m32", "-c", ...settings.filter((word) => !word.startsWith("-Wl")), path, "-o", object]);
      const words = linkerWords(gcc, [object, ...settings, "-lm", "-o", "OUTPUT"]);
      const into = (output: string): string[] => words.map((word) => (word === "OUTPUT" ? output : word));
      execFileSync(ld, into(theirs), { stdio: "ignore" });
      captured(run, ["-w", ...into(ours)]);
      expect(Buffer.compare(readFileSync(ours), readFileSync(theirs)), "the files are equal").toBe(0);
      // It runs, too, where the host runs programs of 32 bits; some kernels do not, and then neither runs.
      expect(outcome(ours)).toEqual(outcome(theirs));
    });
