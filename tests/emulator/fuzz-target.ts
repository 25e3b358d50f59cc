/**
 * One case of the emulator's fuzzer: a machine that is made from a seed gets random code, device accesses, DMA rings,
 * frames, disks that lie and damaged snapshots. Whatever the guest does, the host must not crash, hang or grow, and the
 * run must not depend on the engine.
 */

import { NIC_MODELS, type NicModel } from "../../emulator/board-config.ts";
import type { AccessBytes } from "../../emulator/bus/bus.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { CableEnd } from "../../emulator/ether/cable-end.ts";
import type { JitMode } from "../../emulator/jit/jit.ts";
import { Machine } from "../../emulator/machine.ts";
import { Random } from "../../emulator/state/random.ts";
import { StateError } from "../../emulator/state/state-io.ts";
import { buildFirmware } from "../../src/build/build.ts";
import { folderTree } from "../../src/host/files.ts";
import { randomInstruction } from "./cpu/random-instructions.ts";
import { SYSTEM_TESTABLE, TESTABLE, USER_TESTABLE } from "./cpu/testable-forms.ts";

export interface FuzzResult {
  readonly kind: string;
  /** What went wrong; null for nothing. */
  readonly finding: string | null;
}

const MIB = 1 << 20;
const CODE = 0x7c00;
const NETWORK_BAR = 0xfebc0000;
const NETWORK_PORTS = 0xc000;
const BUS_MASTER = 0xc040;
const POWER_PORTS = 0x600;
const CODEC = 0xc800;
const AUDIO = 0xc400;
const FORMS = [...TESTABLE, ...SYSTEM_TESTABLE, ...USER_TESTABLE];
const SIZES: readonly AccessBytes[] = [1, 2, 4];
const EDGES = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 0xfffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
] as const;
/** Where something listens, with the distance to its last port. */
const PORTS: readonly (readonly [first: number, count: number])[] = [
  [0x20, 2],
  [0x40, 4],
  [0x60, 5],
  [0x70, 2],
  [0x92, 1],
  [0xa0, 2],
  [0xb2, 2],
  [0xf0, 2],
  [0x170, 8],
  [0x1f0, 8],
  [0x2f8, 8],
  [0x376, 1],
  [0x3b0, 48],
  [0x3f6, 1],
  [0x3f8, 8],
  [0x4d0, 2],
  [0xcf8, 8],
  [POWER_PORTS, 64],
  [NETWORK_PORTS, 64],
  [BUS_MASTER, 16],
  [CODEC, 64],
  [AUDIO, 64],
  [0x220, 16],
];
const CD_DRIVE = "ide1-cd0";
const OTHER_CD = new Uint8Array(5000).fill(0x5a);
/** A piece of a run, and how much of it code gets. */
const STEP_NS = 20_000;
const CODE_STEPS = 40;

/** A medium whose contents are made up as they are read: never the same twice in kind, always the same for a seed. */
class LyingDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #seed: number;
  constructor(seed: number, sizeBytes: number, readOnly: boolean) {
    this.#seed = seed;
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
  }
  read(offsetBytes: number, target: Uint8Array): void {
    const random = new Random(this.#seed ^ Math.floor(offsetBytes / 512) ^ 0x2545f491);
    const kind = random.below(4);
    for (let i = 0; i < target.length; i++) target[i] = kind === 0 ? 0 : kind === 1 ? 0xff : random.below(256);
    // Enough of a boot record, a partition table or an El Torito catalogue that somebody follows it.
    if (offsetBytes === 0 && target.length >= 512) target.set([0x55, 0xaa], 510);
    if (offsetBytes === 17 * 2048) target.set([...Buffer.from("\0CD001\x01EL TORITO SPECIFICATION", "latin1")]);
  }
  write(): void {}
  flush(): void {}
}

export class EmulatorFuzz {
  readonly #firmware: Uint8Array;

  /** `root`: folder of the project, whose firmware boots from the disks that lie. */
  constructor(root: string) {
    const firmware = buildFirmware(folderTree(root)).files?.[0]?.content;
    if (firmware === undefined) throw new Error("the firmware does not assemble");
    this.#firmware = firmware;
  }

