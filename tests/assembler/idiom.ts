/** What idioms are made with: random choices, and what they may use of the program around them. */

/** What an idiom may use of the program around it. */
export interface Surroundings {
  /** A number below the limit. */
  readonly random: (limit: number) => number;
  /** A name that nobody has yet. */
  readonly fresh: (prefix: string) => string;
  /** A label that is defined somewhere, or left to the linker. */
  readonly label: () => string;
  /** A name of a constant or a number. */
  readonly constant: () => string;
  /** A new label to put somewhere: others may name it afterwards. */
  readonly newLabel: () => string;
  readonly isAtt: boolean;
  readonly bits: 16 | 32;
}

/** Lines of a program. */
export type Idiom = (around: Surroundings) => string[];

export function pick<T>({ random }: Surroundings, from: readonly T[]): T {
  return from[random(from.length)]!;
}

export function upTo({ random }: Surroundings, most: number, make: () => string): string[] {
  return Array.from({ length: random(most + 1) }, make);
}

/** The name as a person would have typed it. */
export function anyCase(around: Surroundings, name: string): string {
  return pick(around, [
    name,
    name,
    name.toUpperCase(),
    name.replace(/^(\W?)(\w)/, (_, sign: string, letter: string) => sign + letter.toUpperCase()),
  ]);
}
