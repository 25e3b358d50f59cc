/** The system in QEMU: what COM1 says to some commands. */
import { execa } from "execa";

const ARGUMENTS = ["-M", "pc", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"];
const AT_PROMPT = /\S+:\/> $/;
const ASKS = /Type 'Yes' if so: $/;

/** Boots with these options and types the commands, each at a prompt or a question. */
export async function inQemu(qemu: string, options: readonly string[], commands: readonly string[]): Promise<string> {
  const child = execa(qemu, [...ARGUMENTS, ...options], {
    timeout: 120_000,
    reject: false,
    buffer: false,
    stdin: "pipe",
  });
  const left = [...commands];
  let text = "";
  let seen = 0;
  for await (const chunk of child.stdout!) {
    text += String(chunk).replace(/\r|\x1b\[[0-9;?]*[A-Za-z]/g, "");
    if (/PANIC|system halted/.test(text)) break;
    if (!AT_PROMPT.test(text.slice(seen)) && !ASKS.test(text.slice(seen))) continue;
    const next = left.shift();
    if (next === undefined) break;
    seen = text.length;
    child.stdin!.write(`${next}\r`);
  }
  child.kill();
  await child;
  return text;
}
