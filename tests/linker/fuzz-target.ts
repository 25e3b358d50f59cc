/**
 * One case of the linker's fuzzer: inputs, a script and options made from a seed are linked, and the map is written.
 * Whatever is not a refusal in words is a finding.
 */

import { Random } from "../../emulator/state/random.ts";
import { assignmentInput } from "../../src/linker/assigned-names.ts";
import type { BuildId } from "../../src/linker/build-id.ts";
import { linkDiagnostics } from "../../src/linker/diagnostics.ts";
import type { LinkInput } from "../../src/linker/inputs.ts";
import { linkProgram } from "../../src/linker/link.ts";
import { linkMap } from "../../src/linker/link-map.ts";
import { memoryUsage } from "../../src/linker/memory-usage.ts";
import { flatImage } from "../../src/linker/program-file.ts";
import { defaultScript, type ScriptKind } from "../../src/linker/script/default.ts";
import { mergeScripts } from "../../src/linker/script/merge.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { type LinkerScript, ScriptError } from "../../src/linker/script/tree.ts";
import { linkWarnings } from "../../src/linker/warnings.ts";
import { demangleSymbol } from "../../src/object/demangle/demangle.ts";
import { ElfError } from "../../src/object/elf-reader.ts";
import { archiveOf, mutate, mutateScript, objectOf, randomScript } from "./mutations.ts";
import { randomProgram, SCRIPTS } from "./programs.ts";

export interface FuzzResult {
  readonly kind: string;
  /** What went wrong; null for nothing. */
  readonly finding: string | null;
  readonly input: Uint8Array;
}

const PROGRAMS = 12;
const KINDS: readonly ScriptKind[] = ["paged", "no-separate-code", "unpaged", "writable-text", "partial"];

/** IDs that look at every part that they are made from, as a digest does, and one that is given. */
const BUILD_IDS: readonly BuildId[] = [
  {
    sizeBytes: 20,
    make: (parts) => {
      const id = new Uint8Array(20);
      for (const part of parts) for (let i = 0; i < part.length; i++) id[i % 20]! ^= part[i]!;
      return id;
    },
  },
  { sizeBytes: 3, make: () => Uint8Array.of(1, 2, 3) },
];

/** Unwind information, notes and thread-local data, which the random programs have not. */
const MORE_SOURCES = [
  '.globl f\n.type f, @function\nf: .cfi_startproc\npush %ebp\n.cfi_def_cfa_offset 8\nret\n.cfi_endproc\n.size f, . - f\n.section .text.g,"ax"\ng: .cfi_startproc\nret\n.cfi_endproc\n',
  '.section .note.x,"a",@note\n.long 4, 4, 1\n.asciz "abc"\n.long 9\n.section .tdata,"awT"\n.globl t\nt: .long 1\n.section .tbss,"awT",@nobits\n.skip 8\n.text\nmov %gs:t@ntpoff, %eax\n',
  '.text\ncall *f@GOT(%ebx)\nmov s1@GOT(%ebx), %eax\nlea s2@GOTOFF(%ebx), %eax\nadd $_GLOBAL_OFFSET_TABLE_, %ebx\n.section .init_array,"aw",@init_array\n.long f\n.section .gnu.linkonce.t.x,"ax"\nret\n',
];

export class FuzzTarget {
  readonly #objects: Uint8Array[] = [];
  readonly #archives: Uint8Array[] = [];
  readonly #defaults = new Map<ScriptKind, LinkerScript>();
  readonly #words: string[];

  constructor() {
    for (let number = 1; number <= PROGRAMS; number++) {
      const objects = randomProgram(number).map((source, part) => objectOf(source, `part${part}.s`));
      this.#objects.push(...objects);
      this.#archives.push(archiveOf(objects), archiveOf(objects, ["s1", "s2", "s3"].slice(0, objects.length)));
    }
    this.#objects.push(...MORE_SOURCES.map((source, part) => objectOf(source, `more${part}.s`)));
    for (const kind of KINDS) this.#defaults.set(kind, parseScript(defaultScript(kind), "default"));
    this.#words = [...Object.values(SCRIPTS), defaultScript("paged")]
      .join(" ")
      .split(/(\s+|[(){};:*])/)
      .filter((word) => word.trim() !== "");
  }

