/** Machines for tests of volumes: with a clock that stands still and numbers that come from a seed. */
import { createHash } from "node:crypto";
import { Random } from "../../emulator/state/random.ts";
import { crc32 } from "../../src/bytes/crc32.ts";
import type { VolumeHost } from "../../src/volume/model.ts";

export function hostOf(id: string, seed = 1): VolumeHost {
  const random = new Random(seed, `host ${id}`);
  let nowMs = Date.UTC(2026, 0, 1);
  return {
    me: { id, host: `host-of-${id}` },
    nowMs: () => nowMs,
    random: (length) => Uint8Array.from({ length }, () => random.below(256)),
    sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
    crc32,
    async sleep(ms) {
      nowMs += ms;
    },
  };
}

export const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes).replace(/\0+$/, "");

/** A sector that begins with these words. */
export function sector(words: string, sizeBytes = 512): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(new TextEncoder().encode(words));
  return bytes;
}

export async function all(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const found: Uint8Array[] = [];
  for await (const piece of pieces) found.push(piece);
  return Buffer.concat(found);
}

export async function* once(bytes: Uint8Array, pieceBytes = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
