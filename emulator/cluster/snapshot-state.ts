/**
 * Between the state of a machine (state-io.ts), which holds its pages, and the same state in a snapshot, which names
 * pages of a `PageStore`: the fields are copied as they are, and each page is taken out or put in.
 */
import { PAGE_BYTES } from "../state/pages.ts";
import { PAGE_INLINE, PAGE_SHARED, StateScanner } from "../state/state-io.ts";
import type { PageStore } from "./page-store.ts";
import { SnapshotError } from "./snapshot-file.ts";

/** Bytes that grow. */
class Output {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  put(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = needed;
  }

  result(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Takes the pages of a state out into a store. */
export function packState(state: Uint8Array, store: PageStore): Uint8Array {
  const output = new Output();
  const reference = new Uint8Array(5);
  reference[0] = PAGE_SHARED;
  const view = new DataView(reference.buffer);
  let copied = 0;
  new StateScanner(state).eachPage((at, kind, lengthBytes) => {
    // Shorter pieces are cheaper where they are.
    if (kind !== PAGE_INLINE || lengthBytes !== PAGE_BYTES) return;
    output.put(state.subarray(copied, at));
    view.setUint32(1, store.add(state.subarray(at + 1, at + 1 + PAGE_BYTES)), true);
    output.put(reference);
    copied = at + 1 + PAGE_BYTES;
  });
  output.put(state.subarray(copied));
  return output.result();
}

/** Puts the pages back. Throws a SnapshotError when the state names pages that are not there. */
export function unpackState(packed: Uint8Array, store: PageStore): Uint8Array {
  const output = new Output();
  const inline = Uint8Array.of(PAGE_INLINE);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let copied = 0;
  new StateScanner(packed).eachPage((at, kind) => {
    if (kind !== PAGE_SHARED) return;
    const number = view.getUint32(at + 1, true);
    if (number < 1 || number > store.count) throw new SnapshotError(`a state names page ${number} of ${store.count}`);
    output.put(packed.subarray(copied, at));
    output.put(inline);
    output.put(store.page(number));
    copied = at + 5;
  });
  output.put(packed.subarray(copied));
  return output.result();
}
