import type { LinkId } from "./explanations.ts";

/** Something that is wrong with the program, at the source line that shows it where a line table tells. */
export interface LinkProblem<Id extends string = LinkId> {
  readonly file: string;
  /** Zero when it is not known. */
  readonly line: number;
  readonly message: string;
  /** For `qure explain`. */
  readonly id: Id;
  /** The name in the message that is marked in the source line. */
  readonly name?: string;
  /** Where in an object without a line table: function, section and offset. */
  readonly within?: string;
  /** A name that was probably meant. */
  readonly suggestion?: string;
  /** Further places of the same problem. */
  readonly notes?: readonly { readonly file: string; readonly line: number; readonly message: string }[];
}

/** Said on the way, without being an error: of the program as a whole where no file is named. */
export type LinkWarning = Pick<LinkProblem, "message" | "id" | "name"> & Partial<Pick<LinkProblem, "file" | "line">>;
