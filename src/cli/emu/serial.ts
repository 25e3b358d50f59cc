/**
 * `--serial stdio`: COM1 of a machine on this terminal. Ctrl-A X ends it, as in QEMU; Ctrl-C goes to the guest of a
 * terminal.
 */
import type { LabNode } from "../../lab/lab.ts";

/** Why a run was ended that the person left by Ctrl-A X: nothing went wrong. */
export const LEFT_BY_KEY = new Error("left by Ctrl-A X");

const CTRL_A = 1;

/** Returns what disconnects. */
export function connectStdio(node: LabNode, end: AbortController): () => void {
  const { stdin, stdout } = process;
  const silence = node.console.listen((bytes) => void stdout.write(bytes));
  let escaped = false;
  const onData = (data: Uint8Array): void => {
    const bytes: number[] = [];
    for (const byte of data) {
      if (escaped) {
        escaped = false;
        if (byte === 0x78 || byte === 0x58) return end.abort(LEFT_BY_KEY);
        bytes.push(byte);
      } else if (byte === CTRL_A && stdin.isTTY) escaped = true;
      // A line that comes from a pipe ends with the key that a person would press.
      else bytes.push(byte === 0x0a && !stdin.isTTY ? 0x0d : byte);
    }
    node.send(Uint8Array.from(bytes));
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.resume();
  return () => {
    silence();
    stdin.off("data", onData);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  };
}
