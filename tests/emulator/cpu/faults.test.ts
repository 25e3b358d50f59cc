/**
 * Faults within faults: which vector comes, and what its error code says (SDM volume 3A, 6.13: bit 0, EXT, for events
 * that the program did not ask for; bit 1, IDT; then the index). And the limit of the I/O permission bitmap (SDM volume
 * 1, 19.5.2), which decides byte by byte.
 */
import { describe, expect, test } from "vitest";
import type { ProcessorBus } from "../../../emulator/bus/bus.ts";
import { Cpu } from "../../../emulator/cpu/cpu.ts";
import { MachineMemory } from "../../../emulator/cpu/memory.ts";
import { engineFor, JIT_MODES, type JitMode } from "../../../emulator/jit/jit.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "./assembled.ts";

const HANDLERS = 0x3000;
const GDT = 0x4000;
const IDT = 0x5000;
const TSS = 0x6000;
const VECTOR_PORT = 0xf1;
const CODE_PORT = 0xf2;
const INTERRUPT_PORT = 0xf3;
const DONE_PORT = 0xf4;

/** Selectors. */
const CODE = 0x08;
const DATA = 0x10;
const USER_CODE = 0x18;
const USER_DATA = 0x20;
const TASK = 0x28;
const ABSENT_CODE = 0x30;
const ABSENT_DATA = 0x38;
const READ_ONLY = 0x40;
const CONFORMING = 0x48;
const BEYOND = 0xff8;

const FLAT: Readonly<Record<number, number>> = {
  [CODE]: 0x9b,
  [DATA]: 0x93,
  [USER_CODE]: 0xfb,
  [USER_DATA]: 0xf3,
  [ABSENT_CODE]: 0x1b,
  [ABSENT_DATA]: 0x13,
  [READ_ONLY]: 0x91,
  [CONFORMING]: 0x9f,
};
const INTERRUPT_GATE = 0x8e;
const USER_GATE = 0xee;

/** What stands in the IDT at a vector in place of a gate to its handler. */
interface Gate {
  readonly selector?: number;
  readonly access?: number;
}

interface Setup {
  readonly gates?: Readonly<Record<number, Gate>>;
  /** Last byte of the IDT. */
  readonly idtLimit?: number;
  readonly tssLimit?: number;
  readonly tssAccess?: number;
  /** SS0 in the task state segment. */
  readonly innerStack?: number;
  /** Offset of the I/O permission bitmap, and its bytes. */
  readonly ioMap?: number;
  readonly ioBytes?: readonly number[];
}

class FaultBus implements ProcessorBus {
  cpu: Cpu | null = null;
  vector = 0x30;
  readonly seen: string[] = [];
  readPort(): number {
    this.seen.push("in");
    return 0xff;
  }
  writePort(port: number, _sizeBytes: number, value: number): void {
    if (port === VECTOR_PORT) this.seen.push((value & 0xff).toString(16));
    else if (port === CODE_PORT) {
      this.seen.push((value >>> 0).toString(16));
      this.cpu!.requestStop();
    } else if (port === INTERRUPT_PORT) this.cpu!.setInterruptRequest(true);
    else this.seen.push("done");
  }
  readMmio(): number {
    return 0;
  }
  writeMmio(): void {}
  readTimestamp(): number {
    return 0;
  }
  acknowledgeInterrupt(): number {
    this.cpu!.setInterruptRequest(false);
    return this.vector;
  }
  setNumericError(): void {}
  shutdown(): void {
    this.seen.push("shutdown");
    this.cpu!.requestStop();
  }
}

function descriptor(base: number, limit: number, access: number, flags: number): number[] {
  return [
    ...[limit & 0xff, (limit >> 8) & 0xff, base & 0xff, (base >> 8) & 0xff, (base >> 16) & 0xff, access],
    ...[flags | ((limit >> 16) & 15), base >>> 24],
  ];
}

/** A handler for each vector: tells the vector and the dword on top of the stack, and waits. */
const HANDLER = (vector: number): number[] => [0xb0, vector, 0xe6, VECTOR_PORT, 0x58, 0xe7, CODE_PORT, 0xeb, 0xfe];

