/**
 * Bytes and lines that a spread over the table hardly comes to, judged by GNU's tools: prefixes that are repeated or
 * stand before what does not take them, opcodes that are none, sizes that are said twice or not at all.
 */
import { describe, expect, test } from "vitest";
import { Decoded, decode } from "../../src/isa/decode.ts";
import { disassemble } from "../../src/isa/disassemble.ts";
import { assembleText, compare } from "../assembler/differential.ts";
import { disassembleBatch, requireOracle, sampleAddress } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(" "), (byte) => Number.parseInt(byte, 16));

const CODE = [
  // F2 before branches near and far, F3 and F2 before what has one of its own.
  ...[
    "f2 c3",
    "f2 c2 04 00",
    "f2 cb",
    "f2 ca 04 00",
    "f2 ff e0",
    "f2 ff d0",
    "f2 ff 20",
    "f2 ff 10",
    "f2 ff 18",
    "f2 ff 28",
  ],
  ...[
    "f2 75 00",
    "f2 0f 85 00 00 00 00",
    "f2 e8 00 00 00 00",
    "f2 eb 00",
    "f2 e2 00",
    "f2 e3 00",
    "f3 c3",
    "f2 9a 01 02 03 04 05 06",
  ],
  ...[
    "f3 f3 0f 10 c1",
    "f2 f3 0f 10 c1",
    "f3 f2 0f 10 c1",
    "f2 f2 0f 10 c1",
    "66 66 0f 10 c1",
    "f3 f3 a4",
    "f3 f2 a6",
    "f2 f3 a6",
  ],
  ...[
    "66 f3 0f 10 c1",
    "f3 66 0f 10 c1",
    "66 66 90",
    "66 66 89 c8",
    "67 67 8b 00",
    "67 67 89 c8",
    "2e 36 8b 00",
    "2e 2e 8b 00",
  ],
  ...[
    "f3 89 00",
    "f2 89 00",
    "f0 f3 89 00",
    "f3 c6 00 01",
    "f3 a2 00 00 00 00",
    "f0 f2 01 00",
    "f0 f3 01 00",
    "f3 f0 01 00",
  ],
  // Names that an immediate byte chooses.
  ...[0, 1, 2, 0x10, 0x11, 0x12].map((byte) => `66 0f 3a 44 c1 ${byte.toString(16)}`),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((byte) => [`0f c2 c1 ${byte}`, `66 0f c2 00 ${byte}`, `f3 0f c2 c1 ${byte}`]),
  // Registers that the operation implies.
  ...["0f 01 c8", "0f 01 c9", "67 0f 01 c8", "67 0f 01 c9", "66 0f 01 c8", "0f 01 f9", "f3 0f 01 c9"],
  // Branches that need no ENDBR at their target.
  ...["3e ff d0", "3e ff e0", "3e ff 10", "3e ff 20", "3e ff 18", "3e ff 28"],
  // What is no instruction: with this digit, with a register or memory, with this prefix, at all.
  ...[
    "8d c0",
    "66 8d c0",
    "66 66 8d c0",
    "2e 66 67 8d c0",
    "d9 d1",
    "66 d9 d1",
    "db e8 90",
    "df f8",
    "de d1",
    "67 67 df f8",
  ],
  ...["0f 04", "66 0f 04", "66 66 0f 04", "2e 0f 0c", "0f 38 0c 90", "0f 3a 00 90", "0f 3a ff 90", "66 0f 3a ff c0 90"],
  ...[
    "0f 38 ff c0 90",
    "66 0f 38 ff 00",
    "0f ba c0 01",
    "0f ba 10 01",
    "66 0f ba c0 01",
    "0f c7 c8",
    "66 0f c7 c8",
    "0f c3 c1",
  ],
  ...[
    "0f 71 c0 01",
    "0f 71 10 01",
    "0f 72 f8 01",
    "0f 73 d8 01",
    "f0 0f 71 c0 01",
    "fe d0",
    "66 fe d0",
    "ff f8",
    "ff 38",
    "c6 c8 01",
    "8f c8",
  ],
  ...[
    "0f 24 d8",
    "0f a6 c0",
    "0f a7 c1",
    "0f 0f c1 00",
    "2e 0f 0f 54 c3 07 c3",
    "0f 0f c1 9e",
    "f3 0f 0f 41 04 9e",
    "f0 0f 0e",
    "66 0f a7 c8",
    "f2 0f a7 c8",
    "f3 0f a7 c0",
    "0f 1a 30",
    "66 0f 1a cc",
    "67 66 0f 1a 00",
    "0f 1b c8",
    "f3 0f 1b c8",
    "8f e9 78 12 c0",
    "66 8f e9 78 01 08",
    "f3 8f ea 78 10 00 01 02 03 04",
    "db e5",
    "0f 20 c0",
    "0f 22 c8",
    "0f 23 d0",
    "0f 21 d8",
    "8c f0",
    "8e f8",
    "8e c8",
  ],
  ...[
    "9b d9 30",
    "9b d9 f0",
    "9b dd 38",
    "9b 66 d9 38",
    "9b d7",
    "9b e0 00",
    "9b df e0",
    "9b db e3",
    "9b db e4",
    "9b 9b db e3",
  ],
] as const;

