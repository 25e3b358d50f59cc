// Draws by a seed, and what a mutant is called in lists.

import { readFileSync } from "node:fs";
import { build } from "esbuild";

// The project's generator is TypeScript, and imports more of it.
const { outputFiles } = await build({
  entryPoints: ["emulator/state/random.ts"],
  bundle: true,
  write: false,
  format: "esm",
});
const code = outputFiles[0].text;
const { Random } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

/** `count` of `items`, none twice, in a random order. */
export function draw(items, count, seed) {
  const random = new Random(seed, "mutants");
  const left = [...items];
  const drawn = [];
  while (drawn.length < count && left.length > 0) {
    const at = random.below(left.length);
    drawn.push(left[at]);
    left[at] = left[left.length - 1];
    left.pop();
  }
  return drawn;
}

/** One line, not too long. */
export const short = (text, length = 70) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length - 3)}...` : line;
};

/**
 * The list of mutants that no test can notice, each with its reason. A mutant is known by its file, its operator, the
 * line of source that it is in, and the text before and after: line numbers move.
 */
export function equivalents() {
  const list = JSON.parse(readFileSync("tests/mutants/equivalent.json", "utf8"));
  const keyOf = ({ file, operator, source, before, after }) => JSON.stringify([file, operator, source, before, after]);
  const reasons = new Map(list.map((one) => [keyOf(one), one.reason]));
  return (mutant) => reasons.get(keyOf(mutant)) ?? null;
}
