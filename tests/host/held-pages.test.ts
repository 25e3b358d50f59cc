/** What of a machine's memory the host need not look at: pages that were never written, and never others. */
import { expect, test } from "vitest";
import { askForPages, clearTouched, PAGE_BYTES, zeroPages } from "../../emulator/state/pages.ts";
import { heldPages } from "../../src/host/held-pages.ts";

const PAGES = 1024;
const FIRST_PAGE = 16;
const isTold = process.platform === "linux" && process.arch === "x64";

/** Memory as a machine has it, and the part that is looked at. */
function memory(): Uint8Array {
  const { buffer } = new WebAssembly.Memory({ initial: (FIRST_PAGE + PAGES) / 16, maximum: (FIRST_PAGE + PAGES) / 16 });
  return new Uint8Array(buffer, FIRST_PAGE * PAGE_BYTES, PAGES * PAGE_BYTES);
}

test("pages that were written are held, and what is in them stays; most of the others are not", () => {
  const bytes = memory();
  bytes[3] = 7;
  const written = [0, 1, 500, 501, PAGES - 1];
  for (const page of written) bytes[page * PAGE_BYTES + 100] = page + 1;
  const held = heldPages(bytes);
  expect(bytes[3]).toBe(7);
  expect(held === null).toBe(!isTold);
  if (held === null) return;
  expect(held.length).toBe(PAGES);
  for (const page of written) expect(held[page]).not.toBe(0);
  // Where the system gives large pages, it holds some that nobody wrote.
  expect(held.filter((page) => page === 0).length).toBeGreaterThan(PAGES / 4);
  bytes[700 * PAGE_BYTES] = 1;
  expect(heldPages(bytes)![700]).not.toBe(0);
});

test("many memories are told apart, and an array that does not begin at a page is not told of", () => {
  const all = Array.from({ length: 5 }, memory);
  all.forEach((bytes, index) => (bytes[(10 + index) * PAGE_BYTES] = 1));
  all.forEach((bytes, index) => {
    const isZeroPage = zeroPages(bytes);
    expect(Array.from({ length: PAGES }, (_, page) => page).filter((page) => !isZeroPage(page))).toEqual([10 + index]);
    if (isTold) expect(heldPages(bytes)![10 + index]).not.toBe(0);
  });
  expect(heldPages(all[0]!.subarray(1))).toBeNull();
  expect(heldPages(new Uint8Array(8 * PAGE_BYTES + 1).subarray(1))).toBeNull();
});

test("what is cleared is what was written, asked or not", () => {
  for (const ask of [heldPages, () => null]) {
    askForPages(ask);
    try {
      const bytes = memory();
      for (let page = 0; page < PAGES; page += 7) bytes.fill(1, page * PAGE_BYTES + 5, (page + 1) * PAGE_BYTES + 3);
      bytes.fill(1, bytes.length - 2);
      clearTouched(bytes, 7 * PAGE_BYTES, 21 * PAGE_BYTES);
      expect([6, 7, 14, 20, 21].map((page) => bytes[page * PAGE_BYTES + 5])).toEqual([0, 0, 0, 0, 1]);
      clearTouched(bytes, 7 * PAGE_BYTES);
      expect(bytes.findIndex((byte, at) => byte !== 0 && at >= 7 * PAGE_BYTES)).toBe(-1);
      expect(bytes[5]).toBe(1);
    } finally {
      askForPages(() => null);
    }
  }
});

test.runIf(isTold)("to clear memory that nobody has written takes none of the host's", () => {
  const bytes = memory();
  askForPages(heldPages);
  try {
    bytes[0] = 1;
    clearTouched(bytes);
    clearTouched(bytes, PAGE_BYTES);
  } finally {
    askForPages(() => null);
  }
  // Where the system gives large pages, it holds some that nobody wrote.
  expect(heldPages(bytes)!.filter((page) => page !== 0).length).toBeLessThan(PAGES - PAGES / 4);
});
