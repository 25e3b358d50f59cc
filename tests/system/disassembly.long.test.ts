/**
 * The disassembler of the debugger in the kernel says what the tools' disassembler says, which is held against objdump
 * (tests/isa/disassemble.test.ts): every form of the instruction table, and the kernel's own code.
 */
import { expect, test } from "vitest";
import { isReadable } from "../../src/build/instructions.ts";
import { Decoded, decode } from "../../src/isa/decode.ts";
import { disassemble } from "../../src/isa/disassemble.ts";
import { knownOpcodes } from "../../src/isa/known-opcodes.ts";
import { processorOpcodes } from "../../src/isa/opcode-map.ts";
import { byteSamples } from "../isa/byte-spread.ts";
import { spreadSample } from "../setup/tier.ts";
import { boot, isoOf, PROMPT, sources } from "./images.ts";
import { treeWith, treeWithFile } from "./tree-with.ts";

const SAMPLE_BYTES = 24;
const SAMPLES = 12_000;

/** What samples of every form are unlikely to have: 16-bit addresses without a register, whole and of a part. */
const ADDRESSES_16 = [
  "67 8b 06 34 92",
  "67 a1 34 92",
  "67 66 a3 cd ab",
  "64 67 c6 06 00 80 7f",
  "67 8b 46 f0",
  "67 03 87 00 90",
];

/** With the FWAIT before it an x87 instruction is one that waits, as to its assembler: bytes, what they are. */
const WAITING: readonly (readonly [bytes: string, text: string])[] = [
  ["9b db e3", "3 finit"],
  ["9b db e2", "3 fclex"],
  ["9b df e0", "3 fstsw  ax"],
  ["9b d9 7d fc", "4 fstcw  WORD PTR [ebp-0x4]"],
  ["9b d9 30", "3 fstenv [eax]"],
  ["9b dd 36", "3 fsave  [esi]"],
  ["9b 90", "1 fwait"],
];

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** Where the kernel says less, or something else. */
const isKnown = (theirs: string): boolean =>
  // How many bytes are no instruction is a matter of taste.
  theirs.includes("(bad)") ||
  // The predicate is a number.
  /^(lock |rep[a-z]* |data16 |addr16 |[c-gs]s )*(cmp(eq|lt|le|unord|neq|nlt|nle|ord)[ps][sd]|pclmul[hl]q[hl]qdq) /.test(
    theirs,
  ) ||
  // F2 counts for more than 66 here.
  theirs === "repnz xchg ax,ax" ||
  // FWAIT and a prefix before an x87 instruction stand in lines of their own.
  theirs.startsWith("fwait");

test("every form of the instruction table is what it is to the tools", async () => {
  const known = byteSamples(processorOpcodes()).filter(({ bytes }) => {
    const { form } = decode(bytes, 0, 32);
    // What is another processor's to the tools is a hint, or nothing, to the kernel.
    const { form: foreign } = decode(bytes, 0, 32, new Decoded(), knownOpcodes());
    return form === foreign && (form === null || isReadable(form));
  });
  const all = [
    ...spreadSample(known, { count: SAMPLES, firstSeed: 1 }),
    ...[...ADDRESSES_16, ...WAITING.map(([bytes]) => bytes)].map((bytes) => ({
      bytes: Uint8Array.from(Buffer.from(bytes.replaceAll(" ", ""), "hex")),
    })),
  ];
  const padded = all.map(({ bytes }) => {
    const sample = new Uint8Array(SAMPLE_BYTES).fill(0x90);
    sample.set(bytes);
    return sample;
  });
  const rows = padded.map((sample) => `.byte ${[...sample].join(",")}`);
  const data = [".section .rodata", ".global samples, samples_end", "samples:", ...rows, "samples_end:", ""];
  const tree = treeWithFile(
    treeWith(sources(), "tests/guest/programs/disassembler.s", "asm/shell/disassembler.s"),
    "asm/shell/samples.s",
    new TextEncoder().encode(data.join("\n")),
  );
  const node = boot({ nodes: [{ cdrom: isoOf(tree) }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("service stop network", PROMPT);
  const from = node.console.text.length;
  await node.enter("samples", PROMPT, { within: "600s" });
  const [, ...lines] = node.console.text.slice(node.console.text.indexOf("samples at ", from)).split("\n");
  const base = Number.parseInt(/samples at (\w+)/.exec(node.console.text.slice(from))![1]!, 16);
  const wrong: string[] = [];
  padded.forEach((sample, index) => {
    const theirs = disassemble(sample, 0, base + index * SAMPLE_BYTES, { bits: 32, syntax: "intel" });
    const expected = `${theirs.length} ${theirs.text}`;
    if (lines[index] !== expected && !isKnown(theirs.text))
      wrong.push(`${hex(sample.subarray(0, 16))}: ${lines[index]}, not ${expected}`);
  });
  expect(wrong.slice(0, 40)).toEqual([]);
  expect(lines.slice(padded.length - WAITING.length, padded.length)).toEqual(WAITING.map(([, text]) => text));
});
