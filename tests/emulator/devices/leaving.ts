/**
 * Which fields of a saved state have another value than after power on. What random work never changes was never looked
 * at by any test of saving: it might as well be missing.
 */
import type { StateVisitor } from "../../../emulator/state/state.ts";
import type { TestBoard } from "./harness.ts";
import { Omission } from "./omission.ts";

type Value = number | boolean | string | Buffer;
/** The fields of each part of a state, in their order. */
type Parts = ReadonlyMap<string, readonly Value[]>;

/** Passes everything on to nobody. */
class Recorder implements StateVisitor {
  readonly restoring = false;
  readonly #found: (value: Value) => void;

  constructor(found: (value: Value) => void) {
    this.#found = found;
  }

  part(): void {}

  #take<Kind extends number | boolean | string>(value: Kind): Kind {
    this.#found(value);
    return value;
  }

  readonly bool = (value: boolean): boolean => this.#take(value);
  readonly u8 = (value: number): number => this.#take(value);
  readonly u16 = (value: number): number => this.#take(value);
  readonly u32 = (value: number): number => this.#take(value);
  readonly i32 = (value: number): number => this.#take(value);
  readonly integer = (value: number): number => this.#take(value);
  readonly f64 = (value: number): number => this.#take(value);
  readonly text = (value: string): string => this.#take(value);

  bytes(value: Uint8Array): void {
    this.#found(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  }

  blob(value: Uint8Array): Uint8Array {
    this.bytes(value);
    return value;
  }
}

/** What it gives of arrays is the board's own, and changes with it. */
function partsOf(board: TestBoard): Parts {
  const parts = new Map<string, Value[]>();
  let name = "";
  const recorder = new Recorder((value) => {
    const [part] = name.split(", field ") as [string];
    const fields = parts.get(part);
    if (fields) fields.push(value);
    else parts.set(part, [value]);
  });
  board.board.visitState(new Omission(recorder, null, (found) => void (name = found)));
  return parts;
}

/**
 * How many fields from the beginning lie where they lay after power on. What a device holds a varying number of comes
 * after that number, which was 0.
 */
function comparable(fields: readonly Value[], first: readonly Value[]): number {
  const more = fields.length - first.length;
  const count = fields.findIndex((value, index) => first[index] === 0 && (value === more || value === more / 2));
  return more === 0 ? fields.length : count + 1;
}

const same = (a: Value, b: Value): boolean =>
  typeof a === "object" && typeof b === "object" ? Buffer.compare(a, b) === 0 : Object.is(a, b);

/** The fields of a board that have always had the value of power on. */
export class Leaving {
  readonly #first: Parts;
  readonly missing = new Set<string>();

  /** `isAsked`: of which parts. */
  constructor(fresh: TestBoard, isAsked: (part: string) => boolean = () => true) {
    // The fresh board is this one's: nobody else uses it.
    this.#first = partsOf(fresh);
    for (const [part, fields] of this.#first)
      if (isAsked(part)) for (const index of fields.keys()) this.missing.add(`${part}, field ${index + 1}`);
  }

  look(board: TestBoard): void {
    for (const [part, fields] of partsOf(board)) {
      const first = this.#first.get(part) ?? [];
      for (let index = comparable(fields, first) - 1; index >= 0; index--)
        if (!same(fields[index]!, first[index]!)) this.missing.delete(`${part}, field ${index + 1}`);
    }
  }
}
