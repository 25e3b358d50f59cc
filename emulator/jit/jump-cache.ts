/** How emitted code finds compiled code: see JUMP_CACHE in cpu/layout.ts. */
import {
  BASE,
  CS,
  isUpper,
  JIT_CONTEXT,
  JIT_UPPER_CONTEXT,
  JUMP_CACHE,
  JUMP_CACHE_ENTRIES,
  THREAD_CONTEXT,
  UPPER_BITS,
  UPPER_SHIFT,
} from "../cpu/layout.ts";
import { BUDGET } from "./locals.ts";
import type { Code } from "./wasm.ts";
import { OP } from "./wasm.ts";

/**
 * Entries are in pairs, so that two places that the hash puts together do not drive each other out all the time: a
 * newer entry is the first of its pair.
 */
const PAIR_SHIFT = 5;
/**
 * What is left of a hash of 32 bits, whose upper bits depend on most (Knuth, The Art of Computer Programming 3, 6.4).
 */
const HASH_SHIFT = 32 - Math.log2(JUMP_CACHE_ENTRIES / 2);
const HASH_FACTOR = 0x9e3779b1 | 0;
const CONTEXT_FACTOR = 0x85ebca6b | 0;

/**
 * Which pair the entry of an EIP in a context is in. A kernel's code has as many contexts as there are page
 * directories.
 */
function jumpHash(eip: number, context: number): number {
  return Math.imul(eip ^ Math.imul(context, CONTEXT_FACTOR), HASH_FACTOR) >>> HASH_SHIFT;
}

/**
 * 16-bit code is known by IP and the paragraph that CS begins at, in one dword, in a context that stays when CS is
 * loaded: interpreter and regions do that by themselves. So the base of CS has to be one of real or virtual-8086 mode.
 */
const BASE_SHIFT = 12;
const PARAGRAPHS = 0xffff0;

/** Whether 16-bit code whose CS begins there can be in the jump cache. */
export const isParagraph = (base: number): boolean => (base & ~PARAGRAPHS) === 0;

/** Enters an entry of the region in a slot, for the context at hand. `words`: the machine's memory. */
export function enterJump(
  words: Int32Array,
  isNarrow: boolean,
  ip: number,
  slot: number,
  index: number,
  mapAddress: number,
): void {
  const contextAt = isNarrow ? THREAD_CONTEXT : isUpper(ip) ? JIT_UPPER_CONTEXT : JIT_CONTEXT;
  const context = words[(contextAt >>> 2) + 1]!;
  const eip = isNarrow ? ip | (words[BASE + CS]! << BASE_SHIFT) : ip;
  const at = (JUMP_CACHE >>> 2) + 8 * jumpHash(eip, context);
  if (words[at] !== eip || words[at + 1] !== context)
    for (let word = at; word < at + 4; word++) words[word + 4] = words[word]!;
  words[at] = eip;
  words[at + 1] = context;
  words[at + 2] = slot | ((index + 1) << 16);
  words[at + 3] = mapAddress;
}

/** Forgets the entries of a slot, of any context. */
export function forgetJumps(words: Int32Array, slot: number): void {
  const end = (JUMP_CACHE >>> 2) + 4 * JUMP_CACHE_ENTRIES;
  for (let at = JUMP_CACHE >>> 2; at < end; at += 4) if ((words[at + 2]! & 0xffff) === slot) words[at + 1] = 0;
}

export function clearJumps(words: Int32Array): void {
  words.fill(0, JUMP_CACHE >>> 2, (JUMP_CACHE >>> 2) + 4 * JUMP_CACHE_ENTRIES);
}

/** Pushes how far behind that of the lower part the context is of the EIP in a local. */
function pushContextOffset(c: Code, eip: number): void {
  c.get(eip)
    .const(UPPER_SHIFT)
    .op(OP.shr_u)
    .const(UPPER_BITS)
    .op(OP.eq)
    .const(JIT_UPPER_CONTEXT - JIT_CONTEXT)
    .op(OP.mul);
}

/** Pushes the number of the context of the EIP in a local. */
export function pushContext(c: Code, eip: number): void {
  pushContextOffset(c, eip);
  c.load(4, JIT_CONTEXT + 4);
}

/**
 * Sets `entry` to where the entry of the EIP in a local would be, from the cache's beginning, and pushes whether it is
 * there. In 16-bit code `key` becomes what it is known by.
 */
export function pushIsInJumpCache(c: Code, isNarrow: boolean, eip: number, entry: number, key: number): void {
  const pushBase = (): Code => c.const(0).load(4, 4 * (BASE + CS));
  const pushKey = (): void => {
    if (isNarrow) c.get(key).op(OP.extend_u).const(0).load64(THREAD_CONTEXT).op(OP.or64);
    else pushEipKey(c, eip);
  };
  c.get(eip);
  if (isNarrow) {
    pushBase().const(BASE_SHIFT).op(OP.shl).op(OP.or).tee(key);
    c.const(0).load(4, THREAD_CONTEXT + 4);
  } else pushContext(c, eip);
  c.const(CONTEXT_FACTOR)
    .op(OP.mul)
    .op(OP.xor)
    .const(HASH_FACTOR)
    .op(OP.mul)
    .const(HASH_SHIFT)
    .op(OP.shr_u)
    .const(PAIR_SHIFT)
    .op(OP.shl)
    .tee(entry)
    .get(entry)
    .load64(JUMP_CACHE);
  pushKey();
  c.op(OP.eq64)
    .op(OP.eqz)
    .const(PAIR_SHIFT - 1)
    .op(OP.shl)
    .op(OP.add)
    .tee(entry)
    .load64(JUMP_CACHE);
  pushKey();
  c.op(OP.eq64);
  if (isNarrow) pushBase().const(~PARAGRAPHS).op(OP.and).op(OP.eqz).op(OP.and);
}

/** Pushes what the EIP in a local is known by at the moment: its context in the upper half of a quadword. */
export function pushEipKey(c: Code, eip: number): void {
  c.get(eip).op(OP.extend_u);
  pushContextOffset(c, eip);
  c.load64(JIT_CONTEXT).op(OP.or64);
}

/**
 * Pushes what a region is entered with, and its slot in the table. Locals: where the entry is, from the cache's
 * beginning, and one to use.
 */
export function pushRegionEntry(c: Code, entry: number, word: number): void {
  c.get(entry)
    .load(4, JUMP_CACHE + 8)
    .tee(word)
    .const(16)
    .op(OP.shr_u)
    .get(BUDGET)
    .get(entry)
    .load(4, JUMP_CACHE + 12)
    .get(word)
    .const(0xffff)
    .op(OP.and);
}
