/**
 * Scripts for `qure emu --script`: lines that are typed at the consoles, each when the console shows a prompt.
 *
 *     # a comment
 *     @1 ping -c 3 10.0.2.16     typed at node 1
 *     @* cloud                   typed at every node (so is a line without @)
 *     !wait 5s                   virtual time passes
 *     !expect era (\d+)          every node of the last line must show this within 30 s
 *     !unplug 2                  what src/lab/actions.ts has a word for, done to node 2
 */
import { ACTIONS, type Action, actionKind, parseAction, perform, strangerOf } from "../../lab/actions.ts";
import { type LabCluster, type LabNode, WaitError } from "../../lab/lab.ts";
import { toNs } from "../../lab/time.ts";
import { CommandError, UsageError } from "../fail.ts";

type Step =
  | { readonly kind: "type"; readonly nodes: readonly number[]; readonly text: string; readonly line: number }
  | { readonly kind: "do"; readonly action: Omit<Action, "atNs"> }
  | { readonly kind: "wait"; readonly spanNs: number }
  | { readonly kind: "expect"; readonly pattern: RegExp; readonly line: number };

/** A prompt: the last line ends in one of these, and nothing more comes for a while. */
const PROMPT = /(?:> |: |\? |# |\$ )$/;
const QUIET_NS = 20_000_000;
/** How long the commands of the last lines may take. */
const SETTLE = "30s";

/** Parses a script; `path` is for the error messages. */
export function parseConsoleScript(text: string, path: string, nodeCount: number): Step[] {
  const all = Array.from({ length: nodeCount }, (_, index) => index);
  return text.split(/\r?\n/).flatMap((source, index): Step[] => {
    const line = index + 1;
    const fail = (problem: string): never => {
      throw new UsageError(`${path}:${line}:1: error: ${problem}`);
    };
    if (source.trim() === "" || source.startsWith("#")) return [];
    if (source.startsWith("!")) {
      const [, word = "", rest = ""] = /^!(\S*)\s*(.*)$/.exec(source) ?? [];
      try {
        if (word === "wait") return [{ kind: "wait", spanNs: toNs(rest) }];
        if (word === "expect") return [{ kind: "expect", pattern: new RegExp(rest, "m"), line }];
        if (actionKind(word) !== undefined && word !== "add") {
          const action = parseAction(word, rest);
          const stranger = strangerOf(action, nodeCount);
          if (stranger === null) return [{ kind: "do", action }];
          fail(`there is no node ${stranger}: the nodes are 1 to ${nodeCount}`);
        }
      } catch (error) {
        if (error instanceof UsageError) throw error;
        fail((error as Error).message);
      }
      const words = ACTIONS.map((kind) => `!${kind.word}`).filter((known) => known !== "!add");
      fail(
        `unknown directive !${word}: there are !wait TIME, !expect REGEX, and ${words.join(" ")} with a node's number`,
      );
    }
    const addressed = /^@(\*|\d+)\s?(.*)$/.exec(source);
    if (source.startsWith("@") && !addressed) fail("@ is followed by a node's number or by *");
    const number = addressed && addressed[1] !== "*" ? Number(addressed[1]) : 0;
    if (addressed && addressed[1] !== "*" && (number < 1 || number > nodeCount))
      fail(`there is no node ${number}: the nodes are 1 to ${nodeCount}`);
    return [{ kind: "type", nodes: number > 0 ? [number - 1] : all, text: addressed ? addressed[2]! : source, line }];
  });
}

export async function runConsoleScript(lab: LabCluster, steps: readonly Step[], path: string): Promise<void> {
  let nodes: readonly LabNode[] = lab.nodes;
  const typedAt = new Set<LabNode>();
  for (const step of steps) {
    if (step.kind === "do") perform(lab, step.action);
    else if (step.kind === "wait") await lab.advance(step.spanNs);
    else if (step.kind === "type") {
      nodes = step.nodes.map((index) => lab.nodes[index]!);
      for (const node of nodes) {
        await waitForPrompt(lab, node, `${path}:${step.line}`);
        node.console.take(/[\s\S]*/);
        node.type(`${step.text}\n`);
        typedAt.add(node);
      }
    } else {
      for (const node of nodes) {
        try {
          await node.waitFor(step.pattern, { within: "30s" });
        } catch (error) {
          throw new CommandError(`${path}:${step.line}:1: error: ${(error as Error).message}`);
        }
      }
    }
  }
  await settle(lab, [...typedAt]);
}

async function waitForPrompt(lab: LabCluster, node: LabNode, where: string): Promise<void> {
  await lab.until(
    promptWatch(lab, node),
    `${where}: ${node.name} showed no prompt`,
    { within: "120s" },
    () => node.console.text,
  );
}

/**
 * What the last lines started comes to its end: a prompt, or a machine that is off. A command that goes on forever is
 * left alone.
 */
async function settle(lab: LabCluster, nodes: readonly LabNode[]): Promise<void> {
  const prompts = nodes.map((node) => ({ node, isAtPrompt: promptWatch(lab, node) }));
  try {
    await lab.until(() => prompts.every(({ node, isAtPrompt }) => isAtPrompt() || node.isOff), "", { within: SETTLE });
  } catch (error) {
    if (!(error instanceof WaitError)) throw error;
  }
}

/** True once the console ends in a prompt and has been quiet for a while. */
function promptWatch(lab: LabCluster, node: LabNode): () => boolean {
  let length = -1;
  let since = lab.nowNs;
  return () => {
    const { text } = node.console;
    if (text.length !== length) {
      length = text.length;
      since = lab.nowNs;
    }
    return lab.nowNs - since >= QUIET_NS && PROMPT.test(text);
  };
}
