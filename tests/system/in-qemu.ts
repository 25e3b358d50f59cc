/** The system in QEMU: what COM1 says to some commands, and the screen to keys. */
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";

const ARGUMENTS = ["-M", "pc", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"];
const AT_PROMPT = /\S+:\/> $/;
const ASKS = /Type 'Yes' if so: $/;

/**
 * Boots with these options and types the commands, each at a prompt or a question. A service may say a line and have
 * the prompt shown once more, so a prompt counts after the echo of what was typed last.
 */
export async function inQemu(qemu: string, options: readonly string[], commands: readonly string[]): Promise<string> {
  const child = execa(qemu, [...ARGUMENTS, ...options], {
    timeout: 120_000,
    reject: false,
    buffer: false,
    stdin: "pipe",
  });
  const left = [...commands];
  let text = "";
  let typed = "";
  let seen = 0;
  for await (const chunk of child.stdout!) {
    text += String(chunk).replace(/\r|\x1b\[[0-9;?]*[A-Za-z]/g, "");
    if (/system halted/.test(text)) break; // also the end of what a panic says
    const echo = text.indexOf(typed, seen);
    if (echo < 0 || (!AT_PROMPT.test(text.slice(echo)) && !ASKS.test(text.slice(echo)))) continue;
    const next = left.shift();
    if (next === undefined) break;
    seen = text.length;
    typed = next;
    child.stdin!.write(`${next}\r`);
  }
  child.kill();
  await child;
  return text;
}

const COLUMNS = 80;
const CELLS_COMMAND = "xp /2000hx 0xb8000";
const LOOK_MS = 100;

/**
 * Boots with these options. Each row waits for the screen to show something, then presses keys by their names in QEMU's
 * `sendkey`. The screens that the rows waited for.
 */
export async function keysInQemu(
  qemu: string,
  options: readonly string[],
  rows: readonly (readonly [shows: RegExp, ...keys: string[]])[],
): Promise<string[]> {
  const child = execa(
    qemu,
    ["-M", "pc", "-display", "none", "-serial", "none", "-qmp", "stdio", "-no-reboot", ...options],
    {
      timeout: 60_000,
      reject: false,
      buffer: false,
      stdin: "pipe",
      lines: true,
    },
  );
  const answers = child[Symbol.asyncIterator]();
  const ask = async (execute: string, command = ""): Promise<string> => {
    child.stdin!.write(`${JSON.stringify({ execute, arguments: command ? { "command-line": command } : {} })}\n`);
    for (;;) {
      const { value, done } = await answers.next();
      if (done) throw new Error("QEMU has ended");
      const answer = JSON.parse(String(value));
      if ("return" in answer) return String(answer.return);
    }
  };
  await ask("qmp_capabilities");
  const screens: string[] = [];
  for (const [shows, ...keys] of rows) {
    let screen = "";
    while (!shows.test(screen)) {
      await delay(LOOK_MS);
      const cells = (await ask("human-monitor-command", CELLS_COMMAND)).match(/0x[0-9a-f]{4}\b/g) ?? [];
      const text = cells.map((cell) => String.fromCharCode(Number(cell) & 0xff || 0x20)).join("");
      screen = text.replace(new RegExp(`.{${COLUMNS}}`, "gs"), "$&\n");
    }
    screens.push(screen);
    for (const key of keys) {
      await ask("human-monitor-command", `sendkey ${key} 20`);
      await delay(LOOK_MS);
    }
  }
  child.kill();
  await child;
  return screens;
}
