/**
 * Ed25519's private half in asm/crypto, called routine by routine: RFC 8032's vectors, node:crypto as the judge of
 * drawn keys and messages, our own verification, and that no key takes another time than the next.
 */
import { beforeEach, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { shared } from "../setup/shared.ts";
import { signerOf } from "../setup/signer.ts";
import { casesOf } from "../setup/tier.ts";
import { DATA, RoutineMachine } from "./routine-machine.ts";

const SOURCES = ["sha512", "field25519", "ed25519", "ed25519-sign"].map((name) => `asm/crypto/${name}.s`);
const routines = shared(async () => new RoutineMachine(SOURCES));
let machine: RoutineMachine;
beforeEach(async () => {
  machine = await routines();
});

const SIGNATURE = DATA;
const KEYS = DATA + 0x100;
const PUBLIC = KEYS + 32;
const MESSAGE = DATA + 0x1000;
/** Of 10 ns each. */
const MOST_TICKS = 4_000_000;
const cases = casesOf("guest/ed25519-sign");

const bytesOf = (random: Random, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random.below(256));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The public key and a signature, and what the signature took, in ticks. */
function signed(secret: Uint8Array, message: Uint8Array): { key: string; signature: string; ticks: number } {
  machine.write(KEYS, secret);
  machine.call("ed25519_public", { eax: PUBLIC, edx: KEYS });
  machine.write(MESSAGE, message);
  const registers = { eax: SIGNATURE, edx: KEYS, esi: MESSAGE, ecx: message.length };
  const { ticks } = machine.call("ed25519_sign", registers);
  return { key: hex(machine.read(PUBLIC, 32)), signature: hex(machine.read(SIGNATURE, 64)), ticks };
}

/** RFC 8032, 7.1, TEST 3. */
test("a vector of RFC 8032", () => {
  const secret = Buffer.from("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "hex");
  const { key, signature } = signed(secret, Uint8Array.of(0xaf, 0x82));
  expect(key).toBe("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  expect(signature).toBe(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  );
});

test(`drawn keys and messages agree with OpenSSL, and our own verification takes them: ${cases.title}`, () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    const secret = bytesOf(random, 32);
    const message = bytesOf(random, random.below(300));
    const judge = signerOf(secret);
    const { key, signature } = signed(secret, message);
    expect(key, cases.repeat(seed)).toBe(hex(judge.key));
    expect(signature, cases.repeat(seed)).toBe(hex(judge.sign(message)));
    const registers = { eax: SIGNATURE, edx: PUBLIC, esi: MESSAGE, ecx: message.length };
    expect(machine.call("ed25519_verify", registers).carry, cases.repeat(seed)).toBe(false);
  }
});

test("keys of all bits 0 and all bits 1", () => {
  for (const byte of [0, 255]) {
    const secret = new Uint8Array(32).fill(byte);
    expect(signed(secret, secret).signature).toBe(hex(signerOf(secret).sign(secret)));
  }
});

/** k is public, and how many of its bits are 1 may be seen: each of them is an addition of so many ticks at most. */
test("time depends on the message alone", () => {
  const random = new Random(3);
  const message = bytesOf(random, 100);
  const publicTimes = new Set<number>();
  const times: number[] = [];
  for (let round = 0; round < 6; round++) {
    machine.write(KEYS, bytesOf(random, 32));
    publicTimes.add(machine.call("ed25519_public", { eax: PUBLIC, edx: KEYS }).ticks);
    times.push(signed(bytesOf(random, 32), message).ticks);
  }
  expect(publicTimes.size).toBe(1);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(Math.max(...times) / 100);
  expect(Math.max(...times)).toBeLessThan(MOST_TICKS);
});
