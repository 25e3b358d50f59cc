/**
 * gcc and GNU as, whose answers are kept: compiling takes most of the time, and what came out of it does not change
 * when our assembler does. The folder may be removed at any time.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Corpus, CorpusFile } from "./corpora.ts";
import type { Setting } from "./settings.ts";

const ELF_FIRST_BYTE = 0x7f;
const MAXIMUM_COMPILER_MS = 60_000;

export interface Reference {
  /** What GNU as made; null when it refused. */
  readonly object: Uint8Array | null;
  readonly messages: string;
}

export interface RunResult {
  readonly isOk: boolean;
  readonly output: string;
  readonly messages: string;
}

export function run(command: string, args: readonly string[], folder: string): Promise<RunResult> {
  return new Promise((done) => {
    const options = { cwd: folder, maxBuffer: 1 << 28, timeout: MAXIMUM_COMPILER_MS, encoding: "latin1" } as const;
    execFile(command, args, { ...options, env: { ...process.env, LC_ALL: "C" } }, (error, output, messages) =>
      done({ isOk: error === null, output, messages }),
    );
  });
}

export class ForeignTools {
  readonly #root: string;
  readonly #cache: string;
  /** Makes names of files in the making differ. */
  #runs = 0;
  constructor(root: string, cache: string) {
    this.#root = resolve(root);
    this.#cache = resolve(cache);
  }

  /** The folder where `path` of `assembly` lies; both assemblers work in it. */
  get folder(): string {
    return this.#cache;
  }

  /** The name, in `folder`, of the assembly that a source becomes; null when gcc refuses the source. */
  async assembly(corpus: Corpus, file: CorpusFile, setting: Setting): Promise<string | null> {
    const options = [...corpus.options, ...setting.compiler].map((option) =>
      option.replace(/^(.*)ROOT/, `$1${this.#root}`).replace("HERE", dirname(join(this.#root, file.path))),
    );
    const name = join(file.path.replaceAll("/", "!").slice(-80) + hash([file.path, ...options]));
    const path = join(this.#cache, name);
    if (existsSync(`${path}.s`)) return `${name}.s`;
    if (existsSync(`${path}.no`)) return null;
    mkdirSync(this.#cache, { recursive: true });
    const isAssembly = file.language === "assembly";
    const mode = isAssembly ? ["-E", "-D__ASSEMBLY__", "-D__ASSEMBLER__", "-x", "assembler-with-cpp"] : ["-S"];
    const gcc = file.language === "c++" ? "g++" : "gcc";
    const part = `${path}.${process.pid}.${this.#runs++}`;
    const args = ["-m32", ...options, ...mode, join(this.#root, file.path), "-o", part];
    const { isOk, messages } = await run(gcc, args, this.#cache);
    if (isOk && existsSync(part)) {
      renameSync(part, `${path}.s`);
      return `${name}.s`;
    }
    rmSync(part, { force: true });
    writeFileSync(`${path}.no`, messages.slice(0, 2000));
    return null;
  }

  /** What GNU as says to `name` in `folder`. */
  async reference(name: string, options: readonly string[]): Promise<Reference> {
    const base = join(this.#cache, `${name.slice(0, -2)}.${options.length > 0 ? hash(options) : ""}`);
    if (existsSync(`${base}o`)) {
      const object = new Uint8Array(readFileSync(`${base}o`));
      // One that was being written when a run was broken off.
      if (object[0] === ELF_FIRST_BYTE) return { object, messages: "" };
    }
    if (existsSync(`${base}err`)) return { object: null, messages: readFileSync(`${base}err`, "latin1") };
    const part = `${base}${process.pid}.${this.#runs++}`;
    const { isOk, messages } = await run("as", ["--32", ...options, name, "-o", part], this.#cache);
    if (isOk) {
      renameSync(part, `${base}o`);
      return { object: new Uint8Array(readFileSync(`${base}o`)), messages: "" };
    }
    rmSync(part, { force: true });
    writeFileSync(`${base}err`, messages.slice(0, 4000), "latin1");
    return { object: null, messages };
  }
}

const hash = (parts: readonly string[]): string =>
  createHash("sha1").update(parts.join("\0")).digest("hex").slice(0, 12);
