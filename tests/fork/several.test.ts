/** A running kernel becomes several at once (docs/protocols/fork.md): `cloud fork NODE NODE...`, `cloud fork all`. */
import { expect, test } from "vitest";
import type { NicModel } from "../../emulator/board-config.ts";
import type { LabCluster } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { isThorough, many, rowsOf } from "../setup/tier.ts";
import { hex } from "../system/clone-scene.ts";
import { boot, images, inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { catchAt, differing, OWN } from "./memory.ts";
import { joined, LATER_NS } from "./scene.ts";
import { type Fate, SeveralScene } from "./several-scene.ts";

const NUMBER_AT = 14 + 16;
const DATA_AT = 14 + 24;

function members(count: number, nicOf: (index: number) => NicModel = () => "e1000"): Promise<LabCluster> {
  const nics = Array.from({ length: count }, (_, index) => nicOf(index));
  return inState(`${count} members with a key: ${nics.join(" ")}`, () =>
    joined(
      boot({
        nodes: nics.map((nic, index) => ({
          cdrom: images().iso,
          nic,
          ramBytes: 12 << 20,
          hostName: `m${index + 1}`,
          key: keyOfSeed(1),
        })),
      }),
    ),
  );
}

/** A frame with one byte otherwise. */
function bent(frame: Uint8Array, at: number): Uint8Array {
  const made = frame.slice();
  made[at]! ^= 1;
  return made;
}

/** Before each so many frames a stranger speaks. */
const STRANGERS_EACH = many(8, 1);
const amongStrangers: Fate = (_to, { timeNs, frame }, number) =>
  [
    ...(number % STRANGERS_EACH > 0
      ? []
      : [
          bent(frame, DATA_AT),
          bent(frame, frame.length - 1),
          bent(frame, NUMBER_AT),
          bent(frame, NUMBER_AT + 3),
          bent(frame, 14 + 8),
          frame.slice(0, 60),
          frame.slice(0, 15),
        ]),
    frame,
  ].map((made) => ({ timeNs, frame: made }));

const FATES: readonly (readonly [string, Fate])[] = [
  ["lost here and there", (to, arrival, number) => ((number + to) % 7 === 0 ? [] : [arrival])],
  ["lost on their way to one of them", (to, arrival) => (to === 1 ? [] : [arrival])],
  [
    "doubled",
    (_to, { timeNs, frame }) => [
      { timeNs, frame },
      { timeNs: timeNs + LATER_NS, frame },
    ],
  ],
  [
    "late, each fifth of them",
    (_to, { timeNs, frame }, number) => [{ timeNs: number % 5 === 0 ? timeNs + 20 * LATER_NS : timeNs, frame }],
  ],
  ["before them a stranger's", amongStrangers],
];

describeThoroughly("whatever becomes of the frames that all hear, each twin has the source's memory", () => {
  test.each(FATES)("%s", async (_name, fate) => {
    const s = new SeveralScene(await members(3));
    const memories: Uint8Array[][] = [[], [], []];
    if (isThorough)
      for (const { index } of s.lab.nodes)
        catchAt(s.lab.nodes[index]!, index === 0 ? "fork_copy" : "generation_landed", memories[index]!);
    await output(s.source, "set greeting hello");
    await s.accept();
    await s.fork("m2 m3", fate);
    expect([...s.twins, s.counted]).toEqual(["m2", "m3", 2]);
    for (const [memory] of memories.slice(1))
      if (memory !== undefined)
        expect(differing(memories[0]![0]!, memory).filter((name) => !OWN.includes(name))).toEqual([]);
    for (const twin of s.targets) expect(await outputAmong(twin, "echo $greeting")).toMatch(/^hello$/m);
    await s.settle();
    expect(await s.problems()).toEqual([]);
  });
});

thoroughly("eight twins at once: each lives, under its own name, with its own dice", async () => {
  const s = new SeveralScene(await members(9));
  const { lab, source, targets } = s;
  await output(source, "set greeting hello");
  await output(source, "sleep 5000 &");
  await s.accept();
  await s.fork("all");
  expect(s.twins).toEqual(targets.map((_, index) => `m${index + 2}`));
  expect(s.counted).toBe(8);
  await s.settle();
  for (const node of lab.nodes) expect(await output(node, "echo $greeting")).toMatch(/^hello$/m);
  await lab.advance("6s");
  for (const node of lab.nodes) await output(node, "");
  for (const { console } of lab.nodes) expect(console.text).toMatch(/ended with status 0: sleep 5000$/m);
  for (const secret of ["generator_state", "trust_session", "secret_key"]) {
    const all = lab.nodes.map((node) => hex(node.readMemory(addressOf(secret), 8)));
    expect(new Set(all).size, secret).toBe(9);
  }
  const table = await output(source, "cloud");
  expect(new Set(table.match(/^m\d(?= .* member )/gm)).size).toBe(9);
  expect(await s.problems()).toEqual([]);
});

test.each(rowsOf(["rtl8139", "virtio"] as const, 0))("cards let the frames in: %s", async (nic) => {
  const s = new SeveralScene(await members(3, () => nic));
  await s.accept();
  await s.fork("all");
  expect(s.twins).toEqual(["m2", "m3"]);
  // None was lost in a card's ring: it would have been sent again.
  const numbers = s.heard[1]!.map((frame) => hex(frame.subarray(NUMBER_AT, NUMBER_AT + 4)));
  expect(new Set(numbers).size).toBe(numbers.length);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

thoroughly("who refuses, is asked twice or is no member is left out, and the others become twins", async () => {
  const s = new SeveralScene(await members(4, (index) => (index === 2 ? "rtl8139" : "e1000")));
  const { source, targets } = s;
  expect(await output(source, "cloud fork all")).toMatch(
    /^fork: no member takes it: type `cloud fork accept` at some; /m,
  );
  expect(await output(source, "cloud fork 1 2 3 4 5 6 7 8 9")).toMatch(/^ {2}cloud fork NODE\|any /m);
  await s.accept(targets.slice(0, 2));
  const { nowNs } = s.lab;
  await s.fork("m2 m3 m4 m7 m2");
  expect((s.lab.nowNs - nowNs) / 1e9).toBeLessThan(2); // nobody waits for who is named twice
  const said = s.said(source);
  expect(said).toMatch(/^fork: m3: it is another kind of machine: /m);
  expect(said).toMatch(/^fork: m4: it has to be given up first: /m);
  expect(said).toMatch(/^fork: m7: no other member has this name or address$/m);
  expect(said).toMatch(/^fork: m2: it is named twice$/m);
  expect(said).toMatch(/^twins: 1, /m);
  expect(s.twins).toEqual(["m2"]);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

thoroughly("one that nobody knows yet to be dead does not take the others' time", async () => {
  const s = new SeveralScene(await members(4));
  await s.accept();
  s.lab.nodes[1]!.powerOff();
  await s.fork("m2 m3 m4");
  expect(s.said(s.source)).toMatch(/^fork: m2: /m);
  expect([...s.twins, s.counted]).toEqual(["m3", "m4", 2]);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

test("one target dies while pages come: the others become twins, whatever strangers say before", async () => {
  const s = new SeveralScene(await members(4));
  await output(s.source, "set greeting hello");
  await s.accept();
  await s.fork("all", amongStrangers, () => s.lab.nodes[2]!.powerOff());
  expect(s.twins).toEqual(["m2", "m4"]);
  expect(s.counted).toBe(2);
  expect(s.said(s.source)).toMatch(/^fork: m3: /m);
  for (const twin of [s.lab.nodes[1]!, s.lab.nodes[3]!])
    expect(await outputAmong(twin, "echo $greeting")).toMatch(/^hello$/m);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

thoroughly("forty forged frames before each cost what the cipher takes for a window, and no more", async () => {
  const s = new SeveralScene(await members(3));
  await s.accept();
  await s.fork("m2 m3", (_to, { timeNs, frame }) =>
    Array.from({ length: 41 }, (_, at) => ({ timeNs, frame: at < 40 ? bent(frame, DATA_AT + at) : frame })),
  );
  expect(s.twins).toEqual(["m2", "m3"]);
  // 0.1 s without them; 4.2 s when all are proved.
  expect(Number(/ (\d+) ms in all$/m.exec(s.said(s.source))![1])).toBeLessThan(1500);
});

thoroughly("the source dies while pages come: nobody becomes a twin, and all go on", async () => {
  const s = new SeveralScene(await members(4));
  await s.accept();
  await s.fork("all", undefined, () => s.source.powerOff());
  expect(s.twins).toEqual([]);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

thoroughly("what was recorded of another fork opens nothing", async () => {
  const s = new SeveralScene(await members(3));
  await s.accept();
  await s.fork("all");
  const old = s.heard[1]!.map((frame) => frame.slice());
  await s.settle();
  await s.accept();
  await s.fork("all", (_to, { timeNs, frame }, number) =>
    [old[number] ?? frame, frame].map((made) => ({ timeNs, frame: made })),
  );
  expect([...s.twins, s.counted]).toEqual(["m2", "m3", 2]);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});
