/**
 * Code of one way through a handler of the interpreter. Locals are numbered as they are used, and it is noted which
 * parts of the flags have to be loaded before the code and stored after it.
 */
import { FLAG_CARRIES, FLAG_RESULT, THREAD_FLAG_KIND, THREAD_FLAG_Y } from "../../cpu/layout.ts";
import { FLAG_KIND, FLAG_R, FLAG_X, FLAG_Y, PARAMETERS, WIDE, WIDE2 } from "../locals.ts";
import { Code, I32, I64, V128 } from "../wasm.ts";
import { isVector } from "./parts.ts";

/** Where the parts of the flags are between two instructions. */
const FLAG_PLACES: ReadonlyMap<number, number> = new Map([
  [FLAG_R, 4 * FLAG_RESULT],
  [FLAG_X, 4 * FLAG_CARRIES],
  [FLAG_Y, THREAD_FLAG_Y],
  [FLAG_KIND, THREAD_FLAG_KIND],
]);

/** The locals of one function, by the numbers of locals.ts. */
export class HandlerLocals {
  readonly #numbers = new Map<number, number>();
  readonly types: number[] = [];

  at(local: number): number {
    if (local < PARAMETERS.length) return local;
    let number = this.#numbers.get(local);
    if (number === undefined) {
      number = PARAMETERS.length + this.types.length;
      this.#numbers.set(local, number);
      this.types.push(local === WIDE || local === WIDE2 ? I64 : isVector(local) ? V128 : I32);
    }
    return number;
  }
}

export class HandlerCode extends Code {
  /** Depth at which code runs whenever the handler does. */
  always = 0;
  readonly #locals: HandlerLocals;
  readonly #assigned = new Set<number>();
  readonly #written = new Set<number>();
  readonly #needed = new Set<number>();

  constructor(locals: HandlerLocals) {
    super();
    this.#locals = locals;
  }

  override get(local: number): this {
    if (FLAG_PLACES.has(local) && !this.#assigned.has(local)) this.#needed.add(local);
    return super.get(this.#locals.at(local));
  }

  override set(local: number): this {
    this.#noteWrite(local);
    return super.set(this.#locals.at(local));
  }

  override tee(local: number): this {
    this.#noteWrite(local);
    return super.tee(this.#locals.at(local));
  }

  #noteWrite(local: number): void {
    if (!FLAG_PLACES.has(local)) return;
    this.#written.add(local);
    if (this.depth <= this.always) this.#assigned.add(local);
    else if (!this.#assigned.has(local)) this.#needed.add(local);
  }

  storeFlags(): void {
    for (const local of this.#written) this.const(0).get(local).store(4, FLAG_PLACES.get(local)!);
  }

  /** Code to stand in front of this. */
  get prologue(): readonly number[] {
    const code = new Code();
    for (const local of this.#needed) code.const(0).load(4, FLAG_PLACES.get(local)!).set(this.#locals.at(local));
    return code.bytes;
  }
}
