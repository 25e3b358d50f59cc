/** A folder of its own with machines, for tests of `qure vm` as people call it. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { Schema } from "../../src/vm/configuration.ts";
import { provideBuild } from "../system/images.ts";
import { fits, PUBLISHED } from "../vm/schemas.ts";
import { bundle, PROGRESS, qure } from "./in-process.ts";

export { bundle };

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Listed {
  readonly machine: string;
  readonly state: string;
}

/** What a verb prints as JSON is what the schema says of it. */
function judged(args: readonly string[], run: Run): Run {
  if (args.includes("--json") && run.stdout !== "") {
    const printed = PUBLISHED["vm/qure-vm-1.schema.json"]!;
    const verb = (printed["definitions"] as Readonly<Record<string, Schema>>)[args[0]!]!;
    expect(fits(verb, JSON.parse(run.stdout), printed), run.stdout).toBe(true);
  }
  return run;
}

export class Machines {
  readonly folder = mkdtempSync(join(tmpdir(), "qvm-"));
  readonly env = {
    ...process.env,
    XDG_RUNTIME_DIR: join(this.folder, "run"),
    XDG_STATE_HOME: join(this.folder, "state"),
    QURE_STORE: join(this.folder, "volumes"),
    QURE_MACHINES: join(this.folder, "machines"),
  };

  /** With what `qure build` makes. To be called when tests begin. */
  begin(): void {
    mkdirSync(join(this.folder, "run"), { mode: 0o700 });
    provideBuild(this.folder);
  }

  readonly qure = (...args: string[]): Run =>
    spawnSync("node", [bundle, ...args], { cwd: this.folder, env: this.env, encoding: "utf8" });

  /** What begins no process is done in this one. */
  readonly here = (...args: string[]): Promise<Run> => qure(args, { cwd: this.folder, env: this.env });

  /** Runs what has no end by itself until it has printed this. */
  until(text: string, ...args: string[]): Promise<void> {
    const child = spawn("node", [bundle, ...args], {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    return new Promise((found, fail) => {
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (piece: string) => {
          said += piece;
          if (said.includes(text)) child.kill();
        });
      child.on("close", () => (said.includes(text) ? found() : fail(new Error(`it ended after ${said}`))));
    });
  }

  readonly vm = (...args: string[]): Run => judged(args, this.qure("vm", ...args));

  /** The same in this process, for verbs that start no machine. */
  readonly vmHere = async (...args: string[]): Promise<Run> => judged(args, await this.here("vm", ...args));

  /** Each machine, and what it is said to be. */
  readonly list = (...args: string[]): string[] =>
    (JSON.parse(done(this.vm("list", "--json", ...args))) as { machines: Listed[] }).machines.map(
      ({ machine, state }) => `${machine} ${state}`,
    );

  end(clusters: readonly string[] = ["main"]): void {
    for (const cluster of clusters) this.vm("stop", "--kill", "all", "-c", cluster);
    // Owners stay for some seconds, and may write until then.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }
}

/** What it prints, when it succeeds. */
export function done(run: Run): string {
  expect(run.stderr.replaceAll(PROGRESS, "")).toBe("");
  expect(run.status).toBe(0);
  return run.stdout;
}

export const refused = (run: Run): string => {
  expect(run.status).not.toBe(0);
  return `${run.status} ${run.stderr.replaceAll(PROGRESS, "")}`;
};
