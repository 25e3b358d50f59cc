/** Work of which one worker does a piece while the others wait: a folder is the lock. */
import { mkdirSync, rmSync, statSync } from "node:fs";

const WAIT_MS = 100;

/** Does `work` while nobody else does any under `lock`. Whoever holds it for longer than `patienceMs` is not there. */
export async function alone<Result>(
  lock: string,
  patienceMs: number,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      const { mtimeMs } = statSync(lock, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
      if (Date.now() - mtimeMs > patienceMs) rmSync(lock, { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
