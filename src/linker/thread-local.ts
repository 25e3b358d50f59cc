/**
 * Thread-local data in a static program: its place below the thread pointer is known, so what asks a table or a routine
 * for it becomes an instruction with a number (Intel386 ABI supplement, "TLS Code Sequence Optimization"). The bytes
 * are those of GNU ld 2.40.
 */

import { type ElfRelocation, type ElfRelocations, RelocationTable } from "../object/relocation-table.ts";
import { R } from "../object/relocation-types.ts";
import type { InputSection } from "./input-section.ts";

/** The routine that finds thread-local data in other programs. */
export const FINDER = "___tls_get_addr";

/** Rewrites the code sequences of a section, and their relocations. */
export function relaxThreadLocal(section: InputSection): void {
  if (!hasSequence(section.relocations)) return;
  const content = section.content.slice();
  const before = [...section.relocations];
  const relocations: ElfRelocation[] = [];
  for (let i = 0; i < before.length; i++) {
    const relocation = before[i]!;
    const change = SEQUENCES.get(relocation.type)?.(content, relocation.offset) ?? null;
    if (change === null) {
      relocations.push(relocation);
      continue;
    }
    if (change.type !== R.NONE) relocations.push({ ...relocation, type: change.type, offset: change.offset });
    // The call that belongs to it is gone.
    if (change.takesNext) i++;
  }
  section.content = content;
  section.relocations = relocations;
}

/** Most sections have none: without an object for each of their relocations. */
function hasSequence(relocations: ElfRelocations): boolean {
  if (!(relocations instanceof RelocationTable)) return [...relocations].some(({ type }) => SEQUENCES.has(type));
  for (const type of SEQUENCES.keys()) if (relocations.hasType(type)) return true;
  return false;
}

interface Change {
  readonly type: number;
  readonly offset: number;
  readonly takesNext?: boolean;
}

/** Null where the bytes are no such sequence. */
type Sequence = (content: Uint8Array, offset: number) => Change | null;

/** `movl %gs:0, %eax` */
const LOAD_POINTER = [0x65, 0xa1, 0, 0, 0, 0];

/** Opcodes of an instruction with memory, and of the same with a number, with the bits of its ModRM byte. */
const WITH_NUMBER: ReadonlyMap<number, readonly [opcode: number, modRm: number]> = new Map([
  [0x8b, [0xc7, 0xc0]],
  [0x03, [0x81, 0xc0]],
  [0x2b, [0x81, 0xe8]],
]);

function becomesNumber(content: Uint8Array, offset: number): boolean {
  const found = WITH_NUMBER.get(content[offset - 2]!);
  if (found === undefined) return false;
  const [opcode, modRm] = found;
  content[offset - 1] = modRm | ((content[offset - 1]! >> 3) & 7);
  content[offset - 2] = opcode;
  return true;
}

/** `leal x@tlsgd(,%ebx,1), %eax` has a SIB byte, `leal x@tlsgd(%ebx), %eax` has none. */
const hasIndex = (content: Uint8Array, offset: number): boolean => content[offset - 2] === 0x04;

const LEA = 0x8d;
/** `movl x, %eax` and `movl $x, %eax` */
const LOAD_EAX = 0xa1;
const NUMBER_TO_EAX = 0xb8;
const CALL_INDIRECT = 0xff;

const SEQUENCES: ReadonlyMap<number, Sequence> = new Map<number, Sequence>([
  [
    R.TLS_IE,
    (content, offset) => {
      if (content[offset - 1] === LOAD_EAX) content[offset - 1] = NUMBER_TO_EAX;
      else if (!becomesNumber(content, offset)) return null;
      return { type: R.TLS_LE, offset };
    },
  ],
  [R.TLS_GOTIE, (content, offset) => (becomesNumber(content, offset) ? { type: R.TLS_LE, offset } : null)],
  [R.TLS_IE_32, (content, offset) => (becomesNumber(content, offset) ? { type: R.TLS_LE_32, offset } : null)],
  [
    R.TLS_GD,
    (content, offset) => {
      const start = offset - (hasIndex(content, offset) ? 3 : 2);
      if (content[start] !== LEA || start + 12 > content.length) return null;
      // The number is subtracted.
      content.set([...LOAD_POINTER, 0x81, 0xe8, 0, 0, 0, 0], start);
      return { type: R.TLS_LE_32, offset: start + 8, takesNext: true };
    },
  ],
  [
    R.TLS_LDM,
    (content, offset) => {
      const start = offset - 2;
      if (content[start] !== LEA) return null;
      const rest = content[offset + 4] === CALL_INDIRECT ? [0x8d, 0xb6, 0, 0, 0, 0] : [0x90, 0x8d, 0x74, 0x26, 0];
      if (start + LOAD_POINTER.length + rest.length > content.length) return null;
      content.set([...LOAD_POINTER, ...rest], start);
      return { type: R.NONE, offset, takesNext: true };
    },
  ],
  [
    R.TLS_GOTDESC,
    (content, offset) => {
      if (content[offset - 2] !== LEA) return null;
      content[offset - 1]! ^= 0x86;
      return { type: R.TLS_LE, offset };
    },
  ],
  [
    R.TLS_DESC_CALL,
    (content, offset) => {
      content.set([0x66, 0x90], offset);
      return { type: R.NONE, offset };
    },
  ],
]);