type Known = readonly [text: string, length: number, reason: string];
/** Where ours is another text than that of objdump 2.40: ours in 32-bit code, its length, and the reason. */
const KNOWN: ReadonlyMap<string, Known> = new Map<string, Known>([
  [
    "f3 f3 a4",
    ["rep rep movs BYTE PTR es:[edi],BYTE PTR ds:[esi]", 3, "objdump names but the last one by the operation"],
  ],
  ["66 0f 3a 44 c1 2", ["pclmulqdq xmm0,xmm1,0x2", 6, "objdump takes 2 for 10h"]],
  ...(
    [
      ["66 8d c0", 2],
      ["66 66 8d c0", 3],
      ["2e 66 67 8d c0", 4],
      ["0f c7 c8", 1],
      ["66 0f c7 c8", 2],
      ["0f c3 c1", 1],
      ["0f 71 10 01", 1],
      ["0f 73 d8 01", 1],
      ["66 fe d0", 2],
      ["8f c8", 1],
      ["0f a7 c1", 2],
    ] as const
  ).map(
    ([hex, length]) =>
      [hex, ["(bad)", length, "operands or a prefix that it does not take, or an extension that is not ours"]] as const,
  ),
  ["9b 9b db e3", ["fwait", 1, "objdump joins every FWAIT with what follows the last"]],
]);

describe.each([16, 32] as const)("rare bytes as %i-bit code", (bits) => {
  test.for(["intel", "att"] as const)("are named in %s syntax as objdump names them", (syntax, context) => {
    const objdump = requireOracle("objdump", context);
    const code = CODE.map(bytesOf);
    const theirs = disassembleBatch(objdump, bits === 16 ? "i8086" : "i386", syntax, code);
    const problems = code.flatMap((bytes, index) => {
      const padded = new Uint8Array(24).fill(0x90);
      padded.set(bytes);
      const ours = disassemble(padded, 0, sampleAddress(index), { bits, syntax });
      const { text, length } = theirs[index]!;
      if ((ours.text === text && ours.length === length) || KNOWN.has(CODE[index]!)) return [];
      return [`${CODE[index]}: ${ours.text} (${ours.length}); objdump: ${text} (${length})`];
    });
    expect(problems).toEqual([]);
  });
});

test.each([...KNOWN])("%s is named otherwise", (hex, [text, length]) => {
  const padded = new Uint8Array(24).fill(0x90);
  padded.set(bytesOf(hex));
  expect(disassemble(padded, 0, 0, { bits: 32, syntax: "intel" })).toEqual({ text, length });
});

test("a prefix at the end of the bytes stands alone, named by what it would change", () => {
  const named = (hex: string, bits: 16 | 32): string => disassemble(bytesOf(hex), 0, 0, { bits, syntax: "intel" }).text;
  expect(["66", "67"].flatMap((hex) => [named(hex, 16), named(hex, 32)])).toEqual([
    ...["data32", "data16", "addr32", "addr16"],
  ]);
  expect(["f0", "f2", "f3", "26", "64", "9b"].map((hex) => named(hex, 32))).toEqual([
    ...["lock", "repnz", "repz", "es", "fs", "fwait"],
  ]);
});

