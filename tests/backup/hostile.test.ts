/** Archives that are damaged, and archives that lie with sums that fit: each is named, in a line, before it is used. */
import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { FRAME_BYTES, framed } from "../../src/volume/frame.ts";
import { VolumeError } from "../../src/volume/model.ts";
import { casesOf } from "../setup/tier.ts";
import { damage } from "./damage.ts";
import { CHUNK, diskOf, opened, partOf, restored, written } from "./scene.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** What is said of it. */
async function refused(files: ReadonlyMap<string, Uint8Array>, name = "a"): Promise<string> {
  const error = await opened(name, files)
    .then((backup) => restored(backup))
    .then(() => null)
    .catch((thrown: unknown) => thrown);
  expect(error, `${name} was taken`).toBeInstanceOf(VolumeError);
  const { message, trouble } = error as VolumeError;
  expect(message).not.toContain("\n");
  return `${trouble}: ${message}`;
}

const cases = casesOf("backup/hostile");

test(`single bytes of an increment and of what it builds on, ${cases.title}`, async () => {
  const whole = await written([partOf(diskOf(9, { 1: 1, 2: 1, 8: 1 })), partOf(diskOf(2, { 0: 5 }), { name: "db" })]);
  const files = new Map([["whole", whole]]);
  files.set("a", await written([partOf(diskOf(9, { 1: 1, 3: 2 }))], { name: "whole", files }));
  await restored(await opened("a", files));
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed, "backup");
    const name = random.chance(50) ? "a" : "whole";
    const bytes = files.get(name)!.slice();
    const at = random.below(bytes.length);
    bytes[at]! ^= 1 + random.below(255);
    const said = await refused(new Map([...files, [name, bytes]]));
    expect(said, cases.repeat(seed)).toMatch(/^(damaged|newer|invalid|missing): (a|whole)\b/);
  }
  // It was each time one that is whole.
  await restored(await opened("a", files));
});

test(`pieces that are lost, doubled, moved and overwritten, ${cases.title}`, async () => {
  const files = new Map([["whole", await written([partOf(diskOf(9, { 1: 1, 2: 1, 8: 1 }))])]]);
  files.set("a", await written([partOf(diskOf(9, { 1: 1, 3: 2 }))], { name: "whole", files }));
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed, "pieces");
    const name = random.chance(50) ? "a" : "whole";
    const changed = damage(files.get(name)!, random);
    // Some change nothing.
    if (Buffer.compare(changed, files.get(name)!) === 0) continue;
    const said = await refused(new Map([...files, [name, changed]]));
    expect(said, cases.repeat(seed)).toMatch(/^(damaged|newer|invalid|missing): (a|whole)\b/);
  }
  // It was each time one that is whole.
  await restored(await opened("a", files));
});

test("one that was cut off anywhere, or goes on", async () => {
  const bytes = await written([partOf(diskOf(3, { 0: 1, 2: 2 }))]);
  for (let length = 0; length < bytes.length; length += 1 + (length >> 5))
    expect(await refused(new Map([["a", bytes.slice(0, length)]]))).toMatch(/^(damaged|invalid): a/);
  expect(await refused(new Map([["a", Buffer.concat([bytes, Uint8Array.of(0)])]]))).toMatch(/goes on after its end/);
  expect(await refused(new Map([["a", Buffer.concat([bytes, bytes])]]))).toMatch(/goes on after its end/);
});

// ---- Lies

interface Lie {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly part?: Readonly<Record<string, unknown>>;
  readonly chunks?: readonly Uint8Array[];
  readonly end?: Readonly<Record<string, unknown>>;
  readonly version?: number;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function chunk(index: number, coding: number, hash: string, bytes: Uint8Array, part = 0): Uint8Array {
  const body = new Uint8Array(45 + bytes.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, part, true);
  view.setBigUint64(4, BigInt(index), true);
  body[12] = coding;
  body.set(Buffer.from(hash, "hex"), 13);
  body.set(bytes, 45);
  return framed("QBKC", 1, body);
}

function place(at: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(at), true);
  return bytes;
}

