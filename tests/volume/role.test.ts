/** A store that a role serves: killed, cut off and started again at any moment, and asked by strangers. */
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { ConfigurationError, parseConfiguration } from "../../src/volume/remote/configuration.ts";
import { encodeFrame, FrameReader, REQUEST, u8, u32, u64 } from "../../src/volume/remote/frames.ts";
import { type Store, type Stored, StoreError } from "../../src/volume/store.ts";
import { casesOf } from "../setup/tier.ts";
import { RoleInMemory } from "./role-in-memory.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (stored: { bytes: Uint8Array } | null): string | null => stored && new TextDecoder().decode(stored.bytes);
const LATER = { isDurable: false };
const NOW = { isDurable: true };

/** What was not flushed is lost when it is killed. */
class Forgetful extends MemoryStore {
  readonly stable: MemoryStore;
  readonly #unflushed = new Map<string, { at: number; content: Uint8Array }[]>();

  constructor(stable: MemoryStore) {
    super("memory");
    this.stable = stable;
  }

  override async read(key: string, range?: { atBytes: number; lengthBytes: number }): Promise<Stored | null> {
    const base = await this.stable.read(key);
    const view = new MemoryStore();
    if (base !== null) await view.write(key, 0, base.bytes, NOW);
    for (const { at, content } of this.#unflushed.get(key) ?? []) await view.write(key, at, content, NOW);
    return view.read(key, range);
  }

  override async write(
    key: string,
    at: number,
    content: Uint8Array,
    { isDurable }: { isDurable: boolean },
  ): Promise<void> {
    const all = [...(this.#unflushed.get(key) ?? []), { at, content: content.slice() }].filter(
      (one) => one.content.length > 0,
    );
    this.#unflushed.set(key, isDurable ? [] : all);
    if (isDurable) for (const one of all) await this.stable.write(key, one.at, one.content, NOW);
  }

  override swap(key: string, content: Uint8Array, tag: string | null) {
    return this.stable.swap(key, content, tag);
  }

  override async list(prefix: string): Promise<string[]> {
    const unflushed = [...this.#unflushed].filter(([key, all]) => all.length > 0 && key.startsWith(prefix));
    return [...new Set([...(await this.stable.list(prefix)), ...unflushed.map(([key]) => key)])].sort();
  }
}

test("the five calls come through, in pieces of any length, and errors with what they are about", async () => {
  for (const pieceBytes of [1, 7, 100_000]) {
    const role = new RoleInMemory(new MemoryStore());
    role.pieceBytes = pieceBytes;
    const store = await role.open();
    expect([store.place, store.readOnly]).toEqual(["role blocker (memory)", null]);
    await store.write("object/a/1/0", 2, bytes("cd"), LATER);
    await store.write("object/a/1/0", 0, bytes("ab"), NOW);
    expect(await store.read("object/a/1/0", { atBytes: 1, lengthBytes: 9 })).toMatchObject({
      bytes: bytes("bcd"),
      sizeBytes: 4,
    });
    expect(await store.read("object/a/1/1")).toBe(null);
    expect((await store.swap("head/a", bytes("1"), null)).outcome).toBe("done");
    expect((await store.swap("head/a", bytes("2"), null)).outcome).toBe("refused");
    expect((await store.swap("head/a", bytes("2"), (await store.read("head/a"))!.tag)).outcome).toBe("done");
    expect(await store.list("")).toEqual(["head/a", "object/a/1/0"]);
    await store.remove("object/a/1/0");
    expect(await store.list("object/")).toEqual([]);
  }
  const full: Store = Object.assign(new MemoryStore(), {
    write: () => Promise.reject(new StoreError("full", "folder /x: no space is left")),
  });
  const error = await (await new RoleInMemory(full).open())
    .write("a/b", 0, bytes("x"), NOW)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "StoreError", trouble: "full", message: "folder /x: no space is left" });
});

test("whoever asks for much at once is made to wait, and gets all of it", async () => {
  class Slow extends MemoryStore {
    override async read(key: string): Promise<Stored | null> {
      await new Promise(setImmediate);
      return super.read(key);
    }
  }
  const role = new RoleInMemory(new Slow());
  const store = await role.open();
  await Promise.all(Array.from({ length: 40 }, (_, index) => store.write(`map/${index}`, 0, bytes("x"), NOW)));
  expect(role.paused.on).toBe(0);
  const reads = await Promise.all(Array.from({ length: 200 }, (_, index) => store.read(`map/${index % 40}`)));
  expect(reads.map((read) => text(read)).join("")).toBe("x".repeat(200));
  expect(role.paused.on).toBeGreaterThan(0);
  expect(role.paused.off).toBeGreaterThan(0);
});

test("a list of 25,000 keys and an object of 4 MiB come through", async () => {
  const inner = new MemoryStore();
  for (let index = 0; index < 25_000; index++) await inner.write(`map/${index + 100_000}`, 0, bytes("x"), NOW);
  const role = new RoleInMemory(inner);
  role.pieceBytes = 65_536;
  const store = await role.open();
  expect(await store.list("map/")).toHaveLength(25_000);
  await store.write("object/a/1/0", 0, new Uint8Array(4 << 20).fill(7), NOW);
  expect((await store.read("object/a/1/0"))!.bytes).toHaveLength(4 << 20);
});

test("a role that is killed loses nothing that was written, whether it was flushed or not", async () => {
  const stable = new MemoryStore();
  const role = new RoleInMemory(new Forgetful(stable));
  const store = await role.open();
  await store.write("object/a/1/0", 0, bytes("aa"), NOW);
  await store.write("object/a/1/0", 1, bytes("b"), LATER);
  await store.write("object/a/1/1", 0, bytes("c"), LATER);
  await store.write("object/a/1/2", 0, bytes("gone"), LATER);
  await store.remove("object/a/1/2");
  role.kill();
  role.start(new Forgetful(stable));
  expect(text(await store.read("object/a/1/0"))).toBe("ab");
  expect(await store.list("object/")).toEqual(["object/a/1/0", "object/a/1/1"]);
  role.kill();
  role.start(new Forgetful(stable));
  for (const key of ["object/a/1/0", "object/a/1/1"]) await store.write(key, 0, bytes(""), NOW);
  expect([text(await stable.read("object/a/1/0")), text(await stable.read("object/a/1/1"))]).toEqual(["ab", "c"]);
});

const cases = casesOf("volume/role");
test(`drawn kills, cuts, writes, reads and flushes: nothing that was acknowledged is lost (${cases.title})`, async () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    let state = seed;
    const draw = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const stable = new MemoryStore();
    const role = new RoleInMemory(new Forgetful(stable));
    const store = await role.open();
    const model = new Map<string, Uint8Array>();
    for (let step = 0; step < 60; step++) {
      const work = [0, 1, 2].map(async (index) => {
        const key = `object/a/1/${index}`;
        const held = model.get(key) ?? new Uint8Array();
        const [at, length] = [draw(50), 1 + draw(20)];
        if (draw(3) === 0) {
          const read = await store.read(key, { atBytes: at, lengthBytes: length });
          expect(text(read) ?? "", cases.repeat(seed)).toBe(text({ bytes: held.subarray(at, at + length) }));
          return;
        }
        const next = new Uint8Array(Math.max(held.length, at + length));
        next.set(held);
        next.fill(97 + draw(26), at, at + length);
        model.set(key, next);
        await store.write(key, at, next.slice(at, at + length), { isDurable: draw(3) === 0 });
      });
      for (let turns = draw(12); turns > 0; turns--) await Promise.resolve();
      const fate = draw(4);
      if (fate === 0) role.cut();
      if (fate === 1) {
        role.kill();
        role.start(new Forgetful(stable));
      }
      await Promise.all(work);
    }
    await Promise.all([...model.keys()].map((key) => store.write(key, 0, bytes(""), NOW)));
    for (const [key, held] of model)
      expect(text(await stable.read(key)), cases.repeat(seed)).toBe(text({ bytes: held }));
  }
});

