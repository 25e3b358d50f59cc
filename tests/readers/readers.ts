/** Readers of what others made: each is tried with what is nearly right, by a seed. It refuses in its own words. */
import { Random } from "../../emulator/state/random.ts";
import { readFile, resolve, SpecError } from "../../src/spec/layers.ts";
import { specSchema } from "../../src/spec/schema.ts";
import { VolumeError } from "../../src/volume/model.ts";
import { PUSH, PUSHED } from "../../src/wire/cluster-layout.ts";
import { type Packet, PUSH_VERBS, packetBytes, readPacket } from "../../src/wire/cluster-packet.ts";
import { damage } from "../backup/damage.ts";
import { diskOf, opened, partOf, restored, written } from "../backup/scene.ts";
import { A, B, head } from "../cloud/said.ts";
import { drawn, holds } from "../spec/drawn.ts";

/** Tries one case: what is wrong, or null. What the reader throws besides its own errors is a finding too. */
export type Reader = (seed: number) => Promise<string | null> | string | null;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A single byte, or a piece. */
const spoil = (bytes: Uint8Array, random: Random): Uint8Array => {
  if (random.chance(50)) return damage(bytes, random);
  const changed = bytes.slice();
  changed[random.below(changed.length)]! ^= 1 + random.below(255);
  return changed;
};

async function archives(): Promise<Reader> {
  const whole = await written([partOf(diskOf(9, { 1: 1, 2: 1, 8: 1 })), partOf(diskOf(2, { 0: 5 }), { name: "db" })]);
  const files = new Map([["whole", whole]]);
  files.set("a", await written([partOf(diskOf(9, { 1: 1, 3: 2 }))], { name: "whole", files }));
  return async (seed) => {
    const random = new Random(seed, "archive");
    const name = random.chance(50) ? "a" : "whole";
    const changed = spoil(files.get(name)!, random);
    if (Buffer.compare(changed, files.get(name)!) === 0) return null;
    try {
      await restored(await opened("a", new Map([...files, [name, changed]])));
      return "a damaged archive was restored";
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      return /^(a|whole)\b[^\n]*$/.test(error.message)
        ? null
        : `it does not name the archive in a line: ${error.message}`;
    }
  };
}

function specs(): Reader {
  const schema = specSchema();
  const isTaken = (text: string): boolean => {
    try {
      resolve(readFile("build.json", "build.json", text));
      return true;
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      return false;
    }
  };
  return (seed) => {
    const random = new Random(seed, "spec");
    const text = JSON.stringify(drawn(schema, random, 0));
    if (isTaken(text) !== holds(schema, JSON.parse(text))) return `reader and schema differ: ${text}`;
    // It ends, and in no other way.
    isTaken(new TextDecoder().decode(spoil(bytesOf(text), random)));
    return null;
  };
}

/** Packets of a push, as they are right. */
function pushes(): Packet[] {
  const sha256 = Uint8Array.from({ length: 32 }, (_, at) => at);
  const fields = { sha256, number: 0, keeps: 0, moduleName: "" };
  const push = (more: Partial<typeof fields> & { readonly verb: number }, tail = new Uint8Array()): Packet => ({
    ...{ kind: PUSH, head: head(A), tail },
    fields: { ...fields, ...more },
  });
  const entry = { name: bytesOf("http".padEnd(16, "\0")), digest: "01020304", sizeBytes: 9, revision: 1000 };
  const reason = bytesOf("there is no memory for it".padEnd(80, "\0"));
  const state = { target: B, pushState: 4, received: 9, about: sha256.slice(0, 8), checksum: 1, awayUs: 2, reason };
  return [
    push({ verb: PUSH_VERBS.ask }),
    push({ verb: PUSH_VERBS.begin, number: 9, keeps: 1, moduleName: "http" }),
    push({ verb: PUSH_VERBS.piece, number: 1024 }, new Uint8Array(1024)),
    push({ verb: PUSH_VERBS.undo, moduleName: "http" }),
    {
      ...{ kind: PUSHED, head: head(B), fields: state },
      tail: [0, 1, 2, 4].map((flags) => ({ ...entry, checksum: 7, since: 8, flags })),
    } as Packet,
  ];
}

function packets(): Reader {
  const whole = pushes().map(packetBytes);
  return (seed) => {
    const random = new Random(seed, "push");
    const bytes = spoil(random.pick(whole), random);
    const packet = readPacket(bytes);
    if (packet === null) return null;
    // What is after a name's end counts for nothing, and is not written.
    const again = packetBytes(packet);
    const read = readPacket(again);
    return read !== null && Buffer.compare(packetBytes(read), again) === 0
      ? null
      : `what was read is not read again: ${Buffer.from(bytes).toString("hex")}`;
  };
}

/** By name; each is prepared once. */
export const READERS: Readonly<Record<string, () => Promise<Reader> | Reader>> = {
  archive: archives,
  spec: specs,
  push: packets,
};

/** Tries a case; what is found, or null. */
export async function tryReader(reader: Reader, seed: number): Promise<string | null> {
  try {
    return await reader(seed);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
