/**
 * The processor by itself: exact time, interrupts between any two instructions, shadows, code that changes, saved
 * state.
 */
import { describe, expect, it } from "vitest";
import type { ProcessorBus } from "../../../emulator/bus/bus.ts";
import { Cpu } from "../../../emulator/cpu/cpu.ts";
import { EAX, EBX, ECX, EDI, EDX, EIP, ESI } from "../../../emulator/cpu/layout.ts";
import { MachineMemory } from "../../../emulator/cpu/memory.ts";
import { DEFAULT_MODEL, MODELS } from "../../../emulator/cpu/model.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { thoroughly } from "../../setup/thoroughly.ts";

const RAM_BYTES = 1 << 20;
const CODE = 0x1000;

/** Ports and memory-mapped registers that only note what happens to them. */
class RecordingBus implements ProcessorBus {
  cpu: Cpu | null = null;
  vector = 0x20;
  readonly events: string[] = [];
  onWrite: ((port: number, value: number) => void) | null = null;
  readPort(port: number): number {
    this.events.push(`in ${port.toString(16)} at ${this.cpu!.retired}`);
    return 0x5a;
  }
  writePort(port: number, _sizeBytes: number, value: number): void {
    this.events.push(`out ${port.toString(16)} ${value.toString(16)} at ${this.cpu!.retired}`);
    this.onWrite?.(port, value);
  }
  readMmio(address: number): number {
    this.events.push(`read ${address.toString(16)} at ${this.cpu!.retired}`);
    return 0x77;
  }
  writeMmio(address: number, _sizeBytes: number, value: number): void {
    this.events.push(`write ${address.toString(16)} ${value.toString(16)} at ${this.cpu!.retired}`);
  }
  readTimestamp(): number {
    return this.cpu!.retired;
  }
  acknowledgeInterrupt(): number {
    this.cpu!.setInterruptRequest(false);
    this.events.push(`acknowledge at ${this.cpu!.retired}`);
    return this.vector;
  }
  setNumericError(level: boolean): void {
    this.events.push(`numeric error ${level} at ${this.cpu!.retired}`);
  }
  shutdown(): void {
    this.events.push("shutdown");
  }
}

/** A processor in real mode at 0000:1000 with code there; vectors 0-FF lead to F000, where there is an IRET. */
function machine(code: readonly number[]): { cpu: Cpu; bus: RecordingBus; memory: MachineMemory } {
  const memory = new MachineMemory(RAM_BYTES);
  const bus = new RecordingBus();
  const cpu = new Cpu(memory, bus);
  bus.cpu = cpu;
  memory.dma.write(CODE, Uint8Array.from(code));
  const vectors = new Uint8Array(1024);
  for (let vector = 0; vector < 256; vector++) vectors.set([0x00, 0xf0, 0x00, 0x00], vector * 4);
  memory.dma.write(0, vectors);
  memory.dma.write(0xf000, Uint8Array.of(0xcf));
  const rom = new Uint8Array(4096);
  rom.set([0xea, CODE & 0xff, CODE >> 8, 0, 0], 0xff0);
  memory.loadRom(0xfffff000, rom);
  cpu.core.s[4] = 0x8000;
  cpu.run(1);
  return { cpu, bus, memory };
}

function digest(cpu: Cpu, memory: MachineMemory): string {
  const visitor = new DigestVisitor();
  cpu.visitState(visitor);
  memory.visitState(visitor);
  return visitor.digest();
}

/** mov cx,5; l: inc ax; out 80,al; rep stosb of 3 bytes at 2000; in al,81; loop l; hlt */
const MIXED = [
  0xb9, 5, 0, 0x40, 0xe6, 0x80, 0x51, 0xb9, 3, 0, 0xbf, 0, 0x20, 0xf3, 0xaa, 0x59, 0xe4, 0x81, 0xe2, 0xef, 0xf4,
];