  run(seed: number): FuzzResult {
    const kinds = ["code", "code", "devices", "rings", "boot", "snapshot"] as const;
    const kind = kinds[seed % kinds.length]!;
    try {
      return { kind, finding: this.#run(kind, seed) };
    } catch (error) {
      return { kind, finding: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  }

  #run(kind: string, seed: number): string | null {
    switch (kind) {
      case "code":
        return this.#code(seed);
      case "boot":
        return this.#boot(seed);
      case "snapshot":
        return this.#snapshot(seed);
      default:
        return this.#devices(seed, kind === "rings");
    }
  }

  #machine(seed: number, jit: JitMode, firmware: Uint8Array): { machine: Machine; cable: CableEnd } {
    const random = new Random(seed ^ 0x1234567);
    const cable = new CableEnd("eth0");
    const disk = (): BlockBackend =>
      new LyingDisk(
        random.u32(),
        512 * random.pick([1, 2, 63, 2048, 100_000, 2 ** 28 - 1, 2 ** 28, 2 ** 32]),
        random.below(4) === 0,
      );
    const cd = (): BlockBackend =>
      new LyingDisk(random.u32(), 2048 * random.pick([1, 16, 18, 100, 100_000, 2 ** 21]), true);
    const machine = new Machine({
      name: "fuzz",
      ramBytes: random.pick([1, 2, 4, 16]) * MIB,
      firmware,
      rtcStartSeconds: random.below(2 ** 31),
      jit,
      ide: [
        random.below(4) === 0 ? null : { kind: "disk", medium: disk() },
        random.below(2) === 0 ? null : { kind: "cd", medium: cd() },
        { kind: "cd", medium: cd() },
        null,
      ],
      network: [{ macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1), port: cable }],
      nic: nicOf(seed),
      sound: [{ model: "AC97" }, { model: "sb16" }],
    });
    return { machine, cable };
  }

  /** Random bytes or random instructions, in real mode and from there wherever they lead; interpreted and compiled. */
  #code(seed: number): string | null {
    const random = new Random(seed);
    const ram = new Uint8Array(256 * 1024);
    for (let i = 0; i < ram.length; i++) ram[i] = random.below(random.below(4) === 0 ? 4 : 256);
    if (random.below(4) > 0) {
      const code16 = random.below(2) === 0;
      for (let at = CODE; at < CODE + 0x4000; ) {
        const { code } = randomInstruction(random, random.pick(FORMS), {
          data: 0x6000,
          stack: 0x5000,
          landing: CODE,
          code16,
          leads: false,
          follows: false,
          selectors: [0, 8, 0x10, 0x18, 0x23],
        });
        ram.set(code, at);
        at += code.length;
      }
    }
    // Vectors and descriptor tables lead to the code, now and then.
    for (let vector = 0; vector < 256; vector++)
      if (random.below(8) > 0) ram.set([random.below(256), 0x7c + random.below(16), 0, 0], 4 * vector);
    const protectedMode = random.below(2) === 0;
    const digests = (["off", "force", "on"] as const).map((jit) => {
      const { machine } = this.#machine(seed, jit, startup(protectedMode));
      machine.writeMemory(0, ram);
      for (let step = 1; step <= CODE_STEPS; step++) machine.runUntil(step * STEP_NS);
      if (machine.nowNs !== CODE_STEPS * STEP_NS) throw new Error(`the run ended at ${machine.nowNs} ns`);
      return machine.digest();
    });
    return new Set(digests).size === 1 ? null : `engines differ: ${digests.join(" ")}`;
  }

  /** Accesses to everything that listens, while frames of any length arrive and time passes. */
  #devices(seed: number, rings: boolean): string | null {
    const random = new Random(seed);
    const { machine, cable } = this.#machine(seed, "off", startup(false));
    const { board } = machine;
    const value = (): number => (random.below(3) === 0 ? random.pick(EDGES) : random.u32());
    const noise = new Uint8Array(0x20000);
    for (let i = 0; i < noise.length; i++) noise[i] = random.below(256);
    machine.writeMemory(0, noise);
    machine.writeMemory(CODE, Uint8Array.of(0xfb, 0xf4, 0xeb, 0xfd));
    configure(machine);
    let nowNs = machine.nowNs;
    let arrivalNs = 0;
    for (let step = 0; step < 3000; step++) {
      const size = random.pick(SIZES);
      switch (random.below(8)) {
        case 0:
        case 1: {
          const [first, count] = random.pick(PORTS);
          board.writePort(first + random.below(count), size, size === 4 ? value() : value() & (2 ** (8 * size) - 1));
          break;
        }
        case 2: {
          const [first, count] = random.pick(PORTS);
          if (board.readPort(first + random.below(count), size) >= 2 ** (8 * size))
            throw new Error("a port answers more than it has");
          break;
        }
        case 3:
          if (random.below(2) === 0) board.writeMmio(NETWORK_BAR + 4 * random.below(0x1800), size, value());
          else
            board.readMmio(
              random.below(2) === 0 ? NETWORK_BAR + random.below(0x20000) : 0xa0000 + random.below(0x20000),
              size,
            );
          break;
        case 4:
          if (rings) ring(machine, random, value);
          break;
        case 5:
          arrivalNs = Math.max(arrivalNs, machine.nowNs) + random.below(2000);
          if (cable.linkUp)
            cable.deliver([
              {
                timeNs: arrivalNs,
                frame: new Uint8Array(
                  random.pick([0, 1, 13, 14, 59, 60, 1514, 1515, 1518, 1522, 9000, 16_384, 70_000]),
                ).fill(random.below(256)),
              },
            ]);
          else cable.setLink(true);
          break;
        case 6:
          if (random.below(20) === 0) cable.setLink(!cable.linkUp);
          machine.serialInput(random.below(2) as 0 | 1, Uint8Array.of(random.below(256)));
          machine.key(random.below(256), random.below(2) === 0);
          if (random.below(20) === 0) machine.eject(CD_DRIVE, random.below(2) === 0);
          if (random.below(20) === 0) machine.insert(CD_DRIVE, OTHER_CD);
          break;
        default:
          nowNs = Math.max(nowNs, machine.nowNs) + 10 * random.below(5000);
          machine.runUntil(nowNs);
      }
      if (machine.power === "off") machine.powerOn();
    }
    if (cable.takeOutgoing().some(({ frame }) => frame.length > 16_384))
      return "the card sent a frame of more than 16 KiB";
    return this.#copies(machine, seed);
  }

  /** The firmware, with disks that lie. */
  #boot(seed: number): string | null {
    const random = new Random(seed);
    const { machine, cable } = this.#machine(seed, random.below(2) === 0 ? "on" : "force", this.#firmware);
    for (let ms = 1; ms <= 40; ms++) {
      machine.runUntil(ms * 1_000_000);
      if (ms % 10 === 0 && cable.linkUp)
        cable.deliver([
          { timeNs: machine.nowNs, frame: new Uint8Array(14 + random.below(1600)).fill(random.below(256)) },
        ]);
    }
    return this.#copies(machine, seed, this.#firmware);
  }

  /** A saved state that is damaged is refused, or is the state of some machine. */
  #snapshot(seed: number): string | null {
    const random = new Random(seed);
    const { machine } = this.#machine(seed, "off", this.#firmware);
    machine.runUntil(1000 * random.below(20_000));
    const state = machine.saveState();
    for (let turn = 0; turn < 5; turn++) {
      const damaged = random.below(4) === 0 ? state.slice(0, random.below(state.length)) : state.slice();
      for (let count = 1 + random.below(4); count > 0; count--)
        damaged[random.below(random.below(2) === 0 ? Math.min(4096, damaged.length) : damaged.length)] =
          random.below(256);
      const { machine: other } = this.#machine(seed, "off", this.#firmware);
      try {
        other.restoreState(damaged);
      } catch (error) {
        if (!(error instanceof StateError)) throw error;
        continue;
      }
      other.runUntil(other.nowNs + 100_000);
    }
    return null;
  }

  /** A machine that is restored from this one's state goes on as this one does. */
  #copies(machine: Machine, seed: number, firmware = startup(false)): string | null {
    const { machine: other } = this.#machine(seed, "on", firmware);
    other.insert(CD_DRIVE, OTHER_CD);
    other.restoreState(machine.saveState());
    const endNs = machine.nowNs + 200_000;
    machine.runUntil(endNs);
    other.runUntil(endNs);
    return machine.digest() === other.digest() ? null : "a restored machine goes on differently";
  }
}

