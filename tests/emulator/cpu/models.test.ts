/** Each model of processor: what CPUID says of it, what EFLAGS and the control registers hold, and what is #UD. */
import { expect, test } from "vitest";
import { MODEL_NAMES, MODELS, type ModelName } from "../../../emulator/cpu/model.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "./assembled.ts";
import { romMachine } from "./rom-machine.ts";

const RESULTS = 0x1000;

/** Runs real-mode code; #UD and #NM skip the rest up to the next label `after`, and are noted in EBP's bits. */
function run(processor: ModelName, body: string): (index: number) => number {
  const machine = romMachine(
    codeOf(
      `
      cli
      mov esi, edx                # the signature
      xor ax, ax
      mov ds, ax
      mov ss, ax
      mov sp, 0x7000
      xor ebp, ebp
      .irp vector, 6, 7, 19
      mov word ptr [4 * \\vector], offset fault_\\vector
      mov word ptr [4 * \\vector + 2], cs
      .endr
      ${body}
      mov [${RESULTS} + 4 * 15], ebp
      hlt
      .irp vector, 6, 7, 19
    fault_\\vector:
      or ebp, 1 << \\vector
      pop ax
      push di                     # DI: where it goes on
      iret
      .endr`,
      16,
    ),
    { processor, jit: "off" },
  );
  machine.runUntil(1_000_000);
  const view = new DataView(machine.readMemory(RESULTS, 64).buffer);
  return (index) => view.getUint32(4 * index, true);
}

const UD = 1 << 6;
const NM = 1 << 7;
const XM = 1 << 19;
const FAULTS = 15;

/** One instruction, and which faults it ends with. */
const faultsOf = (processor: ModelName, instruction: string, before = ""): number =>
  run(processor, `${before}\n mov di, offset after\n ${instruction}\n after:`)(FAULTS);

test.each(MODEL_NAMES)("%s tells what it is as systems ask: EFLAGS.AC, EFLAGS.ID, CPUID", (name) => {
  const result = run(
    name,
    `
    mov [${RESULTS}], esi
    pushfd
    pop eax
    xor eax, 0x240000
    push eax
    popfd
    pushfd
    pop eax
    mov [${RESULTS} + 4], eax
    mov di, offset without
    mov eax, 1
    cpuid
    mov [${RESULTS} + 8], eax
    mov [${RESULTS} + 12], edx
    mov [${RESULTS} + 16], ecx
    without:
    mov eax, 0x80050033
    xor eax, 0x80000001
    mov cr0, eax
    mov eax, cr0
    mov [${RESULTS} + 20], eax`,
  );
  const model = MODELS[name];
  expect(result(0)).toBe(model.signature);
  expect(result(1) & 0x240000).toBe(name === "386" ? 0 : 0x240000);
  if (name === "386") expect(result(FAULTS)).toBe(UD);
  else expect([result(2), result(3), result(4)]).toEqual([model.signature, model.featuresEdx, model.featuresEcx]);
  // Writes of CR0 keep what exists: NE, WP and AM came with the 486.
  expect(result(5)).toBe(name === "386" ? 0x12 : 0x50032);
});

/** The first model that has the instruction; the one before it raises #UD. */
const FIRST: readonly (readonly [string, ModelName])[] = [
  ["bswap eax", "486"],
  ["mov eax, cr4", "486"],
  ["rdtsc", "pentium"],
  ["cmpxchg8b [0x2000]", "pentium"],
  ["cmovz eax, ebx", "pentium2"],
  ["fcomi st, st(1)", "pentium2"],
  ["pxor mm0, mm1", "pentium2"],
  ["fxsave [0x2000]", "pentium2"],
  ["sfence", "pentium3"],
  ["pminub mm0, mm1", "pentium3"],
  ["xorps xmm0, xmm1", "pentium3"],
  ["pxor xmm0, xmm1", "pentium4"],
  ["mfence", "pentium4"],
  ["haddps xmm0, xmm1", "max"],
  ["pshufb mm0, mm1", "max"],
  ["popcnt eax, ebx", "max"],
  ["ptest xmm0, xmm1", "max"],
  ["pcmpistri xmm0, xmm1, 0", "max"],
  ["crc32 eax, ebx", "max"],
  ["fisttp dword ptr [0x2000]", "max"],
];

