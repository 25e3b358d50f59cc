/**
 * The target's pages while a fork comes (asm/kernel/fork-land.s), called one by one: the target takes and frees pages
 * meanwhile, and puts what came into place in the end. Each place must have what came for it.
 */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { DATA, RoutineMachine } from "../guest/routine-machine.ts";

const SOURCES = ["tests/fork/land-stubs.s", "asm/kernel/fork-land.s", "asm/kernel/pages-at.s"];
const KERNEL_SPACE = 0xc000_0000;
const PAGE_BYTES = 4096;
const EIGHTH_BYTES = 512;
const EIGHTHS = [0, 1, 2, 3, 4, 5, 6, 7];
const FIRST = 1024;
/** Pages that there are, from FIRST on; the last ones are the zone. */
const PAGES = 52;
const ZONE_PAGES = 4;
const ZONE = FIRST + PAGES - ZONE_PAGES;
/** Within the zone. */
const PLACES = 3 * PAGE_BYTES;
const RECORD_BYTES = 8;
const CONTENT = DATA + 0x1000;
const ROUNDS = 10;

const dword = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** The machine's pages, of which it uses some. */
class Target {
  readonly #machine: RoutineMachine;
  readonly #random: Random;

  constructor(machine: RoutineMachine, seed: number) {
    this.#machine = machine;
    this.#random = new Random(seed);
    const bitmap = new Uint8Array(256).fill(0xff);
    for (let page = FIRST; page < FIRST + PAGES; page++)
      if (page >= ZONE || this.#random.below(4) === 0) bitmap[page >> 3]! &= ~(1 << (page & 7));
    machine.write(machine.addressOf("bitmap"), bitmap);
    machine.write(machine.addressOf("pages_free"), dword(PAGES));
    expect(machine.call("land_begin", { eax: ZONE, edx: ZONE_PAGES }).carry).toBe(false);
  }

  /** A page comes, all of it the same byte; false when there is no place for it. */
  take(page: number, mark: number): boolean {
    if (mark !== 0) this.#machine.write(CONTENT, new Uint8Array(PAGE_BYTES).fill(mark));
    return !this.#machine.call("land_page", { eax: page, esi: mark === 0 ? 0 : CONTENT }).carry;
  }

  /** An eighth of a page comes. */
  takePart(page: number, eighth: number, mark: number): boolean {
    this.#machine.write(CONTENT, new Uint8Array(EIGHTH_BYTES).fill(mark));
    const call = { eax: page, edx: eighth * EIGHTH_BYTES, esi: CONTENT, ecx: EIGHTH_BYTES };
    return !this.#machine.call("land_part", call).carry;
  }

  /** The target frees one of its own pages. */
  free(mine: Set<number>): void {
    const page = [...mine][this.#random.below(mine.size)]!;
    mine.delete(page);
    const at = this.#machine.addressOf("bitmap") + (page >> 3);
    this.#machine.write(at, Uint8Array.of(this.#machine.read(at, 1)[0]! & ~(1 << (page & 7))));
  }

  /** What the target uses for itself. */
  ownPages(): Set<number> {
    const bitmap = this.#machine.read(this.#machine.addressOf("bitmap"), 256);
    const used = (page: number): boolean => ((bitmap[page >> 3]! >> (page & 7)) & 1) === 1;
    return new Set(Array.from({ length: ZONE - FIRST }, (_, index) => FIRST + index).filter(used));
  }

  /** What each page has after all were put into place, in the order of their records, as `land` does. */
  landed(): Map<number, number[]> {
    const machine = this.#machine;
    const zone = ZONE * PAGE_BYTES;
    const end = new DataView(machine.read(machine.addressOf("places"), 4).slice().buffer).getUint32(0, true);
    const bytes = end - KERNEL_SPACE - zone - PLACES;
    const records = new DataView(machine.read(zone + PLACES, bytes).slice().buffer);
    const memory = machine.read(0, (FIRST + PAGES) * PAGE_BYTES).slice();
    const pages: number[] = [];
    for (let at = 0; at < bytes; at += RECORD_BYTES) {
      const [place, held] = [records.getUint32(at, true), records.getUint32(at + 4, true)];
      const content = memory.slice(held * PAGE_BYTES, (held + 1) * PAGE_BYTES);
      memory.set(held === 0 ? new Uint8Array(PAGE_BYTES) : content, place * PAGE_BYTES);
      pages.push(place);
    }
    return new Map(
      pages.map((page) => [page, EIGHTHS.map((eighth) => memory[page * PAGE_BYTES + eighth * EIGHTH_BYTES]!)]),
    );
  }
}

test("each page is where it belongs, whatever the target frees while they come", () => {
  const machine = new RoutineMachine(SOURCES);
  machine.call("map", {});
  let waited = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const random = new Random(round + 1);
    const target = new Target(machine, round + 1);
    const own = target.ownPages();
    const wanted = new Map<number, number[]>();
    // A fork has one pass; a move has several, in which pages come again.
    for (let pass = 0; pass <= round % 2; pass++)
      for (let page = FIRST; page < ZONE; page++) {
        if (random.below(2) !== 0) continue;
        const mark = random.below(5) === 0 ? 0 : 1 + random.below(255);
        const eighth = random.below(2) === 0 ? null : random.below(8);
        if (!(eighth === null ? target.take(page, mark) : target.takePart(page, eighth, mark))) break;
        if (own.has(page)) waited++;
        const before = wanted.get(page) ?? EIGHTHS.map(() => 0);
        wanted.set(
          page,
          before.map((old, at) => (eighth === null || eighth === at ? mark : old)),
        );
        if (own.size > 0) target.free(own);
      }
    const landed = target.landed();
    for (const [page, mark] of wanted) expect([round, page, landed.get(page)]).toEqual([round, page, mark]);
  }
  expect(waited).toBeGreaterThan(ROUNDS);
});