/** A ROM that starts the code: in real mode, or in flat protected mode with a page table that nobody has made. */
function startup(protectedMode: boolean): Uint8Array {
  const rom = new Uint8Array(0x10000).fill(0xf4);
  rom.set(
    protectedMode
      ? [
          0x2e,
          0x0f,
          0x01,
          0x16,
          0x40,
          0x00,
          0x0f,
          0x20,
          0xc0,
          0x0c,
          0x01,
          0x0f,
          0x22,
          0xc0, // lgdt cs:[40h]; cr0.pe = 1
          0xb8,
          0x10,
          0x00,
          0x8e,
          0xd8,
          0x8e,
          0xc0,
          0x8e,
          0xd0,
          0x66,
          0xbc,
          0x00,
          0x50,
          0x00,
          0x00, // ds = es = ss = 10h; esp = 5000h
          0x66,
          0xea,
          0x00,
          0x7c,
          0x00,
          0x00,
          0x08,
          0x00, // jmp 8:7c00h
        ]
      : [0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x50, 0xfb, 0xea, 0x00, 0x7c, 0x00, 0x00],
  );
  rom.set([0x1f, 0x00, 0x50, 0x00, 0x0f, 0x00], 0x40);
  rom.set(
    [0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0xfb, 0xcf, 0],
    0x58,
  );
  rom.set([0xea, 0, 0, 0, 0xf0], 0xfff0);
  return rom;
}

