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

export function makeProgress(stream: NodeJS.WriteStream): Progress {
  const start = performance.now();
  const isTerminal = stream.isTTY === true;
  let last = "";
  const clear = (): void => {
    if (isTerminal && last !== "") stream.write("\r\x1b[K");
    last = "";
  };
  return {
    step(text) {
      // What is over within a moment needs no progress.
      if (text === last || (!isTerminal && performance.now() - start < SILENT_MS)) return;
      const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5);
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
