/** A running kernel moves to another machine (docs/protocols/fork.md): `cloud migrate`. */
import { expect, test } from "vitest";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { many, rowsOf } from "../setup/tier.ts";
import { boot, images, inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { type MoveFrame, MoveScene, type MoveTrouble } from "./migrate-scene.ts";
import { joined, NODES } from "./scene.ts";

const LINES = many(30_000, 80_000);
const KIND_AT = 22;
const GONE = 1;
/** Two streams run at full rate. */
const PAUSE_US = 250_000;

async function givenUp(): Promise<MoveScene> {
  const lab = await inState("three members with a key, one given up", async () => {
    const made = new MoveScene(await joined(boot({ nodes: NODES(images().iso) })));
    await made.accept();
    return made.lab;
  });
  return new MoveScene(lab);
}

test("a kernel moves with its shell and its connections, which lose nothing", async () => {
  const s = await givenUp();
  const { source, target, other } = s;
  await output(source, "set greeting hello");
  await s.talk(LINES);
  await s.move();
  expect(s.hasArrived).toBe(true);
  expect(s.said(other)).not.toMatch(new RegExp(`^ +${LINES} `, "m"));
  expect(await s.problems(LINES)).toEqual([]);
  // A loss probe and a timeout.
  expect(s.mostOften).toBeLessThanOrEqual(3);
  expect(Number(s.moved![3])).toBeLessThan(PAUSE_US);
  expect(await outputAmong(target, "echo $greeting")).toMatch(/^hello$/m);
  expect(await outputAmong(source, "echo -$greeting-")).toMatch(/^--$/m);
  expect(await outputAmong(other, "cloud")).toMatch(/^m1 .* member .*$/m);
});

test("what cannot move says why", async () => {
  const s = await givenUp();
  const { source, target } = s;
  for (const misused of ["", " m2 m3", " m2 --name web"])
    expect(await output(source, `cloud migrate${misused}`)).toMatch(/^ {2}cloud migrate NODE\|any .* starts again$/m);
  expect(await output(source, "cloud migrate m1")).toMatch(
    /^migrate: m1: no other member .*; this kernel goes on here$/m,
  );
  expect(await output(source, "cloud migrate m3")).toMatch(/^migrate: m3: .* type `cloud fork accept` there; /m);
  target.type("\x03");
});

test("a stranger's hand-over, and one that was recorded, change nothing", async () => {
  const s = await givenUp();
  await s.talk(LINES);
  await s.move("cut", "start");
  expect(s.hasStayed).toBe(true);
  const recorded = s.handovers.slice(0, 4);
  expect(recorded.length).toBeGreaterThan(0);
  await s.target.waitFor(/^cloud: m2 .* peers 2\s*$/m, { within: "60s" });
  await s.accept();
  const again = new MoveScene(s.lab);
  again.recorded = recorded;
  await again.move("forged");
  expect(again.hasArrived).toBe(true);
  expect(again.handovers.length).toBeLessThan(20);
});

test("a source that asks while the target's cluster begins anew is answered later", async () => {
  const s = await givenUp();
  const { lab, target } = s;
  const stranger = lab.plug("another");
  const hasCluster = (): boolean => {
    const word = new Uint8Array(4);
    target.machine.memory.dma.read(addressOf("cluster_netif"), word);
    return word.some((byte) => byte !== 0);
  };
  s.begin("cut", "live");
  await lab.until(() => s.hasArrived, "it has not moved", { within: "60s" });
  const gone = s.handovers.findLast((frame) => frame[KIND_AT] === GONE)!;
  let asked = 0;
  for (let step = 0; step < 40_000 && asked < 10; step++) {
    await lab.advance("100us");
    if (hasCluster()) continue;
    stranger.send(gone);
    asked++;
  }
  s.endWatch();
  expect(asked).toBe(10);
  await lab.advance("1s");
  expect(await s.answers(target)).toBe(true);
});

const TROUBLES: readonly [MoveTrouble, MoveFrame][] = [
  ["lost", "start"],
  ["lost", "ready"],
  ["lost", "gone"],
  ["cut", "gone"],
  ["cut", "live"],
  ["late", "ready"],
  ["source dies", "start"],
  ["source dies", "gone"],
  ["target dies", "start"],
  ["target dies", "ready"],
];

test.each(rowsOf(TROUBLES, [0, 1]))(
  "one has the connections, whatever becomes of a frame: %s: %s",
  async (trouble, frame) => {
    const s = await givenUp();
    await s.talk(LINES);
    await s.move(trouble, frame);
    expect(await s.problems(LINES)).toEqual([]);
  },
);
