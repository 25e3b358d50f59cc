/**
 * X25519 as any processor computes it, and as one with SSE2 and SSSE3 does: RFC 7748's vectors, node:crypto as the
 * judge of drawn numbers, and numbers at the edges of the field, whose limbs are all zeros or all ones.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { shared } from "../setup/shared.ts";
import { many, rowsOf } from "../setup/tier.ts";
import { DATA, RoutineMachine } from "./routine-machine.ts";

const SOURCES = ["vectors", "x25519", "x25519-vectors", "field25519"].map((name) => `asm/crypto/${name}.s`);
const scalar = shared(async () => new RoutineMachine(SOURCES));
const vector = shared(async () => {
  const made = new RoutineMachine(SOURCES);
  made.call("vectors_init", {});
  return made;
});
let machine: RoutineMachine;

const PRODUCT = DATA;
const SCALAR = DATA + 0x100;
const NUMBER = DATA + 0x200;
const BYTES = 32;
const PRIVATE_HEAD = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC_HEAD = Buffer.from("302a300506032b656e032100", "hex");

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const ofBytes = (make: (index: number) => number): Buffer =>
  Buffer.from(Array.from({ length: BYTES }, (_, i) => make(i)));

function ours(key: Uint8Array, number: Uint8Array): string {
  machine.write(SCALAR, key);
  machine.write(NUMBER, number);
  machine.call("x25519", { eax: PRODUCT, edx: SCALAR, ecx: NUMBER });
  return Buffer.from(machine.read(PRODUCT, BYTES)).toString("hex");
}

/** What OpenSSL makes of them; zeros where it refuses the product. */
function judged(key: Uint8Array, number: Uint8Array): string {
  const options = { format: "der" } as const;
  const privateKey: KeyObject = createPrivateKey({
    ...options,
    type: "pkcs8",
    key: Buffer.concat([PRIVATE_HEAD, key]),
  });
  const publicKey = createPublicKey({ ...options, type: "spki", key: Buffer.concat([PUBLIC_HEAD, number]) });
  try {
    return diffieHellman({ privateKey, publicKey }).toString("hex");
  } catch {
    return "00".repeat(BYTES);
  }
}

describe.each([
  ["general registers", scalar],
  ["XMM registers", vector],
])("%s", (_registers, routines) => {
  beforeEach(async () => {
    machine = await routines();
  });

  test("RFC 7748, 5.2", () => {
    const key = hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    const number = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    expect(ours(key, number)).toBe("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  });

  test("numbers at the edges of the field", () => {
    const random = new Random(7);
    const edges = [0, 1, 2, 0xda, 0xec, 0xed, 0xee, 0xff].map((low) =>
      ofBytes((i) => (i === 0 ? low : i === 31 ? 0x7f : 0xff)),
    );
    const sparse = [0, 1, 0x80, 0xff].flatMap((byte) => [
      ofBytes(() => byte),
      ofBytes((i) => (i % 2 === 0 ? byte : 0)),
    ]);
    for (const number of [...edges, ...rowsOf(sparse, 3), ofBytes((i) => (i === 0 ? 9 : 0))]) {
      const key = ofBytes(() => random.below(256));
      expect(ours(key, number), number.toString("hex")).toBe(judged(key, number));
    }
  });

  test("drawn numbers agree with OpenSSL", () => {
    const random = new Random(8);
    for (let round = many(20, 200, 2000); round > 0; round--) {
      const [key, number] = [ofBytes(() => random.below(256)), ofBytes(() => random.below(256))];
      expect(ours(key, number), `${key.toString("hex")} ${number.toString("hex")}`).toBe(judged(key, number));
    }
  });

  test("scalars whose bits are all the same", () => {
    const random = new Random(9);
    for (const byte of [0, 0xff, 0x55, 0xaa]) {
      const number = ofBytes(() => random.below(256));
      expect(
        ours(
          ofBytes(() => byte),
          number,
        ),
      ).toBe(
        judged(
          ofBytes(() => byte),
          number,
        ),
      );
    }
  });
});
