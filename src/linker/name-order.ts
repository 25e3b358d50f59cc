/**
 * The order in which GNU ld's tables of names are walked: that of its hash table (BFD's, 2.40). Nothing but the order
 * of common symbols in memory and of global symbols in the file depends on it, but both are bytes of the output.
 */

const FIRST_SIZE = 4051;
/** Sizes that the table grows to, one after the other. */
const SIZES = [4093, 8191, 16381, 32749, 65521, 131071, 262139, 524287, 1048573, 2097143, 4194301, 8388593, 16777213];

/** A sum over the characters in 64-bit arithmetic, as a number below 2^53: names are far too short to reach more. */
function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i <= name.length; i++) {
    const value = i < name.length ? name.charCodeAt(i) : name.length;
    hash += value + value * 0x20000;
    hash = hash < 0x80000000 ? hash ^ (hash >>> 2) : xorShifted(hash);
  }
  return hash;
}

/** hash ^ (hash >> 2) beyond 32 bits. */
function xorShifted(hash: number): number {
  const high = Math.floor(hash / 2 ** 32);
  const low = hash % 2 ** 32;
  const shifted = Math.floor(hash / 4);
  return ((high ^ Math.floor(shifted / 2 ** 32)) >>> 0) * 2 ** 32 + ((low ^ (shifted % 2 ** 32)) >>> 0);
}

interface Entry {
  readonly name: string;
  readonly hash: number;
  next: Entry | null;
}

/** Names in the order of insertion come out in the order of the walk. Names must be distinct. */
export function walkOrder(names: Iterable<string>): string[] {
  let table: (Entry | null)[] = new Array<Entry | null>(FIRST_SIZE).fill(null);
  let count = 0;
  for (const name of names) {
    const hash = hashOf(name);
    const bucket = hash % table.length;
    table[bucket] = { name, hash, next: table[bucket]! };
    if (++count > Math.floor((table.length * 3) / 4)) table = grown(table);
  }
  const order: string[] = [];
  for (const chain of table) for (let entry = chain; entry; entry = entry.next) order.push(entry.name);
  return order;
}

/** Chains are moved to the larger table in runs of equal hashes. */
function grown(table: (Entry | null)[]): (Entry | null)[] {
  const size = SIZES.find((candidate) => candidate > table.length);
  if (size === undefined) return table;
  const larger = new Array<Entry | null>(size).fill(null);
  for (let bucket = 0; bucket < table.length; bucket++) {
    for (let chain = table[bucket]!; chain; chain = table[bucket]!) {
      let end = chain;
      while (end.next && end.next.hash === chain.hash) end = end.next;
      table[bucket] = end.next;
      end.next = larger[chain.hash % size]!;
      larger[chain.hash % size] = chain;
    }
  }
  return larger;
}
