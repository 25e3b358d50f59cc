/** Signatures of kernel images: read as they were written, and nothing of them or of the image can be changed. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { nodeCrypto } from "../../src/host/signing-key.ts";
import { inspectImage } from "../../src/image/inspect.ts";
import { inspectSignature, inspectSignatureFile } from "../../src/image/inspect-signature.ts";
import { makeKeyList, readKeyList } from "../../src/image/key-list.ts";
import { differencesFrom, isUsableKey, makeSignature, readSignature, type Terms } from "../../src/image/signature.ts";
import { encode, P, TORSION, toBytes } from "../guest/ed25519-model.ts";
import { numberedSigner } from "../setup/signer.ts";
import { casesOf } from "../setup/tier.ts";

const signer = numberedSigner(1);
const TERMS: Terms = {
  product: "qure-2.x",
  revision: 0xffff_ffff,
  floor: 0x8000_0000,
  wire: { oldest: 5, own: 0xffff },
  disk: { oldest: 0, own: 2 },
};
const random = new Random(1);
/** Three chunks, the last of one sector. */
const image = Uint8Array.from({ length: 2 * 65_536 + 512 }, () => random.below(256));
const REVISION_AT = 28;
new DataView(image.buffer).setUint32(REVISION_AT, TERMS.revision, true);
/** A header that can be read, and says nothing else. */
image.set(Buffer.from("QUREKRNL"));
[2, 128, image.length, 0, 0, TERMS.revision, ...new Array<number>(24).fill(0)].forEach((word, index) =>
  new DataView(image.buffer).setUint32(8 + 4 * index, word, true),
);

const made = (): Uint8Array<ArrayBuffer> => makeSignature(image, TERMS, signer, nodeCrypto);

test("what was signed is read again, and the same is signed the same", () => {
  const read = readSignature(made(), nodeCrypto);
  expect(read).toMatchObject({ ...TERMS, imageBytes: image.length, key: signer.key });
  expect(read.hashes).toHaveLength(3);
  expect(differencesFrom(read, image, nodeCrypto)).toEqual([]);
  expect(made()).toEqual(made());
  expect(made()).toHaveLength(192 + 3 * 64);
});

const drawn = casesOf("image/signature");

test(`no byte can be another one, and each is named: ${drawn.title}`, () => {
  const signature = made();
  const places = signature.length + image.length;
  for (let seed = drawn.firstSeed; seed < drawn.firstSeed + drawn.count; seed++) {
    const draw = new Random(seed, "signature");
    // Half of them in the signature, of which each byte means something else.
    const at = draw.chance(50) ? draw.below(signature.length) : draw.below(places);
    const change = 1 + draw.below(255);
    const isSignature = at < signature.length;
    const [bytes, other] = [signature.slice(), image.slice()];
    if (isSignature) bytes[at]! ^= change;
    else other[at - signature.length]! ^= change;
    const said = isSignature
      ? refusalOf(bytes)
      : differencesFrom(readSignature(bytes, nodeCrypto), other, nodeCrypto).join();
    expect(said, drawn.repeat(seed)).toMatch(
      /^(byte \d+ of the signature: expected |the image differs .* in bytes \d+)/,
    );
  }
});

