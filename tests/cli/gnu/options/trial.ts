/** Runs a tool with an option in a folder of its own, GNU's or ours, and says what came of it. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answer } from "../../../setup/answers.ts";
import type { OptionTable } from "./table.ts";

export interface Outcome {
  /** Files and standard output; their folder is called FOLDER. */
  readonly products: string;
  readonly messages: string;
  readonly isWell: boolean;
}

/** Each has the same files, in `folder/files`. */
export class Trials {
  readonly #table: OptionTable;
  readonly #folder: string;
  readonly #oracle: string;

  constructor(table: OptionTable, folder: string, oracle: string) {
    this.#table = table;
    this.#folder = folder;
    this.#oracle = oracle;
  }

  #args(words: readonly string[], operands: readonly string[] | undefined, folder: string): string[] {
    const { always = [], operands: usual } = this.#table;
    return [...always, ...words, ...(operands ?? usual)].map((word) => word.replaceAll("FOLDER", folder));
  }

  /** A folder with the files as they were at first. */
  #fresh(name: string): string {
    const folder = join(this.#folder, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    cpSync(join(this.#folder, "files"), folder, { recursive: true });
    return folder;
  }

  #outcome(folder: string, output: string, messages: string, isWell: boolean): Outcome {
    const files = readdirSync(folder)
      .sort()
      .map((file) => `\n== ${file}\n${readFileSync(join(folder, file), "latin1")}`);
    const plain = (text: string): string => text.replaceAll(folder, "FOLDER");
    return { products: plain(output + files.join("")), messages: plain(messages), isWell };
  }

  theirs(words: readonly string[], operands?: readonly string[]): Outcome {
    const files = readdirSync(join(this.#folder, "files"));
    const contents = files.map((file) => readFileSync(join(this.#folder, "files", file)));
    const args = this.#args(words, operands, "FOLDER");
    return answer([this.#oracle], ["option", ...args, ...files, ...contents], () => {
      const folder = this.#fresh("theirs");
      const run = spawnSync(this.#oracle, this.#args(words, operands, folder), { encoding: "latin1", input: "" });
      return this.#outcome(folder, run.stdout, run.stderr, run.status === 0);
    });
  }

  async ours(words: readonly string[], operands?: readonly string[]): Promise<Outcome> {
    const chunks: [string[], string[]] = [[], []];
    const streams = [process.stdout, process.stderr];
    const writers = streams.map((stream) => stream.write);
    const code = process.exitCode;
    let isWell = true;
    let failure = "";
    const folder = this.#fresh("ours");
    for (const [index, stream] of streams.entries())
      stream.write = ((chunk: string | Uint8Array) => (
        chunks[index]!.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1")), true
      )) as typeof stream.write;
    try {
      await this.#table.run(this.#args(words, operands, folder));
    } catch (error) {
      isWell = false;
      failure = `error: ${(error as Error).message}\n`;
    } finally {
      for (const [index, stream] of streams.entries()) stream.write = writers[index]!;
    }
    if (process.exitCode !== undefined && process.exitCode !== code) isWell = false;
    process.exitCode = code;
    return this.#outcome(folder, chunks[0].join(""), chunks[1].join("") + failure, isWell);
  }
}
