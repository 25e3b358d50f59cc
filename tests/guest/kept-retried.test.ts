/**
 * What becomes of an object that the node's disk does not give, or does not take (docs/protocols/cluster-history.md,
 * "On disk"): it is tried again every 5 s, a minute long where it is to be read, and nothing is lost.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { HIGH, nowMs, report, type Scene, SELF } from "./agreement-scene.ts";
import { type Heard, MEMBER, PROBE, regionDigest, VIEW } from "./cluster-wire.ts";
import { type Objects, objectOf, resting, saveOn } from "./remembering-scene.ts";
import { joined, regionOf, TEXT_AT, Values } from "./values-scene.ts";

const AGAIN_MS = 5000;
const MINUTE_MS = 60_000;
const BLOCK_BYTES = 4096;
const VALUES_KEPT = 32;
const RECORD_BYTES = 1160;
const CANNOT_READ = /^cluster: cluster_values cannot be read: .+; it stays as it is, and is tried again$/gm;
const CANNOT_SAVE = /^cluster: cluster_values cannot be saved: .+$/gm;
const [RED, BLUE, GREEN] = ["red", "blue", "green"].map((colour) => regionOf({ colour })) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

function valuesObject(number: number, region: Uint8Array): Uint8Array {
  const head = [word(0x4c565251), word(2), word(number), word(regionDigest(region)), word(region.length - TEXT_AT)];
  const bytes = new Uint8Array(16 + RECORD_BYTES);
  bytes.set(joined(...head, region));
  return bytes;
}

/** Turns a bit over in each block of the disk that begins like values, or back. */
function turnOver({ node }: Scene): void {
  const disk = node.disk!;
  const block = new Uint8Array(BLOCK_BYTES);
  let count = 0;
  for (let offset = 0; offset < disk.sizeBytes; offset += BLOCK_BYTES) {
    disk.read(offset, block);
    if (String.fromCharCode(...block.subarray(0, 4)) !== "QRVL") continue;
    block[4]! ^= 0x80;
    disk.write(offset, block);
    count++;
  }
  expect(count).toBeGreaterThan(0);
}

const times = (s: Scene, what: RegExp): number => s.node.console.text.match(what)?.length ?? 0;

/** The node founds its cluster with these objects on its disk, and has one other member. */
async function withOne(objects: Objects, before: (s: Scene) => void = () => {}): Promise<Values> {
  const s = await resting();
  saveOn(s.node.disk!, objects);
  before(s);
  s.node.type("service start cluster\n");
  await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  await s.lab.advance("600ms");
  const v = new Values(s);
  v.live(0, null, [HIGH]);
  await s.lab.advance("50ms");
  return v;
}

/** What the node says when it is asked whether it lives: number of its values, and whether they are on its disk. */
async function says(v: Values): Promise<{ number: number; isKept: boolean }> {
  const { s } = v;
  const fromMs = nowMs(s);
  s.wire.appear(HIGH);
  s.wire.say({ ...report(HIGH, 1, SELF), flags: 1, kind: PROBE });
  await s.lab.advance("20ms");
  const { data, flags } = s.wire.heard.findLast(({ atMs, to }) => atMs > fromMs && to === "10.0.2.99") as Heard;
  return {
    number: new DataView(data.buffer, data.byteOffset).getUint32(112, true),
    isKept: (flags & VALUES_KEPT) !== 0,
  };
}

