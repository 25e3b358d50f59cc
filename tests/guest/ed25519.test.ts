/**
 * SHA-512 and Ed25519 of asm/crypto, called one by one: RFC 8032's vectors, node:crypto as the judge of drawn
 * signatures, and the classes that Wycheproof's vectors have, made here: other encodings of the same number or point,
 * points of small order, signatures of another length or with a bit changed.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { shared } from "../setup/shared.ts";
import { signerOf, type TestSigner } from "../setup/signer.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import {
  add,
  BASE,
  challenge,
  decode,
  encode,
  fromBytes,
  L,
  P,
  type Point,
  TORSION,
  times,
  toBytes,
  ZERO,
} from "./ed25519-model.ts";
import { DATA, RoutineMachine } from "./routine-machine.ts";

const SOURCES = ["asm/crypto/sha512.s", "asm/crypto/field25519.s", "asm/crypto/ed25519.s"];
const routines = shared(async () => new RoutineMachine(SOURCES));
let machine: RoutineMachine;
beforeEach(async () => {
  machine = await routines();
});

/** Places of what is given to the routines. */
const RECORD = DATA;
const DIGEST = DATA + 0x800;
const SIGNATURE = DATA + 0x900;
const KEY = DATA + 0xa00;
const MESSAGE = DATA + 0x1000;
/** What the kernel may take for it (issue 57): bytes of code and constants, and ticks of 10 ns. */
const MOST_BYTES = 6 * 1024;
const MOST_TICKS = 3_000_000;
/** What the fields and the key alone take, and more. */
const EARLY_TICKS = 500_000;

/** What stands before a public key in DER (RFC 8410). */
const PUBLIC_HEAD = Buffer.from("302a300506032b6570032100", "hex");

interface Signed {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const signed = ({ key, sign }: TestSigner, message: Uint8Array): Signed => ({ key, message, signature: sign(message) });

let ticks = 0;

function accepts({ key, message, signature }: Signed): boolean {
  machine.write(KEY, key);
  machine.write(MESSAGE, message);
  machine.write(SIGNATURE, signature);
  const registers = { eax: SIGNATURE, edx: KEY, esi: MESSAGE, ecx: message.length };
  const called = machine.call("ed25519_verify", registers);
  ticks = called.ticks;
  return !called.carry;
}

function nodeAccepts({ key, message, signature }: Signed): boolean {
  const publicKey = createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, key]), format: "der", type: "spki" });
  return verify(null, message, publicKey, signature);
}

const bytesOf = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));

const sha512 = (bytes: Uint8Array): string => createHash("sha512").update(bytes).digest("hex");

const digestFound = (): string => Buffer.from(machine.read(DIGEST, 64)).toString("hex");

describe("SHA-512", () => {
  test("every length from 0 to 300, in one piece", () => {
    const bytes = bytesOf(new Random(1), 300);
    machine.write(MESSAGE, bytes);
    // Around the ends of blocks, and some of the others.
    const isNearEnd = (length: number): boolean => [0, 112, 128, 240, 256].some((end) => Math.abs(length - end) <= 1);
    for (const length of rowsOf([...Array(301).keys()], 20, isNearEnd)) {
      machine.call("sha512", { eax: DIGEST, edx: MESSAGE, ecx: length });
      expect(digestFound(), `${length} bytes`).toBe(sha512(bytes.subarray(0, length)));
    }
  });

  test("a mebibyte in pieces of drawn sizes", () => {
    const random = new Random(2);
    const bytes = bytesOf(random, 1 << 20);
    machine.write(MESSAGE, bytes);
    machine.call("sha512_begin", { eax: RECORD });
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(random.below(random.chance(50) ? 300 : 40_000), bytes.length - done);
      machine.call("sha512_add", { eax: RECORD, edx: MESSAGE + done, ecx: length });
      done += length;
    }
    machine.call("sha512_end", { eax: RECORD, edx: DIGEST });
    expect(digestFound()).toBe(sha512(bytes));
  });
});

/** RFC 8032, 7.1: secret key, public key, message, signature. */
const VECTORS: readonly (readonly [string, string, string, string])[] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
  [
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    sha512(new TextEncoder().encode("abc")),
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  ],
];

