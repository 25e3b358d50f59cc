/** A thing that is another one in each image; null: it is not in this one. */
export interface Difference {
  readonly part: string;
  /** Within the part; empty for all of it. */
  readonly name: string;
  readonly a: string | null;
  readonly b: string | null;
}