/** Goes to ring 3 with IOPL `iopl`. */
const toUser = (body: string, iopl = 0): string => `
  push ${USER_DATA | 3}
  push 0x8000
  push ${0x202 | (iopl << 12)}
  push ${USER_CODE | 3}
  push offset user
  iretd
user:
  ${body}`;

function run(jit: JitMode, body: string, setup: Setup): string {
  const memory = new MachineMemory(1 << 20);
  const bus = new FaultBus();
  const cpu = new Cpu(memory, bus, { makeEngine: engineFor(jit) });
  bus.cpu = cpu;
  const write = (address: number, bytes: readonly number[]): void => memory.dma.write(address, Uint8Array.from(bytes));
  write(0, [
    ...codeOf(
      `.code16
  lgdt [gdtr]
  lidt [idtr]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  .byte 0xea
  .word protected, ${CODE}
gdtr: .word 0xff
  .long ${GDT}
idtr: .word ${setup.idtLimit ?? 0x7ff}
  .long ${IDT}
  .code32
protected:
  mov ax, ${DATA}
  mov ds, ax
  mov ss, ax
  mov esp, 0x9000
  mov ax, ${TASK}
  ltr ax
  ${body}
  out ${DONE_PORT}, al
  hlt`,
      16,
    ),
  ]);
  for (const [selector, access] of Object.entries(FLAT))
    write(GDT + Number(selector), descriptor(0, 0xfffff, access, 0xc0));
  write(GDT + TASK, descriptor(TSS, setup.tssLimit ?? 0x200, setup.tssAccess ?? 0x89, 0));
  for (let vector = 0; vector < 256; vector++) {
    const { selector = CODE, access = INTERRUPT_GATE } = setup.gates?.[vector] ?? {};
    const offset = HANDLERS + 16 * vector;
    write(offset, HANDLER(vector));
    write(IDT + 8 * vector, [offset & 0xff, offset >> 8, selector & 0xff, selector >> 8, 0, access, 0, 0]);
  }
  write(TSS + 4, [0, 0xa0, 0, 0, (setup.innerStack ?? DATA) & 0xff, (setup.innerStack ?? DATA) >> 8]);
  const map = setup.ioMap ?? 0x200;
  write(TSS + 0x66, [map & 0xff, map >> 8]);
  write(TSS + map, setup.ioBytes ?? []);
  const rom = new Uint8Array(4096);
  rom.set([0xea, 0, 0, 0, 0], 0xff0);
  memory.loadRom(0xfffff000, rom);
  cpu.run(1000);
  return bus.seen.join(" ");
}

/** An interrupt from outside, vector 30h. */
const EXTERNAL = `sti\n out ${INTERRUPT_PORT}, al\n nop\n nop`;
const UNDEFINED = "ud2";
const DIVIDE = "xor ecx, ecx\n div ecx";

/** SS0, and the fault that it makes: #TS is Ah, #SS Ch. */
const STACKS: readonly (readonly [name: string, innerStack: number, vector: string, code: number])[] = [
  ["no stack named", 0, "a", 0],
  ["stack segment beyond the GDT", BEYOND, "a", BEYOND],
  ["stack segment less privileged", USER_DATA, "a", USER_DATA],
  ["stack segment cannot be written", READ_ONLY, "a", READ_ONLY],
  ["stack segment is code", CODE, "a", CODE],
  ["stack segment not present", ABSENT_DATA, "c", ABSENT_DATA],
];
const stackSetup = (innerStack: number): Setup => ({
  innerStack,
  gates: { 64: { access: USER_GATE }, 10: { selector: CONFORMING }, 12: { selector: CONFORMING } },
});

type Fault = readonly [name: string, body: string, setup: Setup, outcome: string];

