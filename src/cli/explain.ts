/** `qure explain ID`: what a diagnostic means and what to do. */
import type { Command } from "commander";
import { EXAMPLES } from "../assembler/examples.ts";
import { EXPLANATIONS as SOURCE_EXPLANATIONS } from "../assembler/explanations.ts";
import { BUILD_EXAMPLES, BUILD_EXPLANATIONS } from "../build/explanations.ts";
import { nearest } from "../diagnostic/suggestion.ts";
import { LINK_EXAMPLES } from "../linker/examples.ts";
import { LINK_EXPLANATIONS } from "../linker/explanations.ts";
import { SPEC_EXPLANATIONS } from "../spec/explanations.ts";
import { CommandError } from "./fail.ts";

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ...BUILD_EXPLANATIONS,
  ...SPEC_EXPLANATIONS,
  ...LINK_EXPLANATIONS,
  ...SOURCE_EXPLANATIONS,
};

export function declare(command: Command): void {
  command
    .argument("[id]", "the name in brackets after a diagnostic; without one, all are listed")
    .addHelpText("after", "\nExample:\n  qure explain ambiguous-size\n")
    .action((id: string | undefined) => {
      if (id === undefined) {
        process.stdout.write(`${Object.keys(EXPLANATIONS).sort().join("\n")}\n`);
        return;
      }
      const name = id.replace(/^\[|\]$/g, "");
      const text = Object.hasOwn(EXPLANATIONS, name) ? EXPLANATIONS[name] : undefined;
      if (text === undefined) {
        const near = nearest(name, Object.keys(EXPLANATIONS));
        throw new CommandError(
          `no diagnostic is called ${name}${near === null ? "; `qure explain` lists them" : `: did you mean ${near}?`}`,
        );
      }
      process.stdout.write(`${name}\n\n${wrap(text, 78)}\n`);
      const example = exampleOf(name);
      if (example !== undefined)
        process.stdout.write(`\nWrong:\n\n${indented(example.wrong)}\n\nRight:\n\n${indented(example.right)}\n`);
    });
}

/** As text: a source alone, or each file after its name, then the command that reads them. */
function exampleOf(name: string): { readonly wrong: string; readonly right: string } | undefined {
  const source = EXAMPLES[name];
  if (source !== undefined) return source;
  const files = (texts: Readonly<Record<string, string>>, command: string): string =>
    [...Object.entries(texts).map(([path, text]) => `${path}:\n${text}\n`), command].join("\n");
  const linked = LINK_EXAMPLES[name];
  if (linked !== undefined) {
    const text = (side: typeof linked.wrong): string => files(side.files, `qure ld ${side.options}`);
    return { wrong: text(linked.wrong), right: text(linked.right) };
  }
  const built = BUILD_EXAMPLES[name];
  return built && { wrong: files(built.wrong, "qure build"), right: files(built.right, "qure build") };
}

/** A source as a block; one line of it may be as long as a mistake has to be. */
function indented(source: string): string {
  return source
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line.length > 78 ? `${line.slice(0, 75)}...` : line}`))
    .join("\n");
}

function wrap(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}