describe("what was decoded", () => {
  test.each<[hex: string, operandOffset: number, displacementBytes: number]>([
    ["8b 45 08", 2, 1],
    ["81 85 00 01 00 00 02 00 00 00", 2, 4],
    ["66 0f af 04 25 78 56 34 12", 5, 4],
    ["a1 78 56 34 12", 1, 4],
    ["b8 01 00 00 00", 1, 0],
  ])("%s: its displacement or number is at %i", (hex, operandOffset, displacementBytes) => {
    expect(decode(bytesOf(hex), 0, 32)).toMatchObject({ operandOffset, displacementBytes });
  });

  test("what is no instruction by its ModRM byte is undefined, and prefixes alone are too long", () => {
    expect(decode(bytesOf("0f ba c0 01"), 0, 32)).toMatchObject({ form: null, problem: "undefined" });
    expect(decode(bytesOf(Array(16).fill("66").join(" ")), 0, 32)).toMatchObject({ problem: "long", length: 15 });
  });

  test("an object that is used again forgets its problem", () => {
    const decoded = new Decoded();
    decode(bytesOf("0f 04"), 0, 32, decoded);
    expect([decoded.form, decoded.problem, decoded.length]).toEqual([null, "undefined", 2]);
    decode(bytesOf("90"), 0, 32, decoded);
    expect([decoded.form?.mnemonic32, decoded.problem, decoded.length]).toEqual(["nop", "", 1]);
  });

  test.each<[hex: string, bits: 16 | 32, segment: number]>([
    ["8b 00", 32, 3],
    ["8b 45 00", 32, 2],
    ["8b 04 24", 32, 2],
    ["8b 44 25 00", 32, 2],
    ["8b 04 2d 00 00 00 00", 32, 3],
    ["8b 46 00", 16, 2],
    ["8b 02", 16, 2],
    ["8b 04", 16, 3],
    ["8b 07", 16, 3],
    ["8b 06 00 00", 16, 3],
    ["64 8b 45 00", 32, 4],
    ["36 8b 00", 32, 2],
    ["67 8b 04", 32, 3],
    ["67 8b 04 24", 16, 2],
  ])("%s in %i-bit code: the segment of its address is %i", (hex, bits, segment) => {
    expect(decode(bytesOf(hex), 0, bits).effectiveSegment).toBe(segment);
  });
});

