/**
 * Random task switches for switches.s: which way, and what of the new task's TSS and descriptor is not as it should be.
 */
import type { Random } from "../../../emulator/state/random.ts";

const CASE_BYTES = 64;
const HEADER_BYTES = 16;
const KINDS = ["call", "jump", "gate", "return"] as const;
const AVAILABLE = 0x89;
const BUSY = 0x8b;
const BUSY_16 = 0x83;
const MAXIMUM_CHANGES = 7;

export interface Switch {
  readonly kind: (typeof KINDS)[number];
  /** Type byte of the TSS descriptor. */
  readonly type: number;
  readonly limit: number;
  /** Offset in the TSS and value. */
  readonly changes: readonly (readonly [number, number])[];
}

/**
 * Of events.inc and switches.s: code and data of both rings, limited, conforming, read-only, absent; system; outside;
 * null.
 */
const SELECTORS = [
  0, 3, 0x08, 0x0b, 0x10, 0x13, 0x1b, 0x18, 0x23, 0x20, 0x28, 0x30, 0x38, 0x40, 0x43, 0x48, 0x50, 0x58, 0x60, 0x90,
  0xc8, 0x200, 0x0c,
] as const;
const LDTS = [0, 0, 0x90, 0x90, 0x94, 0x10, 0x48, 0x28, 0xc8, 0x200, 3] as const;
const LIMITS = [0x66, 0x2b, 0x2a, 0, 0xffff] as const;
const TYPES = [AVAILABLE, BUSY, 0x09, 0x0b, 0xe9, 0x82, BUSY_16, 0x85, 0x8c, 0x8e, 0x92, 0] as const;
const SEGMENT_FIELDS = [0x48, 0x4c, 0x50, 0x54, 0x58, 0x5c] as const;
const LDT_FIELD = 0x60;
const TRAP_FIELD = 0x64;
const FLAGS_FIELD = 0x24;
const ESP_FIELD = 0x38;
const RING3: Switch["changes"] = [
  [0x4c, 0x1b],
  [0x50, 0x23],
  [0x54, 0x23],
  [0x48, 0x23],
  [0x5c, 0x23],
];
/** VM, NT, TF, IF, IOPL, RF and what is reserved, but for AC and ID. */
const FLAGS = [0x2, 0, 0x20002, 0x4002, 0x202, 0x3202, 0x10002, 0xffc0_8028, 0x8d7] as const;

export function randomSwitch(random: Random): Switch {
  const kind = random.pick(KINDS);
  const changes: (readonly [number, number])[] = random.below(3) === 0 ? [...RING3] : [];
  for (let count = random.below(4); count > 0 && changes.length < MAXIMUM_CHANGES; count--) {
    switch (random.below(8)) {
      case 0:
        changes.push([LDT_FIELD, random.pick(LDTS)]);
        break;
      case 1:
        changes.push([TRAP_FIELD, random.below(2)]);
        break;
      case 2:
        changes.push([FLAGS_FIELD, random.pick(FLAGS)]);
        break;
      case 3:
        changes.push([ESP_FIELD, 0x88000 - 4 * random.below(8)]);
        break;
      default:
        changes.push([random.pick(SEGMENT_FIELDS), random.pick(SELECTORS)]);
    }
  }
  const type = random.below(8) === 0 ? random.pick(TYPES) : kind === "return" ? BUSY : AVAILABLE;
  return { kind, type, limit: random.below(8) === 0 ? random.pick(LIMITS) : 0x67, changes };
}

export function packSwitches(cases: readonly Switch[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + cases.length * CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  cases.forEach(({ kind, type, limit, changes }, i) => {
    const at = HEADER_BYTES + i * CASE_BYTES;
    bytes.set([KINDS.indexOf(kind), type, limit & 0xff, limit >> 8, changes.length], at);
    changes.forEach(([offset, value], change) => {
      view.setUint16(at + 8 + 8 * change, offset, true);
      view.setUint32(at + 12 + 8 * change, value, true);
    });
  });
  return bytes;
}

/** The second sum of each case. */
export function definedSums(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, i) => view.getUint32(8 * i + 4, true));
}

/**
 * Whether QEMU does the same (docs/cpu.md): it knows no T flag, looks at CS before SS, takes #NP for an absent stack,
 * and checks neither limits nor rights of the segments that the new task works with. A 16-bit task leaves the upper
 * halves of registers undefined.
 */
export function isSameInQemu({ type, changes }: Switch): boolean {
  return (
    type !== BUSY_16 &&
    changes.every(([offset, value]) => {
      switch (offset) {
        case TRAP_FIELD:
          return value === 0;
        case 0x4c:
          return value === 0x1b;
        case 0x50:
          return value === 0x23 || (changes.every(([other]) => other !== 0x4c) && ![0x30, 0x38, 0x48].includes(value));
        case 0x54:
          return value === 0x10 || value === 0x23;
        default:
          return true;
      }
    })
  );
}
