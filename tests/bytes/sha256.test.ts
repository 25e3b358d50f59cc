/** SHA-256 and HMAC are those of Node, for every length around a block. */
import { createHash, createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { HmacSha256, sha256 } from "../../src/bytes/sha256.ts";

const random = new Random(1, "sha256");
const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
const hex = (digest: Uint8Array): string => Buffer.from(digest).toString("hex");

test("hashes and codes are Node's", () => {
  for (let count = 0; count < 200; count++) {
    const content = bytes(count);
    const key = bytes(count % 90);
    expect(hex(sha256(content))).toBe(createHash("sha256").update(content).digest("hex"));
    expect(hex(new HmacSha256(key).of(content))).toBe(createHmac("sha256", key).update(content).digest("hex"));
  }
});

test("a key serves again", () => {
  const hmac = new HmacSha256(bytes(32));
  const content = bytes(424);
  const first = hex(hmac.of(content));
  hmac.of(bytes(7));
  expect(hex(hmac.of(content))).toBe(first);
});
