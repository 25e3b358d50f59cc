/** Progress for people, on standard error: one line that changes on a terminal, a line for each step elsewhere. */

export interface Progress {
  /** What is being done now. */
  step(text: string): void;
  /** Something that stays to be read. */
  note(text: string): void;
  /** Removes the changing line. */
  done(): void;
}

const SILENT_MS = 700;

/** `pauseMs`: elsewhere than on a terminal there is a line no more often. */
export function makeProgress(stream: NodeJS.WriteStream, pauseMs = 0): Progress {
  const start = performance.now();
  const isTerminal = stream.isTTY === true;
  let last = "";
  let lastMs = -Infinity;
  const clear = (): void => {
    if (isTerminal && last !== "") stream.write("\r\x1b[K");
    last = "";
  };
  return {
    step(text) {
      // What is over within a moment needs no progress.
      const nowMs = performance.now();
      if (text === last || (!isTerminal && (nowMs - start < SILENT_MS || nowMs - lastMs < pauseMs))) return;
      lastMs = nowMs;
      const seconds = ((nowMs - start) / 1000).toFixed(1).padStart(5);
      if (isTerminal) stream.write(`\r\x1b[K${seconds} s  ${text.slice(0, (stream.columns || 80) - 10)}`);
      else stream.write(`${seconds} s  ${text}\n`);
      last = text;
    },
    note(text) {
      clear();
      stream.write(`${text}\n`);
    },
    done: clear,
  };
}
