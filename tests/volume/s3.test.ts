/** A store in S3: over a server that does it right, and over each that does it wrong in a way that was met. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseS3Place, s3KeysOf } from "../../src/volume/s3/place.ts";
import { openS3Store, type S3Store } from "../../src/volume/s3/store.ts";
import { parseXml } from "../../src/volume/s3/xml.ts";
import { rowsOf } from "../setup/tier.ts";
import { type Faults, hostWithoutWaiting, KNOWN, S3Stub } from "./s3-stub.ts";

let stub: S3Stub;
beforeAll(async () => {
  stub = await S3Stub.start();
});
afterAll(() => stub.close());
beforeEach(() => stub.reset());

const KEYS = { accessKeyId: "KEY", secretAccessKey: "SECRET" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (stored: { bytes: Uint8Array } | null): string | null => stored && new TextDecoder().decode(stored.bytes);
const place = (bucket = "bucket") => parseS3Place(`s3://${bucket}/volumes?endpoint=${stub.endpoint}`, {});

/** A store over the stub with these faults, which are there before it is probed unless `later`. */
async function open(faults: Partial<Faults> = {}, host = hostWithoutWaiting()): Promise<S3Store> {
  Object.assign(stub.faults, faults);
  return openS3Store(place(), KEYS, host, { answerMs: 200, patienceMs: 20_000 });
}

/** One that need not be probed any more. */
async function openThen(faults: Partial<Faults>): Promise<S3Store> {
  const options = { answerMs: 200, patienceMs: 20_000, memory: KNOWN };
  const store = await openS3Store(place(), KEYS, hostWithoutWaiting(), options);
  Object.assign(stub.faults, faults);
  return store;
}

describe("a server that does it right", () => {
  test("has what is written, whole and in parts, and lists it in order", async () => {
    const store = await open();
    expect(store.readOnly).toBe(null);
    await store.write("object/a/1/0", 2, bytes("cd"), { isDurable: true });
    await store.write("object/a/1/0", 0, bytes("ab"), { isDurable: false });
    expect(text(await store.read("object/a/1/0"))).toBe("abcd");
    expect(await store.read("object/a/1/0", { atBytes: 1, lengthBytes: 2 })).toMatchObject({
      bytes: bytes("bc"),
      sizeBytes: 4,
    });
    expect(await store.read("object/a/1/0", { atBytes: 3, lengthBytes: 9 })).toMatchObject({ bytes: bytes("d") });
    expect(await store.read("object/a/1/0", { atBytes: 9, lengthBytes: 9 })).toMatchObject({ bytes: bytes("") });
    expect(await store.read("object/a/1/0", { atBytes: 0, lengthBytes: 0 })).toMatchObject({ sizeBytes: 4 });
    expect(await store.read("object/a/1/1")).toBe(null);
    expect(await store.list("object/")).toEqual(["object/a/1/0"]);
    await store.remove("object/a/1/0");
    await store.remove("object/a/1/0");
    expect([...stub.objects.keys()]).toEqual([]);
  });

  test("swaps what has the tag, and nothing else", async () => {
    const store = await open();
    expect((await store.swap("head/a", bytes("1"), null)).outcome).toBe("done");
    expect((await store.swap("head/a", bytes("2"), null)).outcome).toBe("refused");
    const { tag } = (await store.read("head/a"))!;
    expect((await store.swap("head/a", bytes("2"), tag)).outcome).toBe("done");
    expect((await store.swap("head/a", bytes("3"), tag)).outcome).toBe("refused");
    expect((await store.swap("head/b", bytes("3"), tag)).outcome).toBe("refused");
    expect(text(await store.read("head/a"))).toBe("2");
  });

  test("makes a new object by one request, and merges what two write into one", async () => {
    const store = await openThen({});
    await store.write("map/a", 0, bytes("page"), { isDurable: true });
    expect(stub.log).toEqual(["PUT /bucket/volumes/map/a 200"]);
    const writers = Array.from({ length: 6 }, (_, index) => index);
    await Promise.all(
      writers.map((index) => store.write("object/a/1/0", index, bytes(`${index}`), { isDurable: true })),
    );
    expect(text(await store.read("object/a/1/0"))).toBe("012345");
  });

  test("has its probe's objects removed, and is not probed again by one who remembers", async () => {
    const kept: unknown[] = [];
    const memory = { recall: async () => null, keep: async (probed: unknown) => void kept.push(probed) };
    await openS3Store(place(), KEYS, hostWithoutWaiting(), { memory });
    expect([...stub.objects.keys()]).toEqual([]);
    expect(kept).toEqual([{ readOnly: null, tagForm: "quoted", isTagSaid: true }]);
    stub.log.length = 0;
    const known = {
      ...memory,
      recall: async () => ({ readOnly: "it was bad", tagForm: "quoted", isTagSaid: true }) as const,
    };
    const store = await openS3Store(place(), KEYS, hostWithoutWaiting(), { memory: known });
    expect([store.readOnly, stub.log]).toEqual(["it was bad", []]);
    await expect(store.swap("head/a", bytes("1"), null)).rejects.toThrow(/volumes at .* is read-only: it was bad/);
  });
});

