/**
 * Faults planted into a copy of src/volume: each is found by the schedules. That clones count while they are made is
 * what the collector's model finds (collector-model.ts).
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isAtLength } from "../setup/tier.ts";
import { type Parts, Schedule } from "./schedule.ts";

const SEEDS = 6000;
/** Each so many-th schedule has clones, removals and collections alone. */
const QUIET = 4;
const FOLDER = resolve("build/planted-volumes");

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

/** What is wrong, where, and which text takes the place of which. */
const PLANTED: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
  ["a flush does not ask who the owner is", "device.ts", "    await this.#checkOwner();\n  }", "  }"],
  ["what the last owner wrote is not put into the map", "settle.ts", "if (head.from) {", "if (false) {"],
  ["an interrupted rescue is forgotten", "settle.ts", "from ?? (isIdle", "(isIdle"],
  ["an epoch that is written counts as idle", "volumes.ts", "from, owner, isIdle: false", "from, owner, isIdle: true"],
  [
    "whoever opens it keeps the epoch",
    "volumes.ts",
    "epoch: head.epoch + 1, from, owner",
    "epoch: head.epoch, from, owner",
  ],
  ["an unknown swap counts as done", "head.ts", "if (now?.head.nonce === nonce) return now;", "if (now) return now;"],
  ["what was found unused once is deleted", "collector.ts", "before.has(one)", "true"],
  ["epochs that are written are collected", "collector.ts", "!isAtWork(byId, key)", "true"],
  ["two work on one object at once", "device.ts", "before.then(action)", "action()"],
  ["a write that failed counts as none", "device.ts", "written.doubtful.add(block);", ";"],
  ["an epoch ends while writes are under way", "device.ts", "Promise.allSettled(this.#underWay)", "Promise.resolve()"],
  [
    "what could not be flushed is not flushed again",
    "device.ts",
    "    if (!written?.isDirty) return;\n",
    "    if (!written?.isDirty) return;\n    written.isDirty = false;\n",
  ],
  [
    "a lock is broken without another epoch",
    "volumes.ts",
    "if (force) await this.#changing(",
    "if (head0()) await this.#changing(",
  ],
  [
    "closing does not flush",
    "device.ts",
    "    await this.#flush();\n    const { head } = this.#seen;",
    "    const { head } = this.#seen;",
  ],
  ["zeros are not noted", "device.ts", "states.fill(BLOCK.zeros, first, end)", "states.fill(BLOCK.below, first, end)"],
];

/** It takes as long as all others. */
const LONG = "what was found unused once is deleted";

test.each(PLANTED.filter(([what]) => isAtLength || what !== LONG))(
  "it is found that %s",
  async (what, file, from, to) => {
    const folder = join(FOLDER, what.replaceAll(/\W+/g, "-"));
    mkdirSync(folder, { recursive: true });
    for (const part of ["volume", "bytes", "diagnostic"])
      cpSync(join("src", part), join(folder, part), {
        recursive: true,
        filter: (path) => !/volume.(s3|remote)/.test(path),
      });
    const path = join(folder, "volume", file);
    const source = readFileSync(path, "utf8");
    expect(source.split(from), `${file} has the text once`).toHaveLength(2);
    writeFileSync(path, source.replace(from, to).replace("head0()", "false"));
    const load = (name: string): Promise<Record<string, never>> =>
      import(/* @vite-ignore */ join(folder, "volume", name));
    const { openVolumes } = await load("volumes.ts");
    const parts = { openVolumes, ...(await load("memory-store.ts")), ...(await load("store.ts")) } as unknown as Parts;
    let found: string | null = null;
    // Of the collector's, those seeds in which nobody writes.
    const stride = what.includes("unused once") ? QUIET : 1;
    for (let count = 1; count <= SEEDS && found === null; count++)
      found = await new Schedule(count * stride, parts).run();
    expect(found).not.toBeNull();
  },
);