  run(seed: number): FuzzResult {
    const random = new Random(seed);
    const path = (): string => random.pick(["a.o", "b.o", "lib.a", "c.o"]);
    const file = (): LinkInput => {
      const original = random.chance(20) ? random.pick(this.#archives) : random.pick(this.#objects);
      return {
        kind: "file",
        path: path(),
        bytes: random.chance(50) ? mutate(random, original) : original,
        wholeArchive: random.chance(20),
      };
    };
    const files = Array.from({ length: 1 + random.below(3) }, () =>
      random.chance(10) ? { kind: "group" as const, inputs: [file(), file()] } : file(),
    );
    const kind = random.pick(KINDS);
    const text = random.chance(50)
      ? null
      : random.chance(60)
        ? randomScript(random)
        : mutateScript(random, random.pick([...Object.values(SCRIPTS), defaultScript("paged")]), this.#words);
    const input = (): Uint8Array =>
      text === null
        ? ((files[0] as { bytes?: Uint8Array }).bytes ?? new Uint8Array(0))
        : new TextEncoder().encode(text);
    try {
      const own = text === null ? null : parseScript(text, "script.ld", (name) => ({ path: name, text }));
      const base = this.#defaults.get(kind)!;
      const script = own === null ? base : own.inserted.length > 0 ? mergeScripts([own, base]) : own;
      this.#link(random, files, script, own === null, own === null ? kind === "partial" : random.chance(10));
      return { kind: "ld", finding: null, input: input() };
    } catch (error) {
      const isRefusal = error instanceof ElfError || error instanceof ScriptError;
      return {
        kind: "ld",
        finding: isRefusal ? null : error instanceof Error ? String(error.stack) : String(error),
        input: input(),
      };
    }
  }

  #link(
    random: Random,
    files: readonly LinkInput[],
    script: LinkerScript,
    isDefaultScript: boolean,
    isRelocatable: boolean,
  ): void {
    const isFlat = !isRelocatable && random.chance(10);
    const inputs = random.chance(50) ? [assignmentInput(script), ...files] : files;
    const { program, image, linked, problems } = linkProgram(inputs, {
      script,
      isDefaultScript,
      isRelocatable,
      isFlat,
      emitRelocations: random.chance(20),
      collectGarbage: random.chance(30),
      isPaged: random.chance(80),
      isTextWritable: random.chance(10),
      separateCode: random.chance(70),
      relro: random.chance(70),
      strip: random.pick(["none", "none", "debugging", "all"] as const),
      discard: random.pick(["merged-labels", "all", "none", "labels"] as const),
      pageBytes: random.pick([0x1000, 0x1000, 1, 0x200000, 0x40000000]),
      commonPageBytes: random.pick([0x1000, 1]),
      duplicateSymbols: random.chance(50) ? "ignore" : "report",
      undefinedSymbols: random.pick(["report", "warn", "ignore"] as const),
      definesCommon: random.chance(10),
      ...(random.chance(20) ? { buildId: random.pick(BUILD_IDS) } : {}),
      hasFrameHeader: random.chance(20),
      checksOverlaps: random.chance(50),
      orphans: random.pick(["place", "place", "warn", "error", "discard"] as const),
      undefinedNames: random.chance(20) ? ["s1", "nowhere"] : [],
      ...(random.chance(20) ? { entry: random.pick(["s1", "0x1234", "nowhere"]) } : {}),
      ...(random.chance(10) ? { sortSections: random.pick(["name", "alignment"] as const) } : {}),
      ...(random.chance(15)
        ? { sectionStart: new Map([[random.pick([".text", ".data", ".new"]), random.pick([0, 0x7c00, 0xfffffff0])]]) }
        : {}),
    });
    linkDiagnostics(problems, () => "a source line\nanother one");
    if (!program) return;
    linkMap(program, { outputPath: "out", format: "elf32-i386", listsDiscarded: true, nameOf: demangleSymbol });
    linkDiagnostics(
      linkWarnings(program, "out", { rwxSegments: true, stack: true, common: true }),
      () => null,
      "warning",
    );
    memoryUsage(program);
    if (linked && image && isFlat) flatImage(program, image);
  }
}