test("a server is used with tags as it wants them", async () => {
  for (const wantsBareTags of [false, true]) {
    const store = await open({ wantsBareTags });
    expect(store.readOnly).toBe(null);
    await store.swap("head/a", bytes("1"), null);
    expect((await store.swap("head/a", bytes("2"), (await store.read("head/a"))!.tag)).outcome).toBe("done");
    stub.reset();
  }
});

const READ_ONLY: readonly (readonly [string, Partial<Faults>, RegExp])[] = [
  ["takes no notice of conditions, as s3rver", { ignoresConditions: true }, /If-None-Match: \* is not honoured/],
  ["takes no notice of If-Match", { ignoresIfMatch: true }, /If-Match is not honoured/],
  ["lets each of several creates win, as SeaweedFS did", { allCreatesWin: true }, /makes an object that is there/],
  ["makes what is absent on If-Match, as MinIO did", { makesAbsentOnMatch: true }, /If-Match with an absent one/],
  ["gives no tags", { hasNoTags: true }, /no tags/],
  ["reads what was there before", { readsOld: true }, /not what was written last|right one/],
  ["answers each swap with an error", { failsBeforeCommit: 9999 }, /answers most swaps with errors/],
  ["lets these keys read only", { deniesWrites: true }, /its keys may not write .*403 AccessDenied/],
];

describe("a server is opened for reading only, and the reason named, if it", () => {
  test.each(rowsOf(READ_ONLY, 4))("%s", async (_, faults, reason) => {
    stub.objects.set("volumes/head/a", bytes("1"));
    const store = await open(faults);
    expect(store.readOnly).toMatch(reason);
    expect(text(await store.read("head/a"))).toBe("1");
    await expect(store.write("object/a/1/0", 0, bytes("x"), { isDurable: true })).rejects.toThrow(/read-only/);
  });
});

const ENDURED: readonly (readonly [string, Partial<Faults>])[] = [
  ["409 for each swap at first", { conflicts: 3 }],
  ["404 for a swap of what is absent, as AWS", { saysMissingOnMatch: true }],
  ["500 before the commit", { failsBeforeCommit: 3 }],
  ["500 after the commit", { failsAfterCommit: 3 }],
  ["lost answers", { losesAnswers: 3 }],
  ["lost requests", { losesRequests: 3 }],
  ["requests that are never answered", { neverAnswers: 2 }],
  ["bodies that are cut", { cutsBodies: 3 }],
  ["ranges that are wrong at first", { sendsWrongRanges: 3 }],
  ["no notice of ranges", { ignoresRanges: true }],
  ["lists that are cut", { cutsLists: 3 }],
  ["truncated lists without a token", { listsWithoutToken: 2 }],
  ["503 Slow Down", { isBusy: 4 }],
  ["a clock that is an hour ahead", { aheadMs: 3_600_000 }],
  ["a clock that is a year behind", { aheadMs: -31_536_000_000 }],
];

describe("nothing is lost, doubled or half read of a store with", () => {
  test.each(rowsOf(ENDURED, 6))("%s", async (_, faults) => {
    const store = await openThen(faults);
    await Promise.all(
      [0, 1, 2].map((index) => store.write("object/a/1/0", index * 2, bytes(`x${index}`), { isDurable: true })),
    );
    for (let index = 0; index < 12; index++) stub.objects.set(`volumes/map/${index}`, bytes("page"));
    expect(text(await store.read("object/a/1/0"))).toBe("x0x1x2");
    expect(text(await store.read("object/a/1/0", { atBytes: 1, lengthBytes: 3 }))).toBe("0x1");
    expect(await store.list("map/")).toHaveLength(12);
    await store.remove("map/0");
    expect(stub.objects.has("volumes/map/0")).toBe(false);
  });
});

describe("an answer that says nothing is unknown:", () => {
  test.each([
    ["500 after the commit", { failsAfterCommit: 1 }, "1"],
    ["500 before the commit", { failsBeforeCommit: 1 }, null],
    ["a lost answer", { losesAnswers: 1 }, "1"],
    ["a lost request", { losesRequests: 1 }, null],
    ["no answer in time", { neverAnswers: 1 }, null],
    ["503", { isBusy: 1 }, null],
  ] as const)("%s", async (_, faults, content) => {
    const store = await openThen(faults);
    expect((await store.swap("head/a", bytes("1"), null)).outcome).toBe("unknown");
    expect(text(await store.read("head/a"))).toBe(content);
  });
});

test("a server that is away, or lets these keys do nothing, is an error and not one that is read only", async () => {
  await expect(open({ isDown: true })).rejects.toThrow(/does not answer/);
  stub.reset();
  await expect(open({ deniesAll: true })).rejects.toThrow(/says no \(403 AccessDenied\)/);
});

test("a probe is not led astray by answers that are lost", async () => {
  for (const faults of [
    { losesAnswers: 2 },
    { failsBeforeCommit: 4 },
    { failsAfterCommit: 2 },
    { losesRequests: 2 },
    { isBusy: 3 },
  ]) {
    expect((await open(faults)).readOnly).toBe(null);
    stub.reset();
  }
});

