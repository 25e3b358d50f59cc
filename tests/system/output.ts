/** What commands print at QuRe's shell. */
import type { LabNode, WaitOptions } from "../../src/lab/cluster.ts";
import { CLOUD, PROMPT } from "./images.ts";

/** Of a line that is edited its end is shown, whatever keys were pressed first. */
const SEEN = /[ -~]{0,16}$/;

/**
 * Types a line at the shell and returns what is printed between it and the next prompt. Prompts from before that nobody
 * has read are none of its own. What services say at any time may be among it.
 */
export async function output(node: LabNode, line: string, options: WaitOptions = {}): Promise<string> {
  node.type(`${line}\n`);
  await node.waitFor(`${SEEN.exec(line)![0]}\n`);
  const { text, unread } = node.console;
  const start = text.length - unread.length;
  await node.waitFor(PROMPT, { within: "600s", ...options });
  return node.console.text.slice(start).replace(/[^\n]*$/, "");
}

/** The same on a node whose services speak at any time: only what comes between two lines of its own. */
export async function outputAmong(node: LabNode, line: string): Promise<string> {
  await node.enter(`echo from here; ${line}; echo to here`, /^to here$/m);
  const since = node.console.text.split("; echo to here").at(-1)!;
  return /^from here\n([\s\S]*?)to here$/m.exec(since)![1]!;
}

/** What `cloud` shows, without what passes by itself. */
export async function picture(node: LabNode): Promise<string> {
  const from = node.console.text.length;
  await node.enter("cloud", /^NODE[\s\S]*> $/m);
  return node.console.text
    .slice(from)
    .replace(/\d+ packets? (?:was|were) refused/, "packets were refused")
    .replace(/(here|\d+\.\d s)$/gm, "");
}

/** How many peers the node named when it last spoke of its cluster; -1 before that. */
export function peersOf(node: LabNode): number {
  const line = node.console.text.split("\n").findLast((text) => CLOUD.test(text));
  return Number(CLOUD.exec(line ?? "")?.[5] ?? -1);
}