describe("time", () => {
  it("counts each instruction and each iteration as one tick", () => {
    const { cpu } = machine([0x40, 0xb9, 4, 0, 0xbf, 0, 0x20, 0xf3, 0xaa, 0xf4]);
    expect(cpu.run(1000)).toBe("halted");
    // JMP far, INC, MOV, MOV, four times STOSB, HLT.
    expect(cpu.retired).toBe(1 + 3 + 4 + 1);
  });

  thoroughly("stops exactly at its limit, wherever that is, and nobody can tell", () => {
    const whole = machine(MIXED);
    whole.cpu.run(10_000);
    const total = whole.cpu.retired;
    for (let cut = 2; cut < total; cut++) {
      const cutInTwo = machine(MIXED);
      expect(cutInTwo.cpu.run(cut)).toBe("budget");
      expect(cutInTwo.cpu.retired).toBe(cut);
      cutInTwo.cpu.run(10_000);
      expect(cutInTwo.bus.events).toEqual(whole.bus.events);
      expect(cutInTwo.cpu.retired).toBe(total);
      expect(digest(cutInTwo.cpu, cutInTwo.memory)).toBe(digest(whole.cpu, whole.memory));
    }
  });

  it("obeys a limit that a device lowers", () => {
    const { cpu, bus } = machine([0xe6, 0x80, 0x40, 0x40, 0x40, 0x40, 0xf4]);
    bus.onWrite = () => cpu.setLimit(cpu.retired + 3);
    expect(cpu.run(1000)).toBe("budget");
    expect(cpu.retired).toBe(1 + 3);
    expect(cpu.core.s[EAX]! & 0xffff).toBe(2);
  });

  it("shows devices the exact time, also within a block of code", () => {
    // mov ax,a000; mov ds,ax; inc bx; mov [0],al; inc bx; mov al,[1]; hlt
    const { cpu, bus } = machine([0xb8, 0, 0xa0, 0x8e, 0xd8, 0x43, 0xa2, 0, 0, 0x43, 0xa0, 1, 0, 0xf4]);
    cpu.run(1000);
    expect(bus.events).toEqual(["write a0000 0 at 4", "read a0001 at 6"]);
  });
});

describe("interrupts", () => {
  it("arrive in front of the very next instruction, at every boundary", () => {
    const reference = machine([0xfb, 0x40, 0x43, 0x41, 0x42, 0x46, 0xf4]);
    reference.cpu.run(1000);
    for (let at = 3; at <= 7; at++) {
      const { cpu, bus } = machine([0xfb, 0x40, 0x43, 0x41, 0x42, 0x46, 0xf4]);
      cpu.run(at);
      cpu.setInterruptRequest(true);
      cpu.run(1000);
      expect(bus.events).toEqual([`acknowledge at ${at}`]);
      for (const register of [EAX, EBX, ECX, EDX, ESI])
        expect(cpu.core.s[register]).toBe(reference.cpu.core.s[register]);
      // IRET is one more.
      expect(cpu.retired).toBe(reference.cpu.retired + 1);
    }
  });

  it("raised by an instruction are taken after it", () => {
    const { cpu, bus } = machine([0xfb, 0x90, 0x40, 0xe6, 0x80, 0x40, 0x40, 0xf4]);
    bus.onWrite = () => cpu.setInterruptRequest(true);
    cpu.run(1000);
    expect(bus.events).toEqual(["out 80 1 at 4", "acknowledge at 5"]);
  });

  it("wait for the instruction after STI, and STI HLT wakes", () => {
    const { cpu, bus } = machine([0xfa, 0xfb, 0xf4, 0x40, 0xf4]);
    cpu.setInterruptRequest(true);
    expect(cpu.run(1000)).toBe("halted");
    expect(bus.events).toEqual(["acknowledge at 4"]);
    expect(cpu.core.s[EAX]! & 0xffff).toBe(1);
  });

  it("wait for the instruction after MOV SS", () => {
    const { cpu, bus } = machine([0xfb, 0x90, 0x8e, 0xd0, 0x40, 0x40, 0xf4]);
    cpu.run(3);
    cpu.setInterruptRequest(true);
    cpu.run(1000);
    expect(bus.events).toEqual(["acknowledge at 3"]);
    const other = machine([0xfb, 0x90, 0x8e, 0xd0, 0x40, 0x40, 0xf4]);
    other.cpu.run(4);
    other.cpu.setInterruptRequest(true);
    other.cpu.run(1000);
    expect(other.bus.events).toEqual(["acknowledge at 5"]);
  });

  it("do not wake a processor that has them disabled; NMI does, and only once until IRET", () => {
    const { cpu } = machine([0xfa, 0xf4, 0x40, 0xf4]);
    cpu.setInterruptRequest(true);
    expect(cpu.run(1000)).toBe("halted");
    expect(cpu.halted).toBe(true);
    cpu.raiseNmi();
    expect(cpu.run(1000)).toBe("halted");
    expect(cpu.core.s[EAX]! & 0xffff).toBe(1);
  });

  it("stop a repeated instruction between two iterations", () => {
    // sti; nop; mov cx,10; mov di,2000; rep stosb; hlt
    const { cpu, bus } = machine([0xfb, 0x90, 0xb9, 10, 0, 0xbf, 0, 0x20, 0xf3, 0xaa, 0xf4]);
    cpu.run(9);
    cpu.setInterruptRequest(true);
    cpu.run(1000);
    expect(bus.events).toEqual(["acknowledge at 9"]);
    expect(cpu.core.s[EDI]! & 0xffff).toBe(0x200a);
    expect(cpu.retired).toBe(5 + 10 + 1 + 1);
  });
});