/** Sources for which the object is GNU as's, or which both refuse. */
const SOURCES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [16, 32].flatMap((bits) => [
      [
        `gaps that a jump skips, ${bits} bits`,
        [`.code${bits}`, ...[20, 31, 32, 60, 128, 129, 130, 131, 300, 5000].map((count) => `.nops ${count}`)].join(
          "\n",
        ),
      ],
      [
        `prefixes in statements of their own, ${bits} bits`,
        `.code${bits}\ndata${48 - bits}\naddr${48 - bits}\nlock\nrep\nrepne\ncs\nnop`,
      ],
    ]),
  ),
  "gaps of long instructions": `.arch corei7\n${[9, 20, 88, 89, 129, 200].map((count) => `.nops ${count}`).join("\n")}\n.nops 30, 5\n.balign 512`,
  "gaps with a limit": [1, 2, 3, 4, 5, 6, 7].map((limit) => `.nops 13, ${limit}`).join("\n"),
  "a limit that is none": ".nops 5, 50",
  "addresses of 16 bits": ".code16\nmov ax, [bx + sym]\nmov ax, [sym]\nmov ax, [bp + si + sym]\nmov [bx + 0x1234], al",
  "one register twice": ".code16\nmov ax, [bx + bx]",
  "two index registers": ".code16\nmov ax, [si + di]",
  "a width of a displacement that no 32-bit address has": "{disp16} mov eax, [ebx + 5]",
  "a width of a displacement that no 16-bit address has": ".code16\n{disp32} mov ax, [bx + 5]",
  "a width of 16 bits that no branch of 32-bit code has": "{disp16} jz far_away",
  "a width of 32 bits that no branch of 16-bit code has": ".code16\n{disp32} call far_away",
  "a width that no loop has": ".code16\n1: {disp32} loop 1b",
  "widths of branches": "{disp32} jz away\n.code16\n{disp16} jmp away\naway:",
  "widths of displacements": "{disp32} mov eax, [ebx + 5]\n{disp8} mov eax, [ebx]\n.code16\n{disp16} mov ax, [bx + 5]",
  "a loop too far for the 8086": ".arch i8086\n.code16\n1: .skip 200\nloop 1b",
  "a jump by CX too far for the 8086": ".arch i8086\n.code16\n1: .skip 200\njcxz 1b",
  "conditional jumps too far for the 8086": ".arch i8086\n.code16\n1: .skip 200\njz 1b\njno 1b\njmp 1b\njg 1b",
  "numbers of 16 bits that are pushed":
    ".code16gcc\npush 0x7fff\npush 0x8000\npush 0xffff\npush 0x10000\npush -0x8000\npushl 0x8000",
  "numbers of 64 bits that are pushed": [
    ...["0x100000000", "0x100000001", "0x10000007f", "0x100000080", "0x1ffffff80", "0x1ffffff7f", "-0x100000000"],
    ...["-0x100000001", "-0x10000007f", "-0x100000081", "-0xffffff81", "0xffffff80", "0xffffff7f"],
  ]
    .map((number) => `push ${number}`)
    .join("\n"),
  "numbers of 64 bits elsewhere": ["-0x100000000", "-0xffffffff", "-0x100000001", "0x100000000"]
    .map((number) => `mov eax, ${number}\nmov ebx, [ecx + ${number}]\nadd edx, ${number}`)
    .join("\n"),
  "sizes before numbers": [
    ...["add eax, byte ptr 5", "mov eax, byte ptr 5", "push byte ptr 5", "push word ptr 5", "int byte ptr 3"],
    ...[
      "add dword ptr [ebx], byte ptr 5",
      "imul eax, ebx, byte ptr 5",
      "imul eax, ebx, dword ptr 5",
      "mov al, byte ptr 5",
    ],
    ...[
      "add eax, byte ptr 300",
      "mov ax, word ptr 5",
      "add [ebx], byte ptr 5",
      "shl eax, byte ptr 5",
      "push dword ptr 5",
    ],
  ].join("\n"),
  "a size before the number of what takes one operand only": "imul [eax], byte ptr 1",
  "sizes before the second of two numbers": "enter 5, word ptr 3\nenter 5, dword ptr 3\nenter word ptr 5, 3",
  "a prefix that would make another instruction": ["paddb mm0, mm1", "movd mm0, eax", "emms", "addps xmm0, xmm1"]
    .map((line) => `data16 ${line}`)
    .join("\n"),
  "sizes that a suffix says of system registers": [
    ...["lldt ax", "lldtw ax", "ltr ax", "ltrw [ebx]", "sldt [ebx]", "sldtw [ebx]", "str ax", "strw ax", "smsww ax"],
    ...["lmsww ax", "verrw ax", "verww [ebx]", "arplw ax, bx"],
  ].join("\n"),
  "addresses of both widths": ".code16\nmov ax, [bx + esi]",
  "addresses of both widths, the other way": ".code16\nmov ax, [ebx + si]",
  "strings without a suffix": ".att_syntax\nmovs\nlods\nstos\nscas\ncmps\nins\nouts\n.code16\nmovs\nlods\nins",
  "loads that are wished between registers and memory":
    "{load} test eax, ebx\n{load} test [eax], ecx\n{load} xchg ebx, ecx\n{load} xchg [ebx], ecx\n{load} xchg eax, ecx",
  "extensions of memory of no size": ".att_syntax\nmovzx (%eax), %ecx\nmovsx (%eax), %ecx\nmovzx (%eax), %cx",
  "numbers at the edges of 16 bits":
    ".att_syntax\nmovw $-65536, %ax\nmovw $-65537, %ax\nmovw $-65535, %ax\nmovw $65536, %ax\nmovb $-256, %al\nmovb $-257, %al",
  "displacements at the edges of 32 bits":
    "mov eax, [ebx - 0xffffffff]\nmov eax, [ebx - 0x100000000]\nmov eax, [ebx - 0x80000000]\nmov eax, [ebx + 0xffffffff]",
  "registers that hold addresses": [
    ...[
      "movdir64b eax, [ebx]",
      "movdir64b ax, [bx]",
      "movdir64b ax, ds:5",
      "movdir64b eax, ds:5",
      "movdir64b cx, fs:[si]",
    ],
    ...["enqcmd ax, [bx]", "enqcmds eax, [ebx]", "umonitor ax", "umonitor eax", "vmrun ax", "vmload eax", "vmsave ax"],
    ...["invlpga ax, ecx", "clzero ax", "monitor ax, ecx, edx", "monitorx eax, ecx, edx", "invlpgb ax, ecx, edx"],
    ...["pvalidate eax, ecx, edx", "pvalidate ax", "skinit eax"],
  ]
    .flatMap((line) => [line, `.code16\n${line}\n.code32`])
    .join("\n"),
  "registers of another size than their address": "movdir64b ax, [ebx]\nenqcmd eax, [bx]\n.code16\nmovdir64b ax, [ebx]",
  "registers that name what is fixed, in AT&T order": [
    ...["tpause %ecx, %edx, %eax", "umwait %ecx, %edx, %eax", "invlpga %eax, %ecx", "pvalidate %eax, %ecx, %edx"],
    ...["extrq $1, $2, %xmm3", "insertq $1, $2, %xmm3, %xmm4", "insertq %xmm3, %xmm4", "extrq %xmm1, %xmm2"],
    ...["mulx (%eax), %ecx, %edx", "bextr %ecx, (%eax), %edx", "rorxl $5, %eax, %ecx", "blsil (%eax), %ecx"],
    ...["encodekey256 %eax, %ecx", "loadiwkey %xmm1, %xmm2", "aand %eax, (%ecx)", "xabort $-1", "cldemote (%eax)"],
  ]
    .flatMap((line) => [line, `.code16\n${line}\n.code32`])
    .reduce((text, line) => `${text}\n${line}`, ".att_syntax"),
  "names with a hyphen": [
    ...["xstore-rng", "rep xstore-rng", "repne xstore", "data16 xstore", "XCRYPT-ECB", "rep xcryptcbc", "repe montmul"],
    ...["xcrypt-ctr", "xcrypt-cfb", "xcrypt-ofb", "xsha1", "rep xsha256", "xstorerng", "xcrypt-ecb; xcrypt-cbc"],
  ].join("\n"),
  "a name with a hyphen that is none": "xcrypt-abc",
  "half of a name with a hyphen": "xcrypt",
  "a hyphen that is apart": "xstore -rng",
  "a repetition that is another than its own": "repne xcryptcbc",
  "addresses of bounds in 16-bit code": [
    ...["bndmk bnd1, [eax + 8*ecx]", "bndmk bnd1, ds:5", "bndmov bnd1, [ext]", "bndmov [edx], bnd3", "bndcl bnd0, eax"],
    ...["bndcu bnd0, byte ptr [ebx]", "bndcn bnd2, fs:[ebp]", "bndstx [ebx + esi], bnd1", "bndldx bnd1, [esp]"],
  ]
    .flatMap((line) => [line, `.code16\n${line}\n.code32`])
    .join("\n"),
  "forms that are not the usual ones": [
    ...[
      "movaps.s %xmm1, %xmm2",
      "mov.s %eax, %ecx",
      "movq.s %mm1, %mm2",
      "movq.s %xmm1, %xmm2",
      "movss.s %xmm1, %xmm2",
    ],
    ...["test.s %eax, %ecx", "xchg.s %eax, %ecx", "xchg.s %ebx, %ecx", "movb.s %al, %cl", "movdqa.s %xmm1, %xmm2"],
    ...[
      "mov.s (%eax), %ecx",
      "movd.s %eax, %xmm1",
      "adc.s %al, %cl",
      "{load} movups %xmm1, %xmm2",
      "{store} movups %xmm1, %xmm2",
    ],
  ].reduce((text, line) => `${text}\n${line}`, ".att_syntax"),
  "registers of bounds in AT&T syntax":
    ".att_syntax\nbndmov.s %bnd1, %bnd2\n{store} bndmov %bnd1, %bnd2\n{load} bndmov %bnd1, %bnd2\nbndldx ext@GOT(%ebx), %bnd3",
  ...Object.fromEntries(
    [
      ...[
        "bndmk bnd1, [bx]",
        "bndmk bnd1, [esi + esp]",
        "bndcl bnd1, cx",
        "addr16 bndcl bnd1, ecx",
        "bndmov bnd1, dword ptr [ebx]",
      ],
      ...[
        "mov eax, bnd1",
        "mov eax, [bnd1]",
        "bndmk bnd4, [eax]",
        "data16 bndmov bnd1, bnd2",
        "bnd rep ret",
        "bnd bnd ret",
      ],
      ...[
        "xacquire inc dword ptr [ebx]",
        "xrelease mov eax, ds:5",
        "xacquire mov [ebx], eax",
        "xrelease mov [ebx], gs",
      ],
      ...[
        "xacquire xrelease lock inc dword ptr [ebx]",
        "rep rep movsb",
        "bnd jmp far ptr [ebx]",
        "bnd loop .",
        "xacquire xchg eax, ebx",
      ],
      ...[
        "lwpval eax, qword ptr [ebx], 5",
        "llwpcb ax",
        "blcfill eax, ax",
        "pfadd mm0, dword ptr [ebx]",
        "rep pfadd mm0, mm1",
      ],
    ].map((line) => [`what is refused: ${line}`, line]),
  ),
  "branches with bounds": [
    ...[
      "bnd jmp .",
      "bnd jmp ext",
      "bnd jne ext",
      "bnd call ext",
      "bnd call [ebx]",
      "bnd ret",
      "bnd ret 4",
      "bnd jmp eax",
    ],
    ...[
      "bnd notrack jmp eax",
      "notrack bnd call [ebx]",
      "bnd data16 jmp ext",
      "1: .skip 200",
      "bnd jmp 1b",
      "bnd jz 1b",
    ],
    ...[".att_syntax", "bnd jne,pt ext", "bnd/jmp ext", "bnd", "xacquire", "xrelease"],
  ].join("\n"),
  "stores that release a lock": [
    ...[
      "xrelease mov ds:5, eax",
      "xrelease mov byte ptr ds:5, al",
      "xrelease mov [ebx], ecx",
      "xrelease mov dword ptr [ebx], 5",
    ],
    ...[
      "xacquire xchg [ebx], eax",
      "xrelease xchg eax, [ebx]",
      "lock xacquire xchg [ebx], eax",
      "xrelease lock cmpxchg8b [ebx]",
    ],
    ...["xacquire lock bts dword ptr [ebx], 5", "lock xrelease xadd [ebx], cl", "xacquire,lock not word ptr [ebx]"],
  ]
    .flatMap((line) => [line, `.code16\n${line}\n.code32`])
    .join("\n"),
  "suffixes that few names take": [
    ...["fldenvs (%eax)", "fnsaves (%eax)", "fsaves (%eax)", "frstorl (%eax)", "cmpxchg8bq (%eax)", "blcsl %eax, %ecx"],
    ...["pinsrwl $5, %eax, %mm1", "pinsrwl $5, %eax, %xmm1", "bextrl $5, (%eax), %ecx", "lwpval $ext, (%eax), %ecx"],
  ]
    .flatMap((line) => [line, `.code16\n${line}\n.code32`])
    .reduce((text, line) => `${text}\n${line}`, ".att_syntax"),
  ...Object.fromEntries(
    [
      ...["aaddl %eax, (%ecx)", "rdrandw %ax", "rdseedl %eax", "rdfsbasel %eax", "rdpidl %eax", "ldmxcsrl (%eax)"],
      ...["movntssl %xmm1, (%eax)", "movdl %eax, %mm1", "pinsrww $5, (%eax), %mm1", "pinsrdl $5, %eax, %xmm1", "cwdel"],
      ...["fldenvw (%eax)", "invpcidl (%eax), %ecx", "bndmkl (%eax), %bnd1", "pfaddl (%eax), %mm1", "llwpcbl %eax"],
    ].map((line) => [`a suffix that is refused: ${line}`, `.att_syntax\n${line}`]),
  ),
  "prefixes that VEX has no place for": "lock andn eax, ecx, edx\nrep andn eax, ecx, edx\ndata16 andn eax, ecx, edx",
  ...Object.fromEntries(
    [16, 32].flatMap((bits) => [
      [
        `prefixes alone that say what the segment says, ${bits} bits`,
        `.code${bits}\ndata${bits}\naddr${bits}\ncs data${bits}\ndata${48 - bits} data${bits}\nnop`,
      ],
      [`a redundant prefix before another, ${bits} bits`, `.code${bits}\ndata${bits} lock`],
    ]),
  ),
  "branch hints by name": "1: ht jz 1b\nhnt jz 2f\nht jmp 1b\nht loop 1b\nht mov eax, [ecx]\nht\nhnt\nht call x\n2:",
  "registers that are cleared":
    "clr eax\nclr bx\nclr ch\n.code16\nclr eax\nclr bx\nclr ch\n.att_syntax\nclr %eax\nclrl %esi\nclrw %ax\nclrb %bh",
  ...Object.fromEntries(
    ["clr dword ptr [eax]", "lock clr eax", "clr ds", "clr"].map((line) => [`what CLR does not take: ${line}`, line]),
  ),
  "conditional moves by their other names": "fcmovna st, st(1)\nfcmovnae st, st(7)",
  "branches that need no target": "notrack jmp eax\nnotrack call [ebx]\nnotrack jmp dword ptr [ecx*4 + 5]",
};