test("a swap whose answer was lost is unknown, and one that was never sent is tried again", async () => {
  let isCut = true;
  const inner = new MemoryStore();
  const role: RoleInMemory = new RoleInMemory(
    Object.assign(Object.create(inner) as Store, {
      swap: async (key: string, content: Uint8Array, tag: string | null) => {
        const swapped = await inner.swap(key, content, tag);
        if (isCut) role.cut();
        return swapped;
      },
    }),
  );
  Object.assign(role, { place: "memory" });
  const store = await role.open().catch(() => null);
  expect(store).not.toBe(null);
  expect((await store!.swap("head/a", bytes("1"), null)).outcome).toBe("unknown");
  isCut = false;
  expect((await store!.swap("head/b", bytes("1"), null)).outcome).toBe("done");
});

test("a role that is gone is waited for, then is one error that names it, and then goes on", async () => {
  const role = new RoleInMemory(new MemoryStore());
  const store = await role.open();
  await store.write("object/a/1/0", 0, bytes("a"), LATER);
  role.kill();
  role.host.pausedMs = 0;
  await expect(store.read("object/a/1/0")).rejects.toThrow(/^role blocker does not answer: .*, after \d+ s$/);
  expect(role.host.pausedMs).toBeGreaterThan(10_000);
  await expect(store.write("object/a/1/0", 0, bytes("b"), NOW)).rejects.toThrow(/^role blocker does not answer/);
  const inner = new MemoryStore();
  role.start(inner);
  await store.write("object/a/1/0", 1, bytes("c"), NOW);
  expect(text(await inner.read("object/a/1/0"))).toBe("ac");
});