describe("code", () => {
  it("may rewrite the instruction right after", () => {
    // mov byte [100a],42 (inc dx instead of inc ax); jmp over nothing; inc ax; hlt
    const { cpu } = machine([0xc6, 0x06, 0x05, 0x10, 0x42, 0x40, 0xf4]);
    cpu.run(1000);
    expect([cpu.core.s[EAX]! & 0xffff, cpu.core.s[EDX]! & 0xffff]).toEqual([0, cpu.core.s[EDX]! & 0xffff]);
    expect(cpu.core.s[EDX]! & 0xffff).toBe(MODELS[DEFAULT_MODEL].signature + 1);
  });

  it("may be written by a bus master while it is cached", () => {
    const { cpu, memory } = machine([0x40, 0xeb, 0xfd]);
    cpu.run(101);
    memory.dma.write(CODE, Uint8Array.of(0xf4));
    expect(cpu.run(1000)).toBe("halted");
    expect(cpu.core.s[EAX]! & 0xffff).toBe(50);
  });

  it("shares its page with data that is written all the time", () => {
    // mov cx,200; l: inc word [1040]; loop l; hlt
    const { cpu, memory } = machine([0xb9, 200, 0, 0xff, 0x06, 0x40, 0x10, 0xe2, 0xfa, 0xf4]);
    cpu.run(10_000);
    const value = new Uint8Array(2);
    memory.dma.read(0x1040, value);
    expect([...value]).toEqual([200, 0]);
  });

  it("runs from ROM and cannot write there", () => {
    const { cpu, memory } = machine([0xb8, 0, 0xf0, 0x8e, 0xd8, 0xc6, 0x06, 0, 0, 0x12, 0xa0, 0, 0, 0xf4]);
    memory.loadRom(0xf0000, Uint8Array.of(0x99));
    cpu.run(1000);
    expect(cpu.core.s[EAX]! & 0xff).toBe(0x99);
  });
});

describe("pins", () => {
  it("A20 closed folds the second megabyte onto the first", () => {
    // mov ax,ffff; mov ds,ax; mov al,[510]; hlt: linear 100500
    const code = [0xb8, 0xff, 0xff, 0x8e, 0xd8, 0xa0, 0x10, 0x05, 0xf4];
    const open = machine(code);
    open.memory.dma.write(0x500, Uint8Array.of(0x42));
    open.cpu.setA20(false);
    open.cpu.run(1000);
    expect(open.cpu.core.s[EAX]! & 0xff).toBe(0x42);
  });

  it("RESET leads to FFFFFFF0 and keeps the count", () => {
    const { cpu } = machine([0x40, 0xeb, 0xfd]);
    cpu.run(100);
    cpu.reset();
    expect(cpu.retired).toBe(100);
    expect(cpu.core.s[EIP]).toBe(0xfff0);
    cpu.run(101);
    expect(cpu.core.s[EIP]).toBe(CODE);
  });

  it("a triple fault is a shutdown cycle", () => {
    // lidt [1006] (limit 0); ud2
    const { cpu, bus } = machine([0x0f, 0x01, 0x1e, 0x20, 0x10, 0x0f, 0x0b]);
    expect(cpu.run(1000)).toBe("shutdown");
    expect(bus.events).toEqual(["shutdown"]);
  });
});
