/** A cluster on a terminal: shows who is up, and lets a person attach to a node's console and leave it again. */
import type { LabCluster } from "../../lab/lab.ts";
import { nodeTable } from "./outcome.ts";

/** What a person sits at: `process`, or what a test has made. */
export interface Terminal {
  readonly stdin: {
    readonly isTTY?: boolean;
    setRawMode?(raw: boolean): unknown;
    on(event: "data", listener: (data: Uint8Array) => void): unknown;
    off(event: "data", listener: (data: Uint8Array) => void): unknown;
    resume(): unknown;
    pause(): unknown;
  };
  readonly stdout: { readonly isTTY?: boolean; write(text: string | Uint8Array): unknown };
}

const CTRL_C = 0x03;
const Q = 0x71;
const CTRL_RIGHT_BRACKET = 0x1d;
/** How much of a console is shown when one attaches. */
const SCROLLBACK_LINES = 20;

/**
 * Runs at the pace of real time until the person leaves, or the last machine is switched off. Ctrl-C aborts
 * `interrupt`, as it does everywhere else.
 */
export async function stay(lab: LabCluster, { stdin, stdout }: Terminal, interrupt: AbortController): Promise<void> {
  lab.realtime = true;
  let attached: number | null = null;
  let detach = (): void => {};
  let left = false;
  let shown = "";
  let looked = "";
  const showTable = (): void => {
    // Making the table costs something; it can only have changed when a console or a machine's power has.
    const now = `${lab.outputBytes} ${lab.nodes.filter(({ isOff }) => isOff).length} ${attached}`;
    if (now === looked) return;
    looked = now;
    const table = nodeTable(lab).join("\n");
    if (table === shown || attached !== null) return;
    shown = table;
    stdout.write(
      `\n${table}\n\n${lab.nodes.length > 9 ? "Number and Enter" : `1-${lab.nodes.length}`}: attach to a node's console (Ctrl-] leaves it), q: quit\n`,
    );
  };
  const attach = (index: number): void => {
    const node = lab.nodes[index];
    if (!node) return;
    attached = index;
    stdout.write(`\x1b[2J\x1b[H--- ${node.name}, Ctrl-] leaves it ---\n`);
    stdout.write(node.console.text.split("\n").slice(-SCROLLBACK_LINES).join("\r\n"));
    detach = node.console.listen((bytes) => void stdout.write(bytes));
  };
  let digits = "";
  const onData = (data: Uint8Array): void => {
    for (const byte of data) {
      if (attached !== null) {
        if (byte === CTRL_RIGHT_BRACKET) {
          detach();
          attached = null;
          shown = "";
          showTable();
        } else lab.nodes[attached]!.send(Uint8Array.of(byte));
      } else if (byte === CTRL_C) interrupt.abort();
      else if (byte === Q) left = true;
      else if (byte >= 0x30 && byte <= 0x39) {
        digits += String.fromCharCode(byte);
        if (lab.nodes.length <= 9) {
          attach(Number(digits) - 1);
          digits = "";
        }
      } else {
        if (byte === 0x0d && digits !== "") attach(Number(digits) - 1);
        digits = "";
      }
    }
  };
  stdin.setRawMode?.(true);
  stdin.on("data", onData);
  stdin.resume();
  try {
    await lab.until(
      () => {
        showTable();
        return left || lab.nodes.every(({ isOff }) => isOff);
      },
      "",
      { within: "forever" },
    );
  } finally {
    detach();
    stdin.off("data", onData);
    stdin.setRawMode?.(false);
    stdin.pause();
    stdout.write("\n");
  }
}