/** An archive whose sums are right, whatever it says. */
function lie({ header = {}, part = {}, chunks = [], end = {}, version = 1 }: Lie): Uint8Array {
  const about = { name: "web", kind: "node", sizeBytes: 4 * CHUNK, revision: null, node: null, machine: null, ...part };
  const first = json({
    ...{ format: version, needs: "0.3.0", writer: "0.2.0", madeSeconds: 1, since: null, parts: [about] },
    ...header,
  });
  const last = json({ chunks: chunks.length, header: sha256(first), parts: ["0".repeat(64)], ...end });
  return Buffer.concat([framed("QBKH", version, first), ...chunks, framed("QBKE", 1, last)]);
}

const full = diskOf(1, { 0: 1 });
const hash = sha256(full);
const NONE = "0".repeat(64);
const endless = deflateRawSync(new Uint8Array(64 << 20));

const LIES: readonly (readonly [what: string, lie: Lie, said: RegExp])[] = [
  ["no chunk that it counts", { end: { chunks: 1 } }, /it has 0 chunks, and says 1/],
  ["another header's sum", { end: { header: NONE } }, /its header is not the one it had/],
  ["another digest", {}, /node web is not what it was/],
  ["no digest", { end: { parts: [] } }, /its end lacks a field/],
  ["a hash of other bytes", { chunks: [chunk(0, 0, NONE, full)] }, /a chunk is not what its hash says/],
  ["a chunk that is too short", { chunks: [chunk(0, 0, sha256(full.slice(1)), full.slice(1))] }, /not what its hash/],
  ["a chunk that is too long", { chunks: [chunk(0, 0, hash, diskOf(2, { 0: 1 }))] }, /longer than any can be/],
  ["a chunk of zeros", { chunks: [chunk(0, 0, sha256(new Uint8Array(CHUNK)), new Uint8Array(CHUNK))] }, /not what/],
  ["no deflated bytes", { chunks: [chunk(0, 1, hash, full.slice(0, 99))] }, /cannot be inflated/],
  ["a bomb", { chunks: [chunk(0, 1, hash, endless.subarray(0, CHUNK))] }, /cannot be inflated/],
  ["a coding that is none", { chunks: [chunk(0, 4, hash, full)] }, /has the coding 4/],
  ["zeros in a whole archive", { chunks: [chunk(0, 3, NONE, new Uint8Array())] }, /zeros in a whole archive/],
  ["zeros that have bytes", { chunks: [chunk(0, 3, NONE, full)] }, /zeros that have bytes/],
  ["the same as itself", { chunks: [chunk(0, 2, hash, place(300))] }, /the same as none/],
  ["the same as what comes later", { chunks: [chunk(0, 2, hash, place(2 ** 40))] }, /the same as none before it/],
  ["the same as nothing", { chunks: [chunk(0, 2, hash, new Uint8Array())] }, /the same as none before it/],
  ["the same as the header", { chunks: [chunk(0, 2, hash, place(0))] }, /the same as none before it/],
  ["a chunk beyond the end", { chunks: [chunk(4, 0, hash, full)] }, /chunk 4 of part 0 is not where it belongs/],
  ["a chunk at the end of the world", { chunks: [chunk(2 ** 52, 0, hash, full)] }, /is not where it belongs/],
  ["a chunk of no part", { chunks: [chunk(0, 0, hash, full, 1)] }, /chunk 0 of part 1 is not where it belongs/],
  ["chunks out of order", { chunks: [chunk(1, 0, hash, full), chunk(0, 0, hash, full)] }, /is not where it belongs/],
  ["a chunk twice", { chunks: [chunk(1, 0, hash, full), chunk(1, 0, hash, full)] }, /is not where it belongs/],
  ["half a chunk", { chunks: [framed("QBKC", 1, new Uint8Array(20))] }, /a chunk is too short/],
  ["a record of another kind", { chunks: [framed("QVAO", 1, new Uint8Array(20))] }, /a record of kind "QVAO"/],
  ["a record of another format", { chunks: [framed("QBKC", 2, chunk(0, 0, hash, full).slice(16))] }, /of format 2/],
  ["a header twice", { chunks: [framed("QBKH", 1, json({}))] }, /a record of kind "QBKH"/],
  ["no parts", { header: { parts: [] } }, /its header lacks a field/],
  ["parts without end", { header: { parts: Array.from({ length: 1025 }, () => ({})) } }, /its header lacks a field/],
  ["a part that is none", { header: { parts: [null] } }, /its header lacks a field/],
  ["a path as a name", { part: { name: "../../etc/passwd" } }, /its header lacks a field/],
  ["a dot as a name", { part: { name: "." } }, /its header lacks a field/],
  ["a machine that is no text", { part: { machine: 5 } }, /its header lacks a field/],
  ["an id that is none", { header: { since: { name: "b", id: "0" } } }, /its header lacks a field/],
  ["an end that counts nothing", { end: { chunks: "0" } }, /its end lacks a field/],
  ["an end without the header's sum", { end: { header: 5 } }, /its end lacks a field/],
  ["dots as a name", { part: { name: ".." } }, /its header lacks a field/],
  ["a name that moves the cursor", { part: { name: "\u001b[2J" } }, /its header lacks a field/],
  ["a path to what it builds on", { header: { since: { name: "/etc/x", id: NONE } } }, /its header lacks a field/],
  ["itself as what it builds on", { header: { since: { name: "a", id: NONE } } }, /another archive than it was/],
  ["a size that is none", { part: { sizeBytes: -1 } }, /its header lacks a field/],
  ["a size of nothing", { part: { sizeBytes: 0 } }, /its header lacks a field/],
  ["a size beyond all numbers", { part: { sizeBytes: 2 ** 60 } }, /its header lacks a field/],
  ["half a byte", { part: { sizeBytes: 1.5 } }, /its header lacks a field/],
  ["a node that is none", { part: { node: { id: "x", era: 1, age: 1 } } }, /its header lacks a field/],
  ["a kind that is none", { part: { kind: "folder" } }, /its header lacks a field/],
  ["another format than its record", { header: { format: 2 } }, /does not say of which format/],
  ["no header but a list", { header: { needs: 5 } }, /does not say of which format/],
];

