/** A frame taken apart: one layer for each protocol, with what its bytes mean. */

/** Name, value, and where its bytes lie in the frame. */
export type Field = readonly [name: string, value: string, offset: number, lengthBytes: number];

export interface Layer {
  readonly title: string;
  readonly summary: string;
  readonly fields: readonly Field[];
}
