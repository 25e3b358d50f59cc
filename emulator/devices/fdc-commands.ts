/**
 * The commands of the 82077AA: how many bytes each takes, and what kind of work it is. Source: data sheet, table 5-1.
 */

export type CommandKind =
  | "read"
  | "write"
  | "verify"
  | "read track"
  | "format"
  | "read id"
  | "recalibrate"
  | "seek"
  | "sense interrupt"
  | "sense drive"
  | "specify"
  | "configure"
  | "version"
  | "dump registers"
  | "perpendicular"
  | "lock";

export interface FdcCommand {
  readonly kind: CommandKind;
  /** Bytes with the opcode. */
  readonly bytes: number;
}

/** Opcode, mask of the bits that count, kind, bytes. */
const COMMANDS: readonly (readonly [number, number, CommandKind, number])[] = [
  [0x06, 0x1f, "read", 9],
  [0x0c, 0x1f, "read", 9], // Deleted data: an image holds none, see the controller.
  [0x05, 0x3f, "write", 9],
  [0x09, 0x3f, "write", 9],
  [0x16, 0x1f, "verify", 9],
  [0x02, 0x9f, "read track", 9],
  [0x0d, 0xbf, "format", 6],
  [0x0a, 0xbf, "read id", 2],
  [0x07, 0xff, "recalibrate", 2],
  [0x0f, 0xff, "seek", 3],
  [0x8f, 0xbf, "seek", 3], // Relative: bit 6 is the direction.
  [0x08, 0xff, "sense interrupt", 1],
  [0x04, 0xff, "sense drive", 2],
  [0x03, 0xff, "specify", 3],
  [0x13, 0xff, "configure", 4],
  [0x10, 0xff, "version", 1],
  [0x0e, 0xff, "dump registers", 1],
  [0x12, 0xff, "perpendicular", 2],
  [0x14, 0x7f, "lock", 1],
];

/** The command of an opcode, or null: the controller answers such a byte with ST0 = 80h. */
export function fdcCommand(opcode: number): FdcCommand | null {
  const found = COMMANDS.find(([value, mask]) => (opcode & mask) === value);
  return found ? { kind: found[2], bytes: found[3] } : null;
}
