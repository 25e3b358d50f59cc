/** The map of free space can be computed from all else. This does so for what is damaged of it, when it is needed. */
import { assert } from "../../diagnostic/invariant.ts";
import { damaged, isDamage } from "../error.ts";
import {
  BLOCK_BYTES,
  FIRST_BLOCK,
  LAST_BLOCKS,
  POINTERS_PER_NODE,
  REGION_BLOCKS,
  regionsOf,
  type State,
} from "./layout.ts";
import type { BlockStore } from "./store.ts";
import type { Recovery, Tree } from "./tree.ts";
import { walkState } from "./walk.ts";

interface Owner {
  readonly store: BlockStore;
  readonly options: { readonly warn: (sentence: string) => void };
}

export class MapRecovery implements Recovery {
  readonly #owner: Owner;
  readonly #state: State;
  readonly #lost = new Set<number>();
  readonly #computed = new Map<number, Uint8Array>();
  #known: { first: number; end: number }[] = [];
  #said = false;

  constructor(owner: Owner, state: State) {
    this.#owner = owner;
    this.#state = state;
  }

  lose(error: Error, level: number, index: number): void {
    this.#say(error);
    const reach = POINTERS_PER_NODE ** level;
    const end = Math.min(regionsOf(this.#state.blocks), (index + 1) * reach);
    assert(index * reach < end, "a part of the map is lost that lies beyond it");
    this.#compute(index * reach, end);
    for (let region = index * reach; region < end; region++) this.#lost.add(region);
  }

  /** Whether something was damaged. */
  get hasComputed(): boolean {
    return this.#known.length > 0;
  }

  isLost(index: number): boolean {
    return this.#lost.has(index);
  }

  content(index: number, error: Error | null, taken: boolean): Uint8Array | null {
    if (error) this.#say(error);
    if (!this.#known.some(({ first, end }) => first <= index && index < end)) this.#compute(index, index + 1);
    if (taken) this.#lost.delete(index);
    return this.#computed.get(index) ?? null;
  }

  /** Before a commit: what is still lost gets its place in the map that is being changed. */
  settle(map: Tree): void {
    for (const region of [...this.#lost]) map.touch(region);
    this.#lost.clear();
  }

  #say(error: Error): void {
    if (this.#said) return;
    this.#said = true;
    this.#owner.options.warn(`${error.message}; the map of free space is computed anew`);
  }

  #compute(first: number, end: number): void {
    assert(first >= 0 && first < end, "no region is to be computed");
    if (this.#known.some((known) => known.first <= first && end <= known.end)) return;
    const mark = (block: number): void => {
      const region = Math.floor(block / REGION_BLOCKS);
      if (region < first || region >= end) return;
      let bytes = this.#computed.get(region);
      if (!bytes) this.#computed.set(region, (bytes = new Uint8Array(BLOCK_BYTES)));
      bytes[(block % REGION_BLOCKS) >> 3]! |= 1 << (block & 7);
    };
    for (let region = first; region < end; region++) this.#computed.delete(region);
    const { blocks } = this.#state;
    for (let block = 0; block < FIRST_BLOCK; block++) mark(block);
    for (let block = blocks - LAST_BLOCKS; block < blocks; block++) mark(block);
    try {
      let met = 0;
      walkState(this.#owner.store, this.#state, {
        block: (block) => {
          if (++met > blocks) throw damaged("a walk over the volume meets more blocks than it has");
          mark(block);
          return true;
        },
        lenient: true,
      });
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#owner.options.warn(
        `${error.message}; what is used in a part of the volume is not known, so nothing there is`,
      );
      for (let region = first; region < end; region++)
        this.#computed.set(region, new Uint8Array(BLOCK_BYTES).fill(0xff));
    }
    this.#known = [...this.#known, { first, end }];
  }
}
