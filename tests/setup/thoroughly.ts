/** Single tests that take seconds, in files whose other tests are quick: the thorough tier has them, no other one. */
import { describe, type TestContext, test } from "vitest";
import { hasAllRows } from "./tier.ts";

type Body = (context: TestContext) => unknown;

/** `test` in the thorough tier; declares nothing in the others. */
export function thoroughly(name: string, ...[first, second]: [{ timeout: number }, Body] | [Body, number?]): void {
  if (!hasAllRows) return;
  if (typeof first === "function") test(name, first, second as number | undefined);
  else test(name, first, second as Body);
}

/** A group of nothing but such tests. */
export function describeThoroughly(name: string, body: () => void): void {
  if (hasAllRows) describe(name, body);
}
