/**
 * Short digests, for tests that hold what is made against what was always made: bytes on a wire, a volume after a
 * history. They notice any change and say nothing of what is right; that is proved by the tests with oracles, which are
 * dear. Where a change is meant, the new digest is in the message of the test.
 */
import { createHash } from "node:crypto";

export function digestOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}