/** What the program does, in which world, and what comes of it: vector and error code. */
const FAULTS: readonly Fault[] = [
  // Nobody is at fault: INT n belongs to the program.
  ["INT n beyond the IDT", "int 0x40", { idtLimit: 0x1ff }, "d 202"],
  ["INT n at the last byte of the IDT", "int 0x40", { idtLimit: 0x206 }, "d 202"],
  ["INT n within the IDT", "int 0x40", { idtLimit: 0x207, gates: { 0x40: { access: 0x0e } } }, "b 202"],
  ["INT n: no gate", "int 0x40", { gates: { 0x40: { access: 0x92 } } }, "d 202"],
  ["INT n: a system descriptor that is no gate for it", "int 0x40", { gates: { 0x40: { access: 0x8c } } }, "d 202"],
  ["INT n: gate not present", "int 0x40", { gates: { 0x40: { access: 0x0e } } }, "b 202"],
  ["INT n: no code segment named", "int 0x40", { gates: { 0x40: { selector: 0 } } }, "d 0"],
  ["INT n: code segment beyond the GDT", "int 0x40", { gates: { 0x40: { selector: BEYOND } } }, "d ff8"],
  ["INT n: code segment is data", "int 0x40", { gates: { 0x40: { selector: DATA } } }, "d 10"],
  ["INT n: code segment not present", "int 0x40", { gates: { 0x40: { selector: ABSENT_CODE } } }, "b 30"],
  ["INT n: code segment less privileged", "int 0x40", { gates: { 0x40: { selector: USER_CODE } } }, "d 18"],
  ["INT3: gate not present", "int3", { gates: { 3: { access: 0x0e } } }, "b 1a"],
  ["INT n in ring 3: gate of the kernel", toUser("int 0x40"), {}, "d 202"],
  ["INT n in ring 3: gate of the user", toUser("int 0x40"), { gates: { 0x40: { access: USER_GATE } } }, "40 ?"],
  // Interrupts from outside: EXT.
  ["an interrupt beyond the IDT", EXTERNAL, { idtLimit: 0x17f }, "d 183"],
  ["an interrupt: no gate", EXTERNAL, { gates: { 0x30: { access: 0x92 } } }, "d 183"],
  ["an interrupt: gate not present", EXTERNAL, { gates: { 0x30: { access: 0x0e } } }, "b 183"],
  ["an interrupt: no code segment named", EXTERNAL, { gates: { 0x30: { selector: 0 } } }, "d 1"],
  ["an interrupt: code segment is data", EXTERNAL, { gates: { 0x30: { selector: DATA } } }, "d 11"],
  ["an interrupt: code segment not present", EXTERNAL, { gates: { 0x30: { selector: ABSENT_CODE } } }, "b 31"],
  ["an interrupt: the gate's privilege does not count", EXTERNAL, { gates: { 0x30: { access: 0x8e } } }, "30 ?"],
  // Exceptions: EXT, too.
  ["#UD: gate not present", UNDEFINED, { gates: { 6: { access: 0x0e } } }, "b 33"],
  ["#UD: no gate", UNDEFINED, { gates: { 6: { access: 0x92 } } }, "d 33"],
  ["#UD: code segment not present", UNDEFINED, { gates: { 6: { selector: ABSENT_CODE } } }, "b 31"],
  // Stacks of ring 0. The faults' own handlers are conforming: they need no such stack.
  ...STACKS.flatMap(([name, innerStack, vector, code]): Fault[] => [
    [`INT n in ring 3: ${name}`, toUser("int 0x40", 3), stackSetup(innerStack), `${vector} ${code.toString(16)}`],
    [
      `an interrupt in ring 3: ${name}`,
      toUser(EXTERNAL, 3),
      stackSetup(innerStack),
      `${vector} ${(code | 1).toString(16)}`,
    ],
    [`#UD in ring 3: ${name}`, toUser(UNDEFINED, 3), stackSetup(innerStack), `${vector} ${(code | 1).toString(16)}`],
  ]),
  [
    "no stack for the fault either",
    toUser("int 0x40"),
    { gates: { 0x40: { access: USER_GATE } }, innerStack: 0 },
    "shutdown",
  ],
  [
    "a double fault whose gate is not present",
    DIVIDE,
    { gates: { 0: { access: 0x0e }, 8: { access: 0x0e } } },
    "shutdown",
  ],
];