const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

test("the vectors of RFC 8032, and what the routines cost", () => {
  for (const [secret, key, message, signature] of VECTORS) {
    const one = { key: fromHex(key), message: fromHex(message), signature: fromHex(signature) };
    expect(signed(signerOf(fromHex(secret)), one.message)).toEqual(one);
    expect(accepts(one)).toBe(true);
    expect(accepts({ ...one, message: Uint8Array.of(...one.message, 0) })).toBe(false);
    expect(ticks).toBeLessThan(MOST_TICKS);
  }
  expect(machine.sizeBytes).toBeLessThan(MOST_BYTES);
});

test("the interpreter has the same, in as many instructions", () => {
  const [, , [, key, message, signature]] = VECTORS as [unknown, unknown, (typeof VECTORS)[number]];
  const one = { key: fromHex(key), message: fromHex(message), signature: fromHex(signature) };
  const expected = [accepts(one), ticks];
  machine = new RoutineMachine(SOURCES, "off");
  expect([accepts(one), ticks]).toEqual(expected);
});

/** A signer whose secret number is known, so that it can sign with what an honest one never takes. */
interface OpenSigner {
  readonly number: bigint;
  readonly key: Uint8Array;
}

function openSigner(random: Random, more: Point = ZERO): OpenSigner {
  const number = fromBytes(bytesOf(random, 32)) % L;
  return { number, key: encode(add(times(number, BASE), more)) };
}

/** A signature with this R, that of the number `r` with something added or written in another way. */
function signedWith({ number, key }: OpenSigner, r: bigint, rBytes: Uint8Array, message: Uint8Array): Signed {
  const s = (r + challenge(rBytes, key, message) * number) % L;
  return { key, message, signature: Uint8Array.of(...rBytes, ...toBytes(s)) };
}

const withS = ({ signature, ...rest }: Signed, change: (s: bigint) => bigint): Signed => ({
  ...rest,
  signature: Uint8Array.of(...signature.subarray(0, 32), ...toBytes(change(fromBytes(signature.subarray(32))))),
});

