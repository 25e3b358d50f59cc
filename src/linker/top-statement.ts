/** What stands outside of sections in the scripts of a link, in order: what the layout walks. */
import type { OutputSection } from "./output-section.ts";
import type { Assertion, Assignment } from "./script/tree.ts";

export type TopStatement =
  | { readonly kind: "assign"; readonly assignment: Assignment; readonly scriptPath: string }
  | { readonly kind: "assert"; readonly assertion: Assertion; readonly scriptPath: string }
  | { readonly kind: "section"; readonly section: OutputSection }
  /** The end of the scripts: only orphans come after it. */
  | { readonly kind: "end" };