test("what strangers send is refused, and never ends the role", async () => {
  const role = new RoleInMemory(new MemoryStore());
  const store = await role.open();
  const talk = async (...sent: readonly Uint8Array[]): Promise<string> => {
    let heard = "";
    const reader = new FrameReader();
    const link = await role.connect({
      receive: (piece) => {
        for (const { kind, fields } of reader.take(piece)) if (kind === 3) heard += `${fields.u8()} ${fields.text()};`;
      },
      closed: () => (heard += "closed"),
    });
    for (const one of sent) link.send(one);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    return heard;
  };
  expect(await talk(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toBe("closed");
  expect(await talk(bytes("GET / HTTP/1.0\r\n\r\n"))).toBe("closed");
  expect(await talk(encodeFrame(1, 99, "a"))).toBe("2 there is no request 99;");
  expect(await talk(encodeFrame(1, REQUEST.read))).toBe("2 a frame ends in the middle of a field;");
  expect(await talk(encodeFrame(1, REQUEST.write, "a", Uint8Array.of(1)))).toBe(
    "2 a frame ends in the middle of a field;",
  );
  expect(await talk(encodeFrame(1, REQUEST.write, "a", u64(0), u8(1), bytes("x")))).toBe("");
  const huge = Uint8Array.from({ length: 8 }, () => 0xff);
  expect(await talk(encodeFrame(1, REQUEST.write, "a", huge, u8(1)))).toBe("2 a number is too large;");
  for (const key of ["../a", "a/../b", "/a", "a//b", "a b", "", "a/."])
    expect(await talk(encodeFrame(1, REQUEST.read, key, u8(0), u64(0), u32(0), u8(0)))).toBe(
      "2 a key that cannot be one;",
    );
  expect(text(await store.read("a"))).toBe("x");
});

const GOOD = `
SEGMENT_PORTS = 8  # ports from 0 to 7
roles = [('blockerb', 'file_blocker'), ("rb", "archip-rados"), ('mapperd', 'mapperd'), ('vlmcd', 'vlmcd')]
blockerb = { 'portno_start': 0, 'portno_end': 1, 'archip_dir': '/srv/b', 'nr_ops': 16, 'nr_threads': 8, 'log_level': 3, 'fdcache': 9 }
rb { 'portno': 2, 'pool': 'blocks', 'endpoint': 'http://10.0.0.1:7480', 'prefix': 'a/b', }
mapperd = { 'portno': 3, 'blockerb_port': 2, 'blockerm_port': 1 }
vlmcd = { 'blocker_port': 2, 'mapper_port': 3 }
`;

describe("the configuration", () => {
  test("is read in the words of the manual", () => {
    const { roles } = parseConfiguration(GOOD, "s.conf");
    expect(roles.map(({ name, kind, firstPort, lastPort }) => [name, kind, firstPort, lastPort])).toEqual([
      ["blockerb", "blocker", 0, 1],
      ["rb", "blocker", 2, 2],
      ["mapperd", "mapper", 3, 3],
      ["vlmcd", "vlmc", -1, -1],
    ]);
    expect(roles[0]).toMatchObject({
      logLevel: 3,
      operations: 16,
      threads: 8,
      store: { folder: "/srv/b", mostOpen: 9 },
    });
    expect(roles[1]!.store).toEqual({ bucket: "s3://blocks/a/b?endpoint=http://10.0.0.1:7480" });
    expect(roles[2]).toMatchObject({ objectsPort: 2, mapsPort: 1 });
  });

  test.each([
    [
      "SEGMENT_PORTS = 8",
      "SEGMENT_SIZE = 512",
      "2:1: error: SEGMENT_SIZE has no meaning here, leave it out: roles speak over sockets",
    ],
    [
      "SEGMENT_PORTS = 8",
      "XSEGBD_START = 0",
      "2:1: error: XSEGBD_START has no meaning here, leave it out: there are no devices",
    ],
    ["SEGMENT_PORTS = 8", "VTOOL_END = 0", "2:1: error: VTOOL_END has no meaning here, leave it out: vlmc makes"],
    [
      "'fdcache': 9",
      "'pidfile': 'x'",
      "4:121: error: pidfile has no meaning here, leave it out: a role is known by its answer",
    ],
    [
      "'pool': 'blocks'",
      "'pool': 'blocks', 'fdcache': 1",
      "5:37: error: fdcache has no meaning here, leave it out: a bucket",
    ],
    ["'log_level': 3", "'log_level': 4", "4:118: error: log_level is a number from 0 to 3"],
    ["'portno': 3", "'portno': 1", "6:1: error: mapperd and blockerb have a port in common"],
    ["'portno': 3", "'portno': 9", "6:23: error: portno is a number from 0 to 7"],
    ["'blockerm_port': 1", "'blockerm_port': 7", "6:1: error: mapperd: at port 7 is no role: it should be a blocker"],
    ["'mapper_port': 3", "'mapper_port': 2", "7:1: error: vlmcd: at port 2 is rb, a blocker: it should be a mapper"],
    ["'mapperd'),", "'maper'),", "3:76: error: maper is no type: write blocker, "],
    ["'archip_dir': '/srv/b', ", "", "4:1: error: blockerb needs archip_dir"],
    ["'nr_ops': 16", "'ops': 16", "4:74: error: a role of type file_blocker has no ops; it has portno, "],
    ["'blocker_port': 2", "'nr_ops': 2", "7:11: error: nr_ops has no meaning here, leave it out: vlmcd is no process"],
    ["vlmcd = {", "vlmc = {", "3:88: error: vlmcd has no settings"],
    ["('vlmcd', 'vlmcd')", "'vlmcd'", "3:88: error: a role is ('NAME', 'TYPE')"],
    ["SEGMENT_PORTS = 8", "roles = []", "3:1: error: roles is there already, in line 2"],
    ["'vlmcd')]", "'vlmcd')", "4:1: error: , is expected here, and not blockerb"],
    ["# ports", "; ports", '2:20: error: ";" is no part of a value'],
    ["'prefix': 'a/b', }", "'prefix': }", "5:83: error: a value is expected here, and not }"],
  ])("has %s replaced by %s, and says where", (from, to, message) => {
    expect(GOOD).toContain(from);
    const error = ((): unknown => {
      try {
        return parseConfiguration(GOOD.replace(from, to), "s.conf");
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message.slice(0, `s.conf:${message}`.length)).toBe(`s.conf:${message}`);
  });

  test("has ports in any order", () => {
    const roles = "roles = [('a', 'blocker'), ('b', 'blocker'), ('m', 'mapper')]\n";
    const settings = "a { 'portno': 5, 'archip_dir': 'a' }\nb { 'portno': 2, 'archip_dir': 'b' }\n";
    const mapper = "m { 'portno': 3, 'blockerb_port': 2, 'blockerm_port': 5 }\n";
    expect(parseConfiguration(roles + settings + mapper, "s.conf").roles.map(({ firstPort }) => firstPort)).toEqual([
      5, 2, 3,
    ]);
    expect(() => parseConfiguration(`roles = ${"[".repeat(99)}`, "s.conf")).toThrow(/1:30: error: lists within lists/);
  });

  test("that is cut off anywhere is an error with a place, or whole", () => {
    for (let end = 0; end < GOOD.length; end += 3)
      try {
        parseConfiguration(GOOD.slice(0, end), "s.conf");
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError);
        expect((error as Error).message).toMatch(/^s\.conf:\d+:\d+: error: ./);
      }
  });
});