test("a store that is gone for ten minutes is waited for, then is one error, then goes on", async () => {
  const host = hostWithoutWaiting();
  const store = await open({}, host);
  await store.write("map/a", 0, bytes("page"), { isDurable: true });
  stub.faults.isDown = true;
  host.pausedMs = 0;
  await expect(store.read("map/a")).rejects.toThrow(
    /^s3:\/\/bucket\/volumes at http:\S+ does not answer: .*, after \d+ s$/,
  );
  expect(host.pausedMs).toBeGreaterThan(10_000);
  host.pausedMs = 0;
  await expect(store.read("map/a")).rejects.toThrow(/does not answer/);
  expect(host.pausedMs).toBe(0);
  stub.faults.isDown = false;
  expect(text(await store.read("map/a"))).toBe("page");
  stub.faults.isDown = true;
  await expect(store.list("map/")).rejects.toThrow(/after \d+ s/);
});

test("lists without an end, keys that are wrong, buckets that are not there and redirects to strangers are errors", async () => {
  const store = await openThen({ listsInCircles: true });
  for (let index = 0; index < 12; index++) stub.objects.set(`volumes/map/${index}`, bytes("page"));
  await expect(store.list("map/")).rejects.toThrow(/without an end/);
  stub.faults.deniesAll = true;
  await expect(store.read("map/0")).rejects.toThrow(/says no \(403 AccessDenied\): see AWS_ACCESS_KEY_ID/);
  Object.assign(stub.faults, { deniesAll: false, redirectsTo: "http://elsewhere.example" });
  await expect(store.read("map/0")).rejects.toThrow(/redirects to http:\/\/elsewhere\.example: give that as endpoint/);
  Object.assign(stub.faults, { redirectsTo: null });
  const host = hostWithoutWaiting();
  await expect(openS3Store(place("other"), KEYS, host)).rejects.toThrow(/there is no bucket other: make it first/);
  await expect(openS3Store(place(), { ...KEYS, accessKeyId: "no" }, host)).rejects.toThrow(/403 InvalidAccessKeyId/);
});

test("an answer without an end is none, and what a server says is passed on only where it is a code", async () => {
  const piece = new Uint8Array(64 << 20);
  let sent = 0;
  const endless = (): ReadableStream =>
    new ReadableStream({
      pull: (to) => {
        sent++;
        to.enqueue(piece);
      },
    });
  const answers = (make: () => Response) => ({ ...hostWithoutWaiting(), fetch: async () => make() });
  const options = { memory: KNOWN, patienceMs: 1 };
  const headers = { "Content-Length": "999999999999999" };
  const flood = await openS3Store(
    place(),
    KEYS,
    answers(() => new Response(endless(), { headers })),
    options,
  );
  await expect(flood.read("head/a")).rejects.toThrow(/its answer is longer than any can be/);
  expect(sent).toBeLessThan(30);
  for (const code of ["\u001b[31mEvil", "two\nlines", "A".repeat(1000)]) {
    const said = (): Response => new Response(`<Error><Code>${code}</Code></Error>`, { status: 400 });
    const rude = await openS3Store(place(), KEYS, answers(said), options);
    await expect(rude.read("head/a")).rejects.toThrow(/cannot read head\/a: 400$/);
  }
});

test("a place is read as it is written, and an odd one refused with the form", () => {
  expect(parseS3Place("s3://disks", {})).toEqual({
    bucket: "disks",
    prefix: "",
    endpoint: "https://s3.us-east-1.amazonaws.com",
    region: "us-east-1",
  });
  expect(parseS3Place("s3://disks/a//b/?region=auto", { AWS_ENDPOINT_URL: "http://10.0.0.1:9000/" })).toEqual({
    bucket: "disks",
    prefix: "a/b/",
    endpoint: "http://10.0.0.1:9000",
    region: "auto",
  });
  for (const odd of ["s3://", "s3://A", "s3://disks/a b", "s3://disks/../b", "s3://disks?a=b", "s3://disks?endpoint=x"])
    expect(() => parseS3Place(odd, {})).toThrow(/: .*write /);
  expect(() => s3KeysOf({})).toThrow(/AWS_ACCESS_KEY_ID/);
  expect(s3KeysOf({ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c" }).sessionToken).toBe(
    "c",
  );
});

test("XML that is not whole is none", () => {
  const whole = `<?xml version="1.0"?><a b='1'><c>x &amp; &#x41;</c><d/></a>`;
  expect(parseXml(whole)?.children.map(({ text: inner }) => inner)).toEqual(["x & A", ""]);
  for (let end = 0; end < whole.length; end++) expect(parseXml(whole.slice(0, end))).toBe(null);
  for (const odd of [
    "<a></b>",
    "<a>&lt</a>",
    "<a/><b/>",
    "x<a/>",
    "<!DOCTYPE a><a/>",
    "<a".repeat(99),
    "<a>".repeat(99),
  ])
    expect(parseXml(odd)).toBe(null);
});
