/** A process that goes on when the command is over: it is started, and waited for until it answers or says why not. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";

const POLL_MS = 20;

export interface Background<Answer> {
  /** Of Node: a script, and what it is given. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The file at whose end it says what it says. */
  readonly log: string;
  readonly withinMs: number;
  /** It may find that another one was first, and end well; that one answers. */
  readonly mayYield?: boolean;
  /** Null: it does not answer yet. */
  ask(pid: number | undefined): Promise<Answer | null>;
}

/** Why it does not answer: what it said last, or how it ended. */
export class BackgroundError extends Error {
  override readonly name = "BackgroundError";
  /** It said nothing in its time. */
  readonly isMute: boolean;

  constructor(message: string, isMute: boolean) {
    super(message);
    this.isMute = isMute;
  }
}

/** Its answer. Rejects with a BackgroundError; one that may not yield is ended then. */
export async function startInBackground<Answer>(wanted: Background<Answer>): Promise<Answer> {
  const { args, env, cwd, log, withinMs, mayYield = false, ask } = wanted;
  const logStart = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const file = openSync(log, "a", 0o600);
  // Nobody would read a pipe of it any more when this command has ended.
  const child = spawn(process.execPath, [...args], {
    detached: true,
    stdio: ["ignore", file, file],
    env,
    ...(cwd === undefined ? {} : { cwd }),
  });
  closeSync(file);
  let end: string | null = null;
  child.on("exit", (status, signal) => (end = signal ?? `status ${status}`));
  child.on("error", (error) => (end = error.message));
  const untilMs = performance.now() + withinMs;
  for (;;) {
    // Before it is asked: what ended after its answer has answered.
    const ended = mayYield && end === "status 0" ? null : (end as string | null);
    const answer = await ask(child.pid).catch((error: unknown) => {
      child.kill();
      throw error;
    });
    if (answer !== null) {
      child.unref();
      return answer;
    }
    if (ended !== null) {
      throw new BackgroundError(lastSaid(log, logStart).replace(/^.*?error: /, "") || ended, false);
    }
    if (performance.now() > untilMs) {
      // One that may yield ends by itself when nobody wants it, and another command may want it yet.
      if (!mayYield) child.kill();
      throw new BackgroundError(`it does not answer after ${withinMs / 1000} s: see ${log}`, true);
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

function lastSaid(path: string, start: number): string {
  try {
    return readFileSync(path).subarray(start).toString().trim().split("\n").at(-1)!;
  } catch {
    // Another one has begun a log of its own.
    return "";
  }
}
