/**
 * Where a drive has its medium, if media can be changed: the machine's own, another one that somebody has put in, or
 * none. Of another one the state holds a digest and what was written to it, but not its content, for a state says how a
 * machine goes on and not what somebody had on the table: it is restored only where that medium has been put in as
 * well.
 */
import { DigestVisitor } from "../state/digest.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import { StateError } from "../state/state-io.ts";
import type { BlockBackend } from "./block.ts";

/** What is in the bay, where it is no other medium. */
const OWN = "own";
const NONE = "none";
const PIECE_BYTES = 1024 * 1024;

type Medium = BlockBackend & Partial<Stateful>;

function fingerprintOf(medium: BlockBackend): string {
  const visitor = new DigestVisitor();
  for (let at = 0; at < medium.sizeBytes; at += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, medium.sizeBytes - at));
    medium.read(at, piece);
    visitor.bytes(piece);
  }
  visitor.integer(medium.sizeBytes);
  return visitor.digest();
}

export class MediumBay implements Stateful {
  readonly #own: BlockBackend | null;
  /** Other media that have been put in, by digests of what they held then: going back in time can need each of them. */
  readonly #others = new Map<string, Medium>();
  #current: string = OWN;

  /** `own` is kept by the machine's owner, its state too; null for a drive that was empty from the beginning. */
  constructor(own: BlockBackend | null) {
    this.#own = own;
  }

  /** Null while there is none. */
  get medium(): BlockBackend | null {
    return this.#current === OWN ? this.#own : (this.#others.get(this.#current) ?? null);
  }

  /** Another medium than its own is in it. */
  get hasOther(): boolean {
    return this.#others.has(this.#current);
  }

  remove(): void {
    this.#current = NONE;
  }

  put(medium: Medium): void {
    this.#current = fingerprintOf(medium);
    this.#others.set(this.#current, medium);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("medium", 1);
    this.#current = visitor.text(this.#current);
    const other = this.#others.get(this.#current);
    if (!other && this.#current !== OWN && this.#current !== NONE)
      throw new StateError("the state is of a machine that was given another medium while it ran");
    other?.visitState?.(visitor);
  }
}
