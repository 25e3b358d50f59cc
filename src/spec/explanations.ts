/** What the diagnostics of a spec mean, for `qure explain ID`. */
export const SPEC_EXPLANATIONS: Readonly<Record<string, string>> = {
  "spec-syntax":
    "The spec is no JSON. Comments are taken, and a comma after the last entry; names are in double quotes, and all of it is one object in braces.",
  "spec-key":
    "A spec has no key of this name, or has it twice. docs/formats/spec.md lists the keys; only a list may be written with a + before its name, which adds to it.",
  "spec-value":
    "The value of a key is not one that it may have. The sentence says what is expected there, and docs/formats/spec.md has all keys with their values.",
};
