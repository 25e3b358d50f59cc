/** A fault of ours is called one, with the command that shows it. */
import { afterEach, expect, test, vi } from "vitest";
import { broken } from "../../emulator/state/invariant.ts";
import { CommandError, reportFailure } from "../../src/cli/fail.ts";
import { assert } from "../../src/diagnostic/invariant.ts";

const argv = process.argv;
afterEach(() => {
  process.argv = argv;
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

function said(work: () => void): string {
  const chunks: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => chunks.push(String(chunk)) > 0);
  process.argv = ["node", "qure", "ld", "-o", "my program", "a.o"];
  try {
    work();
  } catch (error) {
    reportFailure(error);
  }
  expect(process.exitCode).toBe(1);
  return chunks.join("");
}

const ASKED = "; please report it with this command: qure ld -o 'my program' a.o\n";

test.each([
  ["an invariant of the tools", () => assert(1 + 1 === 3, "one is two"), "one is two"],
  ["an invariant of the emulator", () => broken("clock", "it goes back"), "clock: it goes back"],
  [
    "a slip",
    () => {
      throw new TypeError("x is not a function");
    },
    "x is not a function",
  ],
])("%s", (_title, work, message) => {
  expect(said(work)).toBe(`qure ld: error: internal error: ${message}${ASKED}`);
});

test("what is wrong with the input is none", () => {
  expect(
    said(() => {
      throw new CommandError("a.o: no such file");
    }),
  ).toBe("qure ld: error: a.o: no such file\n");
  expect(
    said(() => {
      throw Object.assign(new TypeError("an argument of Node's"), { code: "ERR_INVALID_ARG_VALUE" });
    }),
  ).toBe("qure ld: error: an argument of Node's\n");
});