test.each(rowsOf(FIRST, 8))("%s is #UD before the %s", (instruction, first) => {
  // XMM registers want CR4.OSFXSR, which there is from the Pentium II on.
  const has = MODEL_NAMES.indexOf(first);
  const enable = (name: ModelName): string => (MODELS[name].cr4 & 0x200 ? "mov eax, 0x200\n mov cr4, eax" : "");
  const before = MODEL_NAMES[has - 1]!;
  expect(faultsOf(before, instruction, enable(before))).toBe(UD);
  expect(faultsOf(first, instruction, enable(first))).toBe(0);
});

/** What no model has. CLDEMOTE does nothing where it is not known. */
const UNKNOWN = [
  ...["andn eax, ecx, edx", "sarx eax, [0x2000], ecx", "rorx eax, ecx, 5", "xabort 1", "rdfsbase eax"],
  ...["movdir64b ax, [bx]", "enqcmd ax, [bx]", "aadd [0x2000], eax", "umonitor ax", "invept eax, [bx]"],
  ...["aesenc128kl xmm1, [bx]", "aesencwide128kl [bx]", "encodekey128 eax, ebx", "loadiwkey xmm1, xmm2"],
  ...["insertq xmm1, xmm2", "extrq xmm1, 2, 3", "movntss [0x2000], xmm1", "vmrun ax", "clzero ax"],
].map((instruction) => [instruction, UD] as const);

test.each(rowsOf([["cldemote [0x2000]", 0] as const, ...UNKNOWN], 8))(
  "%s on the newest model",
  (instruction, faults) => {
    expect(faultsOf("max", instruction, "mov eax, 0x200\n mov cr4, eax\n mov bx, 0x2000")).toBe(faults);
  },
);

thoroughly(
  "XMM registers are #UD without CR4.OSFXSR and with CR0.EM, and #NM with CR0.TS; MM registers look at CR0 alone",
  () => {
    const setCr0 = (bits: number): string => `mov eax, 0x200\n mov cr4, eax\n mov eax, ${bits + 0x10}\n mov cr0, eax`;
    const instructions = ["addps xmm0, xmm1", "movaps xmm0, xmm1", "ldmxcsr [0x2000]"];
    for (const instruction of instructions) {
      expect(faultsOf("max", instruction)).toBe(UD);
      expect(faultsOf("max", instruction, setCr0(4))).toBe(UD);
      expect(faultsOf("max", instruction, setCr0(8))).toBe(NM);
      expect(faultsOf("max", instruction, setCr0(0))).toBe(0);
    }
    expect(faultsOf("max", "paddb mm0, mm1")).toBe(0);
    expect(faultsOf("max", "paddb mm0, mm1", setCr0(4))).toBe(UD);
    expect(faultsOf("max", "paddb mm0, mm1", setCr0(8))).toBe(NM);
  },
);

test("an exception of SSE that is not masked is #XM with CR4.OSXMMEXCPT, else #UD", () => {
  const divide = (cr4: number): string =>
    `mov eax, ${cr4}\n mov cr4, eax\n mov dword ptr [0x2000], 0x1d80\n ldmxcsr [0x2000]\n xorps xmm1, xmm1
     mov eax, 0x3f800000\n movd xmm0, eax`;
  expect(faultsOf("max", "divss xmm0, xmm1", divide(0x600))).toBe(XM);
  expect(faultsOf("max", "divss xmm0, xmm1", divide(0x200))).toBe(UD);
});
