/** The cluster's history as its page says it (docs/protocols/cluster-history.md): a bounded set of events. */
import { EVENT_BYTES } from "./history-wire.ts";

/** Events that tell when an era began or ended, and the others: the lowest of too many goes. */
const [MARKS, OTHERS] = [64, 448];
const LAST_MARK = 2;

const word = (event: Uint8Array, at: number): number =>
  new DataView(event.buffer, event.byteOffset).getUint32(at, true);

/** The digest of an event. */
function eventDigest(event: Uint8Array): number {
  return new Uint32Array(event.slice().buffer).reduce((h, next) => {
    const product = Math.imul(h ^ next, 0x01000193);
    return ((product << 7) | (product >>> 25)) >>> 0;
  }, 0x811c9dc5);
}

/** Orders events: by era, by number, by their bytes from the author on. */
const byOrder = (a: Uint8Array, b: Uint8Array): number =>
  word(a, 0) - word(b, 0) || word(a, 4) - word(b, 4) || Buffer.compare(a.subarray(8), b.subarray(8));

export class HistoryModel {
  /** In order. */
  events: readonly Uint8Array[] = [];

  add(...events: readonly Uint8Array[]): void {
    const all = [...this.events, ...events]
      .sort(byOrder)
      .filter((event, at, sorted) => at === 0 || byOrder(event, sorted[at - 1]!) !== 0);
    const isMark = (event: Uint8Array): boolean => event[24]! <= LAST_MARK;
    const kept = new Set([
      ...all.filter(isMark).slice(-MARKS),
      ...all.filter((event) => !isMark(event)).slice(-OTHERS),
    ]);
    this.events = all.filter((event) => kept.has(event));
  }

  get digest(): number {
    return this.events.reduce((sum, event) => (sum + eventDigest(event)) >>> 0, 0);
  }

  /** Sums of digests, by the lowest bits of each. */
  get buckets(): Uint32Array<ArrayBuffer> {
    const sums = new Uint32Array(64);
    for (const event of this.events) sums[eventDigest(event) & 63]! += eventDigest(event);
    return sums;
  }

  /** The object cluster_history. */
  object({ magic = "QRHI", version = 1, count = this.events.length } = {}): Uint8Array {
    const bytes = new Uint8Array(16 + this.events.length * EVENT_BYTES);
    const fields = new DataView(bytes.buffer);
    bytes.set(new TextEncoder().encode(magic));
    fields.setUint32(4, version, true);
    fields.setUint32(8, count, true);
    fields.setUint32(12, this.digest, true);
    this.events.forEach((event, index) => bytes.set(event, 16 + index * EVENT_BYTES));
    return bytes;
  }
}
