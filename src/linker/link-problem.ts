/** Something that is wrong with the program, at the source line that shows it where a line table tells. */
export interface LinkProblem {
  readonly file: string;
  /** Zero when it is not known. */
  readonly line: number;
  readonly message: string;
  /** Where in an object without a line table: function, section and offset. */
  readonly within?: string;
  /** For `qure explain`, where the sentence does not show it (src/linker/diagnostics.ts). */
  readonly id?: string;
  /** A name that was probably meant. */
  readonly suggestion?: string;
  /** Further places of the same problem. */
  readonly notes?: readonly { readonly file: string; readonly line: number; readonly message: string }[];
}
