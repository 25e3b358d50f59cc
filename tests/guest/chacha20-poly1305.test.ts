/**
 * ChaCha20, Poly1305 and what SSH makes of both, called one by one, as any processor computes them and as one with SSE2
 * and SSSE3 does: RFC 8439's vectors, node:crypto as the judge of
 * drawn ones, and Poly1305's edges, where sums carry or reach the prime.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { chacha20, LENGTH_BYTES, seal, TAG_BYTES, tagOf } from "../setup/openssh-cipher.ts";
import { shared } from "../setup/shared.ts";
import { casesOf } from "../setup/tier.ts";
import { DATA, RoutineMachine } from "./routine-machine.ts";

const SOURCES = ["vectors", "chacha20", "poly1305", "chacha20-poly1305", "hmac", "sha256"].map(
  (name) => `asm/crypto/${name}.s`,
);
const scalar = shared(async () => new RoutineMachine(SOURCES));
const vector = shared(async () => {
  const made = new RoutineMachine(SOURCES);
  made.call("vectors_init", {});
  return made;
});
let machine: RoutineMachine;

const STATE = DATA;
const TAG = DATA + 0x100;
const KEY = DATA + 0x200;
const TEXT = DATA + 0x1000;
const cases = casesOf("guest/chacha20-poly1305");

const hex = (text: string): Buffer => Buffer.from(text.replace(/[\s:]/g, ""), "hex");
const bytesOf = (random: Random, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random.below(256));

function poly1305(key: Uint8Array, text: Uint8Array): Buffer {
  machine.write(KEY, key);
  machine.write(TEXT, text);
  machine.call("poly1305", { eax: TAG, edx: KEY, esi: TEXT, ecx: text.length });
  return Buffer.from(machine.read(TAG, TAG_BYTES));
}

/** What ChaCha20 makes of bytes; `nonce` is the last 16 bytes of the state, the counter first. */
function ours(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Buffer {
  machine.write(KEY, key);
  machine.call("chacha20_begin", { eax: STATE, edx: KEY });
  machine.write(STATE + 48, nonce);
  machine.write(TEXT, text);
  machine.call("chacha20_xor", { eax: STATE, esi: TEXT, ecx: text.length });
  return Buffer.from(machine.read(TEXT, text.length));
}

describe.each([
  ["general registers", scalar],
  ["XMM registers", vector],
])("%s", (_registers, routines) => {
  beforeEach(async () => {
    machine = await routines();
  });

  test("RFC 8439, 2.4.2 and 2.5.2", () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => index);
    const text = Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    expect(ours(key, hex("01000000 00000000 0000004a 00000000"), text).toString("hex")).toBe(
      hex(`6e 2e 35 9a 25 68 f9 80 41 ba 07 28 dd 0d 69 81 e9 7e 7a ec 1d 43 60 c2 0a 27 af cc fd 9f ae 0b
      f9 1b 65 c5 52 47 33 ab 8f 59 3d ab cd 62 b3 57 16 39 d6 24 e6 51 52 ab 8f 53 0c 35 9f 08 61 d8
      07 ca 0d bf 50 0d 6a 61 56 a3 8e 08 8a 22 b6 5e 52 bc 51 4d 16 cc f8 06 81 8c e9 1a b7 79 37 36
      5a f9 0b bf 74 a3 5b e6 b4 0b 8e ed f2 78 5e 42 87 4d`).toString("hex"),
    );
    const once = hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
    expect(poly1305(once, Buffer.from("Cryptographic Forum Research Group")).toString("hex")).toBe(
      "a8061dc1305136c6c22b8baf0c0127a9",
    );
  });

  test("ChaCha20 of each length agrees with OpenSSL", () => {
    const random = new Random(1);
    for (const length of [0, 1, 3, 63, 64, 65, 127, 128, 200, 511, 512, 1000, 4100]) {
      const [key, nonce, text] = [bytesOf(random, 32), bytesOf(random, 16), bytesOf(random, length)];
      expect(ours(key, nonce, text).equals(chacha20(key, nonce, text)), `${length} bytes`).toBe(true);
    }
  });

  describe("Poly1305", () => {
    test("drawn messages of each length agree with the model", () => {
      const random = new Random(cases.firstSeed);
      for (let round = 0; round < cases.count; round++) {
        const [key, text] = [bytesOf(random, 32), bytesOf(random, round % 70)];
        expect(poly1305(key, text).toString("hex"), `round ${round}`).toBe(tagOf(key, text).toString("hex"));
      }
    });

    test("bytes that are all ones or nearly, where sums carry", () => {
      const random = new Random(cases.firstSeed);
      const extreme = (count: number): Uint8Array =>
        Uint8Array.from({ length: count }, () => [255, 255, 255, 0, 251, 252, 254][random.below(7)]!);
      for (let round = 0; round < cases.count; round++) {
        const [key, text] = [extreme(32), extreme(16 * random.below(5) + random.below(3))];
        expect(poly1305(key, text).toString("hex"), `round ${round}`).toBe(tagOf(key, text).toString("hex"));
      }
    });

    // RFC 8439, A.3, 7 to 11: the sum is at the prime, or a block brings it there.
    test.each([
      ["02", "ff".repeat(16), "03"],
      ["02", "02".padEnd(32, "0"), "03", "ff".repeat(16)],
      ["01", `${"ff".repeat(16)}f0${"ff".repeat(15)}11${"00".repeat(15)}`, "05"],
      ["01", `${"ff".repeat(16)}fb${"fe".repeat(15)}${"01".repeat(16)}`, "00"],
      ["02", `fd${"ff".repeat(15)}`, `fa${"ff".repeat(15)}`],
    ])("r %s, text %s", (r, text, tag, s = "") => {
      const key = hex(`${r.padEnd(32, "0")}${s.padEnd(32, "0")}`);
      expect(poly1305(key, hex(text)).toString("hex")).toBe(tag.padEnd(32, tag.length > 2 ? "f" : "0"));
    });
  });

  describe("chacha20-poly1305@openssh.com", () => {
    const random = new Random(cases.firstSeed);
    const drawn = (): { key: Uint8Array; sequence: number; packet: Buffer } => {
      const packet = Buffer.from(
        bytesOf(random, LENGTH_BYTES + 8 + (random.below(8) === 0 ? 4088 : random.below(300))),
      );
      packet.writeUInt32BE(packet.length - LENGTH_BYTES);
      return { key: bytesOf(random, 64), sequence: random.below(2) * 0xffff_fff0 + random.below(16), packet };
    };

    test("a packet is sealed as OpenSSL and the model do, and opened again", () => {
      for (let round = 0; round < 20; round++) {
        const { key, sequence, packet } = drawn();
        machine.write(KEY, key);
        machine.write(TEXT, packet);
        machine.call("chacha20_poly1305_seal", { eax: KEY, edx: sequence, esi: TEXT, ecx: packet.length });
        const wanted = seal(key, sequence, packet);
        expect(Buffer.from(machine.read(TEXT, wanted.length)).toString("hex")).toBe(wanted.toString("hex"));
        const length = machine.call("chacha20_poly1305_length", { eax: KEY, edx: sequence, esi: TEXT }).eax;
        expect(length.toString(16)).toBe(packet.readUInt32LE().toString(16));
        const called = machine.call("chacha20_poly1305_open", {
          eax: KEY,
          edx: sequence,
          esi: TEXT,
          ecx: packet.length,
        });
        expect(called.carry).toBe(false);
        expect(Buffer.from(machine.read(TEXT + 4, packet.length - 4)).equals(packet.subarray(4))).toBe(true);
      }
    });

    test("a packet in which a bit is another, or the number, is not opened and stays as it is", () => {
      for (let round = 0; round < cases.count; round++) {
        const { key, sequence, packet } = drawn();
        const bad = seal(key, sequence, packet);
        const isNumber = round % 5 === 0;
        if (!isNumber) bad[random.below(bad.length)]! ^= 1 << random.below(8);
        machine.write(KEY, key);
        machine.write(TEXT, bad);
        const edx = isNumber ? sequence ^ 1 : sequence;
        expect(machine.call("chacha20_poly1305_open", { eax: KEY, edx, esi: TEXT, ecx: packet.length }).carry).toBe(
          true,
        );
        expect(Buffer.from(machine.read(TEXT, bad.length)).equals(bad)).toBe(true);
      }
    });
  });

  test("time depends on neither key nor text", () => {
    const random = new Random(5);
    const times = (routine: string, count: number): Set<number> =>
      new Set(
        Array.from({ length: count }, () => {
          machine.write(KEY, bytesOf(random, 64));
          machine.write(TEXT, bytesOf(random, 200));
          return machine.call(routine, { eax: routine === "poly1305" ? TAG : KEY, edx: KEY, esi: TEXT, ecx: 200 })
            .ticks;
        }),
      );
    expect(times("poly1305", 8).size).toBe(1);
    expect(times("chacha20_poly1305_seal", 8).size).toBe(1);
    expect(times("chacha20_poly1305_open", 8).size).toBe(1);
  });
});

test("a record of a fork takes a third of the time by XMM registers", async () => {
  const ticks = (of: RoutineMachine): number => {
    of.write(KEY, new Uint8Array(64));
    return of.call("chacha20_poly1305_seal", { eax: KEY, edx: 0, esi: TEXT, ecx: 4096 + 12 }).ticks;
  };
  expect(ticks(await vector())).toBeLessThan(ticks(await scalar()) / 3);
});
