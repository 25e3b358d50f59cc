/** Files without a word about themselves: a .com program as DOS would start it, and a flat file as a boot sector. */
import { ImageError } from "../kernel-image.ts";
import { latin1Into } from "../table-bytes.ts";
import { FIRST_FREE, type Plan } from "./plan.ts";

/** Program segment prefix, with the program after it. */
const PSP_SEGMENT = 0x2000;
const PSP_BYTES = 256;
const PSP_TAIL = 0x80;
const MOST_TAIL = 126;
const INT_20H = [0xcd, 0x20] as const;
const MOST_COM_BYTES = 0x10000 - PSP_BYTES - 256;
const MOST_FLAT_BYTES = 0x90000 - FIRST_FREE;

/** `append` is what follows the program's name on a command line. */
export function planCom(bytes: Uint8Array, name: string, append: string): Plan {
  if (bytes.length === 0 || bytes.length > MOST_COM_BYTES)
    throw new ImageError(`${name}: a .com program has 1 to ${MOST_COM_BYTES} bytes, this has ${bytes.length}`);
  if (append.length > MOST_TAIL) throw new ImageError(`${name}: a .com program takes at most ${MOST_TAIL} characters`);
  const content = new Uint8Array(PSP_BYTES + bytes.length);
  content.set(INT_20H);
  const tail = append === "" ? "" : ` ${append}`;
  content[PSP_TAIL] = tail.length;
  latin1Into(content, PSP_TAIL + 1, `${tail}\r`);
  content.set(bytes, PSP_BYTES);
  const zeroBytes = 0x10000 - content.length;
  return {
    name,
    pieces: [{ what: name, address: PSP_SEGMENT * 16, content, zeroBytes }],
    entry: {
      mode: "dos",
      segment: PSP_SEGMENT,
      offset: PSP_BYTES,
      // A word of zeros is on the stack: RET goes to INT 20h.
      stackSegment: PSP_SEGMENT,
      stackOffset: 0xfffe,
      dataSegment: PSP_SEGMENT,
    },
    information: null,
    topAddress: 0,
  };
}

/** All of it stands at 0000:7C00, where a boot sector's first 512 bytes would. */
export function planFlat(bytes: Uint8Array, name: string): Plan {
  if (bytes.length === 0 || bytes.length > MOST_FLAT_BYTES)
    throw new ImageError(
      `${name}: a flat file has 1 to ${MOST_FLAT_BYTES} bytes, as many as there are from 7C00h on; this has ${bytes.length}`,
    );
  return {
    name,
    pieces: [{ what: name, address: FIRST_FREE, content: bytes, zeroBytes: 0 }],
    entry: {
      mode: "real, interrupts on",
      segment: 0,
      offset: FIRST_FREE,
      stackSegment: 0,
      stackOffset: FIRST_FREE,
      dataSegment: 0,
    },
    information: null,
    topAddress: 0,
  };
}