describe("signatures that no honest signer makes", () => {
  const random = new Random(3);
  const message = bytesOf(random, 40);
  const honest = signed(signerOf(bytesOf(random, 32)), message);

  test("S plus a multiple of L, 0, L, and all ones", () => {
    expect(accepts(honest)).toBe(true);
    for (let count = 1n; count <= 14n; count++) expect(accepts(withS(honest, (s) => s + count * L))).toBe(false);
    for (const other of [0n, 1n, L - 1n, L, L + 1n, 2n ** 256n - 1n])
      expect(accepts(withS(honest, () => other)), `S = ${other}`).toBe(false);
    expect(accepts(withS(honest, (s) => L - s))).toBe(false);
  });

  test("R and S changed places, and R of nothing but zeros or ones", () => {
    const { signature } = honest;
    const others = [[...signature.subarray(32), ...signature.subarray(0, 32)]];
    for (const byte of [0, 255]) others.push([...new Uint8Array(32).fill(byte), ...signature.subarray(32)]);
    for (const other of others) expect(accepts({ ...honest, signature: Uint8Array.from(other) })).toBe(false);
  });

  test("R is compared byte for byte: no other encoding, nothing of small order in it", () => {
    const signer = openSigner(random);
    // R is the point 0, of which everyone knows the number.
    const plain = signedWith(signer, 0n, encode(ZERO), message);
    expect(accepts(plain)).toBe(true);
    expect(nodeAccepts(plain)).toBe(true);
    for (const rBytes of [toBytes(1n + P), toBytes(1n | (1n << 255n)), toBytes((1n + P) | (1n << 255n))])
      expect(accepts(signedWith(signer, 0n, rBytes, message))).toBe(false);
    const r = fromBytes(bytesOf(random, 32)) % L;
    for (const [index, small] of TORSION.entries()) {
      const one = signedWith(signer, r, encode(add(times(r, BASE), small)), message);
      expect(accepts(one), `with ${index} times the point of order 8`).toBe(index === 0);
      expect(nodeAccepts(one)).toBe(index === 0);
    }
  });

  test("a key with a part of small order signs what does not depend on that part", () => {
    const seen = new Set<boolean>();
    for (let turn = 0; turn < 24; turn++) {
      const signer = openSigner(random, TORSION[4]);
      const r = fromBytes(bytesOf(random, 32)) % L;
      const one = signedWith(signer, r, encode(times(r, BASE)), Uint8Array.of(turn));
      const isRight = challenge(one.signature.subarray(0, 32), one.key, one.message) % 2n === 0n;
      seen.add(isRight);
      expect(accepts(one)).toBe(isRight);
      expect(nodeAccepts(one)).toBe(isRight);
      if (seen.size === 2) break;
    }
    expect(seen.size).toBe(2);
  });

  test("no key of small order signs, in whatever encoding", () => {
    let right = 0;
    for (const small of TORSION) {
      const encoding = fromBytes(encode(small));
      const sign = 1n << 255n;
      const y = encoding % sign;
      const encodings = [encoding, encoding ^ sign];
      if (y + P < sign) encodings.push(y + P, (y + P) | sign);
      for (const key of encodings)
        for (const rest of TORSION) {
          const signature = Uint8Array.of(...encode(rest), ...toBytes(0n));
          const one = { key: toBytes(key), message, signature };
          right += nodeAccepts(one) ? 1 : 0;
          expect(accepts(one), `${key}`).toBe(false);
        }
    }
    // The equation holds for these, and only the rule about keys refuses them.
    expect(right).toBeGreaterThan(5);
  });

  test("no key that is not the only encoding of its point, or of none", () => {
    // Nobody can sign with such a key, so that it is refused shows in the time: before the equation is computed.
    const isRefusedEarly = (number: bigint): boolean => {
      expect(accepts({ ...honest, key: toBytes(number) })).toBe(false);
      return ticks < EARLY_TICKS;
    };
    let points = 0;
    for (let y = 0n; y < 19n; y++)
      for (const sign of [0n, 1n << 255n]) {
        const isPoint = decode(toBytes(y)) !== null;
        points += isPoint ? 1 : 0;
        expect(isRefusedEarly((y + P) | sign), `y = p + ${y}`).toBe(true);
        // Those of 0 and 1 are of small order.
        expect(isRefusedEarly(y | sign), `y = ${y}`).toBe(!isPoint || y < 2n);
      }
    expect(points).toBeGreaterThan(10);
    for (const key of [P - 1n, P - 1n - 2n ** 32n, P - 3n])
      expect(isRefusedEarly(key), `y = ${key}`).toBe(decode(toBytes(key)) === null || key === P - 1n);
  });
});

const drawn = casesOf("guest/ed25519");

/** What is done to a signature, and to the words that it is of. */
const CHANGES: readonly ((random: Random, one: Signed) => Signed)[] = [
  (_, one) => one,
  (random, one) => ({ ...one, signature: flipped(random, one.signature) }),
  (random, one) => ({ ...one, key: flipped(random, one.key) }),
  (random, one) => ({ ...one, message: Uint8Array.of(...one.message, random.below(256)) }),
  (random, one) => ({ ...one, message: flipped(random, Uint8Array.of(...one.message, 0)) }),
  (random, one) => ({ ...one, signature: bytesOf(random, 64) }),
];

function flipped(random: Random, bytes: Uint8Array): Uint8Array {
  const result = bytes.slice();
  result[random.below(result.length)]! ^= 1 << random.below(8);
  return result;
}

test(`drawn signatures, as node has them: ${drawn.title}`, () => {
  const seen = [0, 0];
  for (let seed = drawn.firstSeed; seed < drawn.firstSeed + drawn.count; seed++) {
    const random = new Random(seed, "ed25519");
    const one = signed(signerOf(bytesOf(random, 32)), bytesOf(random, random.below(300)));
    const change = random.chance(50) ? CHANGES[0]! : random.pick(CHANGES);
    const changed = change(random, one);
    const expected = nodeAccepts(changed);
    seen[expected ? 1 : 0]!++;
    expect(accepts(changed), drawn.repeat(seed)).toBe(expected);
    expect(ticks).toBeLessThan(MOST_TICKS);
  }
  if (drawn.count > 20) expect(Math.min(...seen)).toBeGreaterThan(drawn.count / 10);
});