function refusalOf(bytes: Uint8Array): string {
  try {
    readSignature(bytes, nodeCrypto);
    return "it is accepted";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Fields that the signer itself put there: byte, what is written, and what is said. */
const FIELDS: readonly (readonly [at: number, word: number, said: RegExp])[] = [
  [0, 0x4752_5251, /^byte 0 .* the magic QRSG$/],
  [4, 2, /^byte 4 .* version 1, found 2$/],
  [8, 191, /^byte 8 .* size of the file, 384, found 191$/],
  [16, 0xffff_ffff, /^it is accepted$/],
  [12, 0x7fff_ffff, /^byte 16 .* floor of at most the revision 2147483647, found 2147483648$/],
  [20, 0x0004_0005, /^byte 20 .* oldest version of at most 4, found 5$/],
  [24, 0x0000_0001, /^byte 24 .* oldest version of at most 0, found 1$/],
  [28, 0, /^byte 28 .* size of an image, a multiple of 512 up to 8388608, found 0$/],
  [28, 511, /^byte 28 /],
  [28, 0xffff_fe00, /^byte 28 .* found 4294966784$/],
  [28, 65_536, /^byte 28 .* a size that 384 bytes can sign$/],
  [32, 4096, /^byte 32 .* chunks of 65536 bytes$/],
  [36, 1, /^byte 36 .* no ranges that may differ$/],
  [40, 1, /^byte 40 .* zeros$/],
  [60, 0x0100_0000, /^byte 40 .* zeros$/],
  [64, 0, /^byte 64 .* name of a product/],
  [64, 0x4141_4141, /^byte 64 .* name of a product/],
  [92, 0x6161_6161, /^byte 64 .* name of a product/],
];

test.each(FIELDS)("byte %i with %i, signed", (at, word, said) => {
  const changed = (message: Uint8Array): Uint8Array => {
    new DataView(message.buffer).setUint32(at, word, true);
    return signer.sign(message);
  };
  expect(refusalOf(makeSignature(image, TERMS, { key: signer.key, sign: changed }, nodeCrypto))).toMatch(said);
});

test("of every other length, none is read", () => {
  const signature = made();
  for (let length = 0; length < signature.length; length += 7)
    expect(refusalOf(signature.subarray(0, length))).toMatch(/bytes, here are|^byte 8 /);
  expect(refusalOf(Uint8Array.of(...signature, 0))).toMatch(/^byte 8 .* 385, found 384$/);
});

test("an image of another size or revision is not what was signed", () => {
  const read = readSignature(made(), nodeCrypto);
  expect(differencesFrom(read, image.subarray(512), nodeCrypto)[0]).toMatch(/^the image has \d+ bytes, 131584 were/);
  const other = readSignature(
    makeSignature(image, { ...TERMS, revision: 0x9000_0000 }, signer, nodeCrypto),
    nodeCrypto,
  );
  expect(differencesFrom(other, image, nodeCrypto)).toEqual([
    "the image has revision 4294967295, its signature says 2415919104",
  ]);
  expect(() => makeSignature(new Uint8Array((8 << 20) + 512), TERMS, signer, nodeCrypto)).toThrow(
    /at most 8388608 can/,
  );
});

test("keys of small order or in another encoding are none", () => {
  for (const point of TORSION) {
    const key = encode(point);
    for (const sign of [0, 0x80])
      expect(isUsableKey(Uint8Array.of(...key.subarray(0, 31), key[31]! ^ sign))).toBe(false);
  }
  for (let more = 0n; more < 19n; more++) expect(isUsableKey(toBytes(P + more))).toBe(false);
  expect(isUsableKey(toBytes(P - 2n))).toBe(true);
  expect(isUsableKey(toBytes(2n))).toBe(true);
  expect(isUsableKey(signer.key)).toBe(true);
  expect(isUsableKey(signer.key.subarray(1))).toBe(false);
});

test("a file that is a signature is told from others, and from one with more after it", () => {
  const reader = (bytes: Uint8Array): { sizeBytes: number; read(at: number, length: number): Uint8Array } => ({
    sizeBytes: bytes.length,
    read: (at, length) => bytes.subarray(at, at + length),
  });
  expect(inspectSignatureFile(reader(image), nodeCrypto)).toBe(null);
  expect(inspectSignatureFile(reader(made()), nodeCrypto)).toMatchObject({ signature: TERMS, problems: [] });
  expect(inspectSignatureFile(reader(Uint8Array.of(...made(), 1)), nodeCrypto)).toMatchObject({ signature: null });
  const alone = inspectImage(reader(image));
  expect(inspectSignature(reader(image), alone, nodeCrypto)).toBe(null);
});

const KEYS = { product: "qure", sequence: 7, keys: [numberedSigner(2).key, numberedSigner(3).key] };

function keysRefusal(bytes: Uint8Array): string {
  try {
    readKeyList(bytes, nodeCrypto);
    return "it is accepted";
  } catch (error) {
    return (error as Error).message;
  }
}

test("a list of keys is read as it was written, and no byte of it can be another one", () => {
  const list = makeKeyList(KEYS, signer);
  expect(readKeyList(list, nodeCrypto)).toEqual({ ...KEYS, signer: signer.key });
  for (let at = 0; at < list.length; at++) {
    const bytes = list.slice();
    bytes[at]! ^= 1 + (at % 255);
    expect(keysRefusal(bytes)).toMatch(/^byte \d+ of the list of keys: expected /);
  }
  for (let length = 0; length < list.length; length += 5)
    expect(keysRefusal(list.subarray(0, length))).toMatch(/bytes, here are|^byte 8 /);
});

test.each([
  [12, 0, /^byte 12 .* a number above 0$/],
  [16, 0, /^byte 16 .* 1 to 8 keys, found 0$/],
  [16, 9, /^byte 16 .* 1 to 8 keys, found 9$/],
  [16, 3, /^byte 16 .* as many keys as 256 bytes hold, found 3$/],
  [20, 1, /^byte 20 .* zeros$/],
  [64, 0, /^byte 64 .* the name of a product$/],
] as const)("byte %i of a list with %i, signed", (at, word, said) => {
  const sign = (message: Uint8Array): Uint8Array => {
    new DataView(message.buffer).setUint32(at, word, true);
    return signer.sign(message);
  };
  expect(keysRefusal(makeKeyList(KEYS, { key: signer.key, sign }))).toMatch(said);
});
