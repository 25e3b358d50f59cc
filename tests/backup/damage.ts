/** Files as they come from a bad disk, cable or hand. */
import type { Random } from "../../emulator/state/random.ts";

/** As a disk, a cable or a person damages a file: pieces that are doubled, lost, overwritten or moved. */
export function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = [random.below(bytes.length), random.below(bytes.length)];
  const length = 1 + random.below(random.chance(50) ? 16 : bytes.length);
  const piece = bytes.slice(from, from + length);
  const kind = random.below(4);
  if (kind === 0) return Buffer.concat([bytes.slice(0, to), piece, bytes.slice(to)]);
  if (kind === 1) return Buffer.concat([bytes.slice(0, from), bytes.slice(from + length)]);
  const changed = bytes.slice();
  if (kind === 2) changed.fill(random.below(256), from, from + length);
  else changed.set(piece.slice(0, bytes.length - to), to);
  return changed;
}