describe("rare sources", () => {
  test.for(rowsOf(Object.entries(SOURCES), 16))("%s", ([, text], context) => {
    const assembler = requireOracle("as", context);
    const { object, expected, messages } = compare(assembler, { text: `.intel_syntax noprefix\n${text}\n` });
    expect(object, messages).toEqual(expected);
  });
});

/** What is said of numbers with a size before them, and of numbers that do not fit; "" where nothing is. */
const SAID: readonly (readonly [line: string, said: string])[] = [
  ["shl eax, byte ptr 5", ""],
  ["push byte ptr 5", ""],
  ["mov eax, byte ptr 5", "error: 5 does not fit what mov takes beside eax"],
  ["mov [eax], byte ptr 300", "error: 300 does not fit what mov takes beside memory"],
  [
    "imul eax, ebx, byte ptr 300",
    "warning: the size before this number does not make it an operation of 8 bits: what it says is ignored (imul)",
  ],
  [
    "int word ptr 3",
    "warning: the size before this number does not make it an operation of 16 bits: what it says is ignored (int)",
  ],
  [
    "push byte ptr 300",
    "warning: the size before this number does not make it an operation of 8 bits: what it says is ignored (push)",
  ],
  [
    "add [ebx], byte ptr 300",
    "warning: the size before this number does not make it an operation of 8 bits: this is an operation of 32 bits (add)",
  ],
  ["aam byte ptr 300", "error: aam takes a number of 8 bits here; 300 does not fit"],
  ["enter 70000, 1", "error: enter takes a number of 16 bits as its first operand; 70000 does not fit"],
  ["shl eax, 300", "error: shl takes a number of 8 bits as its second operand; 300 does not fit"],
  ["shl eax, 0x100000000", "warning: the number does not fit in 32 bits and was cut to 0"],
  ["{disp16} mov eax, [ebx + 5]", "error: {disp16} does not go with a 32-bit address"],
  ["movs byte ptr [eax], [esi]", "warning: this operand is always [edi] (or [di]), whatever is written here"],
  ["qqqqq eax", "error: no instruction or macro is called `qqqqq'"],
  ["clto", "error: no instruction or macro is called `clto'"],
  ["data32", "warning: this is 32-bit code: alone in a line `data32' is the prefix of the other size"],
  ["addr16", "warning: `addr16' stands alone: it changes whatever instruction comes next"],
  ["cs addr32", "warning: this is 32-bit code: alone in a line `addr32' is the prefix of the other size"],
  ["addr32 cs", "error: `addr32' is redundant: this is 32-bit code"],
];

test.each(SAID)("%s: %s", (line, said) => {
  const { diagnostics } = assembleText(`.intel_syntax noprefix\n${line}\n`);
  expect(diagnostics.map(({ severity, message }) => `${severity}: ${message}`).join("; ")).toBe(said);
});
