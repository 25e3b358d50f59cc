/** What stands around a type in C's notation: `int` in `int (*const &) [3]`. */

/**
 * What is still to be written when a type's innermost part is reached: `words` such as ` const` belong to what comes
 * next, `marks` are pointers and references to it, and `core` is a function's name and parameters, or bounds of arrays.
 */
export interface Declarator {
  readonly words: readonly string[];
  readonly marks: string;
  /** The marks begin with that of a pointer to a member, which wants no space after a parenthesis. */
  readonly opensWithMember: boolean;
  readonly core: string;
}

export const NO_DECLARATOR: Declarator = { words: [], marks: "", opensWithMember: false, core: "" };

export const declaratorOf = (core: string): Declarator => ({ ...NO_DECLARATOR, core });

/** ` const` and what else stands behind a type at once; said twice, it is written once. */
export function withWord(declarator: Declarator, word: string): Declarator {
  return declarator.words.includes(word) ? declarator : { ...declarator, words: [word, ...declarator.words] };
}

/** A pointer's or reference's mark, or a word that is not `const`, `volatile` or `restrict`. */
export function withMark(declarator: Declarator, mark: string, isMember = false): Declarator {
  const { core } = declarator;
  return { words: [], marks: mark + marksOf(declarator), opensWithMember: isMember, core };
}

function marksOf({ words, marks }: Declarator): string {
  return words.map((word) => ` ${word}`).join("") + marks;
}

/** The marks and the core in parentheses, where there are marks. */
function enclosed(declarator: Declarator): string {
  const marks = marksOf(declarator);
  if (marks === "") return declarator.core;
  const isMember = declarator.opensWithMember && declarator.words.length === 0;
  return `(${isMember ? marks.slice(1) : marks}${declarator.core})`;
}

/** A function's parameters and qualifiers behind it. */
export function asFunction(declarator: Declarator, parameters: string): Declarator {
  const { core } = declarator;
  const isArray = marksOf(declarator) === "" && core.startsWith(" ");
  return declaratorOf((isArray ? `(${core})` : enclosed(declarator)) + parameters);
}

/** The bound of an array behind it; `const` is that of the elements. */
export function asArray({ words, ...rest }: Declarator, bound: string): Declarator {
  const inner = enclosed({ ...rest, words: [] });
  const isArray = rest.marks === "" && rest.core.endsWith("]");
  const core = isArray ? `${inner}[${bound}]` : `${inner === "" ? "" : ` ${inner}`} [${bound}]`;
  return { ...declaratorOf(core), words };
}

/** A type's innermost part with all of it. */
export function declared(text: string, declarator: Declarator): string {
  const { core } = declarator;
  return text + marksOf(declarator) + (core === "" || core.startsWith(" ") ? core : ` ${core}`);
}