describe("with sums that fit", () => {
  test.each(LIES)("%s", async (_what, made, said) => {
    expect(await refused(new Map([["a", lie(made)]]))).toMatch(said);
  });

  test("a chunk is the same as one that has bytes itself, and as no other", async () => {
    const first = lie({});
    const at = FRAME_BYTES + new DataView(first.buffer, first.byteOffset).getUint32(8, true);
    const bytes = chunk(0, 0, hash, full);
    const same = chunk(1, 2, hash, place(at));
    const next = at + bytes.length;
    const circle = lie({ chunks: [bytes, same, chunk(2, 2, hash, place(next))] });
    expect(await refused(new Map([["a", circle]]))).toMatch(/a chunk is the same as none that has bytes/);
    const right = lie({ chunks: [bytes, same] });
    expect(await refused(new Map([["a", right]]))).toMatch(/node web is not what it was/);
  });

  test("a newer format says which QuRe reads it", async () => {
    const newer = lie({ version: 7, header: { needs: "4.5.0", writer: "4.6.1", parts: "of another form" } });
    expect(await refused(new Map([["a", newer]]))).toBe(
      "newer: a is of format 7, written by qure 4.6.1: qure 4.5.0 or later reads it",
    );
  });

  test("two parts of one name, a length beyond the file, and a file of something else", async () => {
    const part = { name: "web", kind: "node", sizeBytes: 9, revision: null, node: null, machine: null };
    expect(
      await refused(new Map([["a", lie({ header: { parts: [part, part] }, end: { parts: [NONE, NONE] } })]])),
    ).toMatch(/lacks a field/);
    const long = lie({ chunks: [chunk(0, 0, hash, full)] }).slice();
    const at = FRAME_BYTES + new DataView(long.buffer, long.byteOffset).getUint32(8, true);
    new DataView(long.buffer, long.byteOffset).setUint32(at + 8, 0xffffffff, true);
    expect(await refused(new Map([["a", long]]))).toMatch(/longer than any can be/);
    for (const other of [new Uint8Array(), new Uint8Array(5000), framed("QVAR", 1, json({}))])
      expect(await refused(new Map([["a", other]]))).toMatch(/^invalid: a is no archive of a backup/);
  });
});
