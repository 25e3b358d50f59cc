/**
 * Single tests that take seconds, in files whose other tests are quick: the thorough tier has them, not the fast one.
 */
import { describe, type TestContext, test } from "vitest";
import { isAtLength, isThorough } from "./tier.ts";

type Body = (context: TestContext) => unknown;

/** `test` in the thorough tier; declares nothing in the fast one. */
export function thoroughly(name: string, ...rest: [{ timeout: number }, Body] | [Body, number?]): void {
  if (isThorough) declare(name, ...rest);
}

/** `test` where all is tested at length. */
export function atLength(name: string, ...rest: [{ timeout: number }, Body] | [Body, number?]): void {
  if (isAtLength) declare(name, ...rest);
}

function declare(name: string, ...[first, second]: [{ timeout: number }, Body] | [Body, number?]): void {
  if (typeof first === "function") test(name, first, second as number | undefined);
  else test(name, first, second as Body);
}

/** A group of nothing but such tests. */
export function describeThoroughly(name: string, body: () => void): void {
  if (isThorough) describe(name, body);
}

/** A group of nothing but tests at length. */
export function describeAtLength(name: string, body: () => void): void {
  if (isAtLength) describe(name, body);
}