/** Gives the cards their addresses, as firmware does. */
function configure({ board, nic }: Machine): void {
  const config = (address: number, value: number, size: AccessBytes = 4): void => {
    board.writePort(0xcf8, 4, address);
    board.writePort(0xcfc, size, value);
  };
  // The 82540EM's first window is of memory; it has another one for ports, as virtio's card has not.
  config(0x80001810, nic === "e1000" ? NETWORK_BAR : NETWORK_PORTS);
  config(0x80001814, nic === "e1000" ? NETWORK_PORTS : NETWORK_BAR);
  config(0x80001804, 7, 2);
  config(0x80002010, CODEC);
  config(0x80002014, AUDIO);
  config(0x80002004, 5, 2);
  config(0x80000920, BUS_MASTER);
  config(0x80000904, 5, 2);
  config(0x80000b40, POWER_PORTS);
  config(0x80000b80, 1, 1);
}

/** Every kind of work meets every card. */
function nicOf(seed: number): NicModel {
  return NIC_MODELS[Math.floor(seed / 6) % NIC_MODELS.length]!;
}

/** Rings of the cards whose registers are ports. */
function portRing(machine: Machine, random: Random, value: () => number, somewhere: () => number): void {
  const { board } = machine;
  const port = (offset: number, size: AccessBytes, written: number): void =>
    board.writePort(NETWORK_PORTS + offset, size, size === 4 ? written >>> 0 : written & (2 ** (8 * size) - 1));
  if (machine.nic === "ne2k_pci") {
    for (const [register, usual] of [
      [0, 0x21],
      [1, 0x46],
      [2, 0x80],
      [3, 0x46],
      [12, 0x1f],
      [13, 0],
    ] as const)
      port(register, 1, random.below(4) === 0 ? value() : usual);
    port(0, 1, 0x61);
    port(7, 1, random.below(4) === 0 ? value() : 0x47);
    for (const register of [4, 5, 6, 8, 9, 10, 11]) port(register, 1, value());
    port(0, 1, random.pick([0x22, 0x26, 0x0a, 0x12, value()]));
    for (let count = 0; count < 4; count++) port(0x10, random.pick(SIZES), value());
    return;
  }
  if (machine.nic !== "pcnet") return;
  const csr = (number: number, written: number): void => {
    port(0x12, 2, number);
    port(0x10, 2, written);
  };
  const block = somewhere();
  csr(0, 4);
  port(0x12, 2, 20);
  port(0x16, 2, random.below(5));
  csr(1, block & 0xffff);
  csr(2, block >>> 16);
  csr(random.pick([4, 5, 15, 24, 25, 30, 31, 72, 74, 76, 78]), value());
  csr(0, 1);
  if (random.below(3) === 0) csr(random.pick([4, 5, 76, 78]), value());
  csr(0, random.pick([0x42, 0x4a, 0x4b, value()]));
}

/** Points a ring, or a table of the disk's bus master, somewhere, and starts it. */
function ring(machine: Machine, random: Random, value: () => number): void {
  const { board } = machine;
  const somewhere = (): number =>
    random.pick([random.below(0x20000) & ~15, value(), 0xfffffff0, 0xa0000, machine.memory.ramBytes - 16, 0]) >>> 0;
  if (random.below(3) === 0) {
    const channel = 8 * random.below(2);
    board.writePort(BUS_MASTER + channel + 4, 4, somewhere());
    const base = channel === 0 ? 0x1f0 : 0x170;
    for (let register = 2; register < 6; register++) board.writePort(base + register, 1, random.below(256));
    board.writePort(base + 6, 1, 0xe0 | (random.below(2) << 4));
    board.writePort(base + 7, 1, random.pick([0xc8, 0xca, 0x25, 0x35, 0xa0, 0xc4, 0xc5, 0x20, 0x30, 0xec, 0xa1]));
    board.writePort(BUS_MASTER + channel, 1, random.pick([1, 9]));
    if (random.below(2) === 0) for (let i = 0; i < 6; i++) board.writePort(base, 2, value() & 0xffff);
    return;
  }
  portRing(machine, random, value, somewhere);
  // Receive and transmit ring of the 82540EM: base, length, head, tail.
  const at = NETWORK_BAR + random.pick([0x2800, 0x3800]);
  board.writeMmio(at, 4, somewhere());
  board.writeMmio(at + 4, 4, random.below(4) === 0 ? value() : 0);
  board.writeMmio(at + 8, 4, random.pick([0, 16, 128, 0x80, 0xfff80, value()]) >>> 0);
  board.writeMmio(at + 0x10, 4, random.below(4) === 0 ? value() : random.below(8));
  board.writeMmio(NETWORK_BAR + 0x100, 4, random.below(2) === 0 ? value() : 2);
  board.writeMmio(NETWORK_BAR + 0x400, 4, random.below(2) === 0 ? value() : 2);
  board.writeMmio(at + 0x18, 4, random.below(4) === 0 ? value() : random.below(8));
}