describeThoroughly("values that cannot be read", () => {
  const object = valuesObject(7, RED);

  test("are read when they can be, with what was kept of them", async () => {
    const v = await withOne({ cluster_values: object }, turnOver);
    expect(times(v.s, CANNOT_READ)).toBe(1);
    expect(await says(v)).toEqual({ number: 0, isKept: false });
    await v.s.lab.advance(`${3 * AGAIN_MS}ms`);
    turnOver(v.s);
    await v.s.lab.advance(`${AGAIN_MS + 200}ms`);
    v.live(7, RED, [HIGH]);
    await v.s.lab.advance("50ms");
    expect(await says(v)).toEqual({ number: 7, isKept: true });
    expect(times(v.s, CANNOT_READ)).toBe(1);
  });

  test("are tried again for a minute, and then stay as they are until the next boot", async () => {
    const v = await withOne({ cluster_values: object }, turnOver);
    await v.s.lab.advance(`${MINUTE_MS - 2 * AGAIN_MS}ms`);
    turnOver(v.s);
    await v.s.lab.advance(`${AGAIN_MS + 200}ms`);
    v.live(0, null, [HIGH]);
    await v.s.lab.advance("50ms");
    expect((await says(v)).number).toBe(7);
    const late = await withOne({ cluster_values: object }, turnOver);
    await late.s.lab.advance(`${MINUTE_MS + 1000}ms`);
    turnOver(late.s);
    late.live(0, null, [HIGH]);
    await late.s.lab.advance(`${2 * AGAIN_MS}ms`);
    late.live(0, null, [HIGH]);
    await late.s.lab.advance("50ms");
    expect((await says(late)).number).toBe(0);
    // What comes meanwhile is not written over them.
    late.tell(HIGH, 3, BLUE);
    await late.s.lab.advance(`${2 * AGAIN_MS}ms`);
    expect(objectOf(late.s, "cluster_values")).toEqual(object);
  });

  test("are not written over by newer ones, which are on the disk once the others were read", async () => {
    const v = await withOne({ cluster_values: object }, turnOver);
    v.tell(HIGH, 9, BLUE);
    await v.s.lab.advance("500ms");
    expect(await says(v)).toEqual({ number: 9, isKept: false });
    turnOver(v.s);
    expect(objectOf(v.s, "cluster_values")).toEqual(object);
    // Each change has the task look again, and wait anew.
    await v.s.lab.advance(`${2 * AGAIN_MS + 500}ms`);
    v.live(9, BLUE, [HIGH]);
    await v.s.lab.advance("50ms");
    expect(await says(v)).toEqual({ number: 9, isKept: true });
    expect(objectOf(v.s, "cluster_values")).toEqual(valuesObject(9, BLUE));
  });
});

describeThoroughly("values that could not be read, of the number that others told meanwhile", () => {
  const [low, high] = [RED, BLUE].sort((one, other) => (regionDigest(one) >>> 0) - (regionDigest(other) >>> 0));
  test.each([
    ["a higher digest are this node's then", low!, high!],
    ["a lower digest are replaced on the disk", high!, low!],
  ])("and of %s", async (_what, told, kept) => {
    const v = await withOne({ cluster_values: valuesObject(7, kept) }, turnOver);
    v.tell(HIGH, 7, told);
    await v.s.lab.advance("500ms");
    expect(await v.get("colour")).toBe(told === RED ? "red" : "blue");
    turnOver(v.s);
    await v.s.lab.advance(`${2 * AGAIN_MS + 500}ms`);
    expect(await v.get("colour")).toBe(high === RED ? "red" : "blue");
    expect(objectOf(v.s, "cluster_values")).toEqual(valuesObject(7, high!));
  });
});

describe("values that cannot be written", () => {
  thoroughly("are in memory, which is said once, and packets say that they are not on the disk", async () => {
    const v = await withOne({ cluster_values: valuesObject(7, RED) });
    const { s } = v;
    expect(await says(v)).toEqual({ number: 7, isKept: true });
    s.node.failDisk(0, 100);
    for (const [number, region] of [
      [8, BLUE],
      [9, GREEN],
    ] as const) {
      v.tell(HIGH, number, region);
      for (let ms = 0; ms < AGAIN_MS + 1000; ms += 250) {
        v.live(number, region, [HIGH]);
        await s.lab.advance("250ms");
      }
      expect(await says(v)).toEqual({ number, isKept: false });
      expect(times(s, CANNOT_SAVE)).toBe(1);
    }
    s.node.failDisk(0, 0);
    expect(objectOf(s, "cluster_values")).toEqual(valuesObject(7, RED));
  });

  test("do not keep the cluster from ending, and what can be written is on the disk then", async () => {
    const v = await withOne({ cluster_values: valuesObject(7, RED) });
    const { s } = v;
    await s.node.waitFor(PROMPT);
    v.tell(HIGH, 8, BLUE);
    await s.lab.advance("20ms");
    await s.node.enter("service stop cluster", PROMPT, { within: "2s" });
    expect(objectOf(s, "cluster_values")).toEqual(valuesObject(8, BLUE));
    const late = await withOne({ cluster_values: valuesObject(7, RED) });
    await late.s.node.waitFor(PROMPT);
    late.s.node.failDisk(0, 100);
    late.tell(HIGH, 8, BLUE);
    await late.s.lab.advance("20ms");
    // A vote about them is on no disk before they are.
    late.prepare(HIGH, 9, [3, HIGH]);
    await late.s.lab.advance("20ms");
    await late.s.node.enter("service stop cluster", PROMPT, { within: "5s" });
    expect(objectOf(late.s, "cluster_vote")).toBeNull();
    const able = await withOne({ cluster_values: valuesObject(7, RED) });
    await able.s.node.waitFor(PROMPT);
    able.prepare(HIGH, 8, [3, HIGH]);
    await able.s.lab.advance("2ms");
    await able.s.node.enter("service stop cluster", PROMPT, { within: "2s" });
    expect(objectOf(able.s, "cluster_vote")).not.toBeNull();
  });
});