/** IN or OUT of so many bytes at a port, in ring 3 with IOPL 0. `ioBytes` stand at `ioMap`; the limit is absolute. */
const access = (port: number, bytes: 1 | 2 | 4): string =>
  toUser(`mov edx, ${port}\n in ${{ 1: "al", 2: "ax", 4: "eax" }[bytes]}, dx\n ud2`);
const ALLOWED = "in 6 ?";
const REFUSED = "d 0";
const CLEAR = new Array<number>(32).fill(0);

const PORTS: readonly Fault[] = [
  ["a clear bit", access(0x10, 1), { ioMap: 0x100, ioBytes: CLEAR }, ALLOWED],
  ["a set bit", access(0x10, 1), { ioMap: 0x100, ioBytes: [0, 0, 1] }, REFUSED],
  ["its neighbours do not count", access(0x11, 1), { ioMap: 0x100, ioBytes: [0, 0, 5] }, ALLOWED],
  ["a word: the second port's bit", access(0x10, 2), { ioMap: 0x100, ioBytes: [0, 0, 2] }, REFUSED],
  ["a word: the port after it", access(0x10, 2), { ioMap: 0x100, ioBytes: [0, 0, 4] }, ALLOWED],
  ["a dword: the fourth port's bit", access(0x10, 4), { ioMap: 0x100, ioBytes: [0, 0, 8] }, REFUSED],
  ["a dword: the port after it", access(0x10, 4), { ioMap: 0x100, ioBytes: [0, 0, 0x10] }, ALLOWED],
  ["a word over the end of a byte", access(0x17, 2), { ioMap: 0x100, ioBytes: [0, 0, 0, 1] }, REFUSED],
  ["a dword over the end of a byte", access(0x15, 4), { ioMap: 0x100, ioBytes: [0, 0, 0, 1] }, REFUSED],
  ["a dword that just fits its byte", access(0x14, 4), { ioMap: 0x100, ioBytes: [0, 0, 0, 1] }, ALLOWED],
  ["the byte after the bit's lies within the limit", access(0x10, 1), { ioMap: 0x100, tssLimit: 0x103 }, ALLOWED],
  ["the byte after the bit's lies beyond the limit", access(0x10, 1), { ioMap: 0x100, tssLimit: 0x102 }, REFUSED],
  ["the bit itself lies beyond the limit", access(0x10, 1), { ioMap: 0x100, tssLimit: 0x101 }, REFUSED],
  ["a map that begins beyond the limit", access(0, 1), { ioMap: 0x201 }, REFUSED],
  ["a map whose first byte is the last", access(0, 1), { ioMap: 0x200 }, REFUSED],
  ["a map of one byte and the one after it", access(7, 1), { ioMap: 0x1ff }, ALLOWED],
  ["a segment too short for the map's offset", access(0, 1), { ioMap: 0, tssLimit: 0x66 }, REFUSED],
  ["a segment just long enough for the map's offset", access(0, 1), { ioMap: 0x10, tssLimit: 0x67 }, ALLOWED],
  ["the last port", access(0xffff, 1), { ioMap: 0x100, tssLimit: 0x2100 }, ALLOWED],
  ["the last port, one byte short", access(0xffff, 1), { ioMap: 0x100, tssLimit: 0x20ff }, REFUSED],
  ["IOPL 3 needs no map", toUser("in al, 0x10\n ud2", 3), { ioMap: 0x300 }, ALLOWED],
];

/** `?` stands for a return address, which is the vector's without an error code. */
function matches(seen: string, outcome: string): boolean {
  return new RegExp(`^${outcome.replace("?", "[0-9a-f]+")}$`).test(seen);
}

for (const jit of JIT_MODES) {
  describe(`--jit ${jit}`, () => {
    test.each(rowsOf(FAULTS, 14))("%s", (_name, body, setup, outcome) => {
      const seen = run(jit, body, setup);
      expect(matches(seen, outcome) ? outcome : seen).toBe(outcome);
    });

    test.each(rowsOf(PORTS, 5))("I/O bitmap: %s", (_name, body, setup, outcome) => {
      const seen = run(jit, body, setup);
      expect(matches(seen, outcome) ? outcome : seen).toBe(outcome);
    });
  });
}
