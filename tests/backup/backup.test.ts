/** Archives as they are written and read: whole ones, increments, what they share, what they say. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { diffBackups } from "../../src/backup/diff.ts";
import { CHUNK, diskOf, opened, partOf, restored, written } from "./scene.ts";

test("what is written comes back, whatever its size, and zeros take no room", async () => {
  const random = new Random(7, "backup");
  for (const size of [1, 511, 4096, CHUNK, CHUNK + 1, 9 * CHUNK - 3]) {
    const content = Uint8Array.from({ length: size }, () => random.below(256));
    const bytes = await written([partOf(content)]);
    expect(Buffer.compare(await restored(await opened("a", new Map([["a", bytes]]))), content)).toBe(0);
  }
  const zeros = await written([partOf(new Uint8Array(64 * CHUNK))]);
  expect(zeros.length).toBeLessThan(600);
  expect((await restored(await opened("a", new Map([["a", zeros]])))).every((byte) => byte === 0)).toBe(true);
});

test("equal chunks are kept once, in one part and over several", async () => {
  const random = new Random(8, "backup");
  const chunk = Uint8Array.from({ length: CHUNK }, () => random.below(256));
  const twice = Buffer.concat([chunk, chunk]);
  const one = await written([partOf(chunk)]);
  const many = await written([partOf(twice), partOf(twice, { name: "db" })]);
  expect(many.length).toBeLessThan(one.length + 700);
  const backup = await opened("a", new Map([["a", many]]));
  for (const name of ["web", "db"]) expect(Buffer.compare(await restored(backup, name), twice)).toBe(0);
});

test("what is known of a part comes back with it", async () => {
  const about = { revision: 1207, node: { id: "525400fffe123456", era: 3, age: 9 }, machine: '{ "memory": "16M" }' };
  const backup = await opened("a", new Map([["a", await written([partOf(diskOf(1, { 0: 1 }), about)])]]));
  expect(backup.header).toMatchObject({ format: 1, writer: "0.2.0", since: null, parts: [{ name: "web", ...about }] });
});

test("an increment has what differs: changed, new, emptied chunks, and a disk that grew or shrank", async () => {
  const files = new Map<string, Uint8Array>();
  const states = [
    diskOf(40, { 0: 1, 3: 2, 20: 3, 39: 4 }),
    diskOf(40, { 0: 1, 3: 9, 20: 3, 39: 4 }),
    diskOf(40, { 0: 1, 5: 7, 20: 3 }),
    diskOf(60, { 0: 1, 5: 7, 20: 3, 59: 8 }),
    diskOf(10, { 0: 1, 5: 7 }),
    diskOf(60, { 0: 1, 5: 7 }),
    diskOf(60, { 0: 1, 5: 7 }).slice(0, 5 * CHUNK + 100),
    new Uint8Array(3 * CHUNK),
  ];
  for (const [index, state] of states.entries()) {
    const earlier = index === 0 ? null : { name: `${index - 1}`, files };
    files.set(`${index}`, await written([partOf(state)], earlier));
  }
  for (const [index, state] of states.entries()) {
    const backup = await opened(`${index}`, files);
    expect(backup.names).toHaveLength(index + 1);
    expect(Buffer.compare(await restored(backup), state), `state ${index}`).toBe(0);
  }
  // Nothing changed, and the disk only became smaller.
  expect(files.get("4")!.length).toBeLessThan(700);
});

test("a part that the earlier archive lacks is whole, and one that is not named any more is not there", async () => {
  const files = new Map([["a", await written([partOf(diskOf(4, { 1: 1 }))])]]);
  files.set("b", await written([partOf(diskOf(4, { 2: 2 }), { name: "db" })], { name: "a", files }));
  files.set("c", await written([partOf(diskOf(4, { 1: 1, 3: 3 }))], { name: "b", files }));
  expect(Buffer.compare(await restored(await opened("b", files), "db"), diskOf(4, { 2: 2 }))).toBe(0);
  expect(Buffer.compare(await restored(await opened("c", files)), diskOf(4, { 1: 1, 3: 3 }))).toBe(0);
});

test("an increment without what it builds on, or with another, says which archive it wants", async () => {
  const files = new Map([["monday", await written([partOf(diskOf(4, { 1: 1 }))])]]);
  files.set("tuesday", await written([partOf(diskOf(4, { 2: 2 }))], { name: "monday", files }));
  const alone = new Map([["tuesday", files.get("tuesday")!]]);
  await expect(opened("tuesday", alone)).rejects.toThrow(
    "tuesday has what differs from monday, which is not there: --base names it",
  );
  alone.set("monday", await written([partOf(diskOf(4, { 1: 2 }))]));
  await expect(opened("tuesday", alone)).rejects.toThrow("and that is another archive than it was: --base names it");
});

test("a difference says of each part how much and where", async () => {
  const files = new Map([
    ["a", await written([partOf(diskOf(9, { 1: 1, 2: 1, 8: 1 })), partOf(diskOf(1, {}), { name: "old" })])],
    ["b", await written([partOf(diskOf(9, { 1: 2, 2: 2, 5: 5, 8: 1 })), partOf(diskOf(2, {}), { name: "new" })])],
  ]);
  const [a, b] = [await opened("a", files), await opened("b", files)];
  expect(await diffBackups(a, b)).toEqual([
    {
      part: "node web",
      sizes: [9 * CHUNK, 9 * CHUNK],
      differentBytes: 3 * CHUNK,
      ranges: [
        [CHUNK, 3 * CHUNK - 1],
        [5 * CHUNK, 6 * CHUNK - 1],
      ],
    },
    { part: "node old", sizes: [CHUNK, null], differentBytes: CHUNK, ranges: [] },
    { part: "node new", sizes: [null, 2 * CHUNK], differentBytes: 2 * CHUNK, ranges: [] },
  ]);
  expect((await diffBackups(a, a)).map(({ differentBytes }) => differentBytes)).toEqual([0, 0]);
});

test("ten tebibytes of holes are an archive of a few hundred bytes, and are judged at once", async () => {
  const part = partOf(new Uint8Array(1), { sizeBytes: 10 * 2 ** 40 });
  const last = (10 * 2 ** 40) / CHUNK - 1;
  async function* chunks(): AsyncGenerator<{ index: number; bytes: Uint8Array }> {
    yield { index: 0, bytes: diskOf(1, { 0: 1 }) };
    yield { index: last, bytes: diskOf(1, { 0: 2 }) };
  }
  const bytes = await written([{ header: part.header, chunks }]);
  expect(bytes.length).toBeLessThan(1000);
  const backup = await opened("a", new Map([["a", bytes]]));
  await backup.verify();
  const found: number[] = [];
  for await (const { index } of backup.contentOf(part.header)) found.push(index);
  expect(found).toEqual([0, last]);
});
