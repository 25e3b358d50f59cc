/** A module that is pushed into machines that run: its service is another one, at once and after a start. */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { output } from "../system/output.ts";
import { digestOf, httpNamed, Scene } from "./scene.ts";

/** Aims: docs/protocols/push.md. In virtual time. */
const MOST_AWAY_US = 10_000;
const MOST_PLACED_MS = 1_000;
const MOST_DONE_MS = 2_000;

test("three nodes take a module, keep it over a reboot, and give it up again", async () => {
  const s = await Scene.of(3);
  const module = httpNamed("titled");
  const outcomes = await s.push(s.nodes, module);
  const entry = { name: "http", digest: digestOf(module), sizeBytes: module.length, isKept: false, hasBefore: false };
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ result: "done", modules: [entry] });
    const away = outcome.result === "done" ? outcome.awayUs! : 0;
    expect(away).toBeGreaterThan(0);
    expect(away).toBeLessThan(MOST_AWAY_US);
  }
  for (const node of s.nodes) expect(await s.word(node)).toBe("titled");
  // What the server before counted, and what others hang on its hooks, goes on.
  expect(await output(s.nodes[0]!, "wget http://127.0.0.1/status")).toMatch(/^requests 2\ncluster era 1, 2 peers$/m);
  expect(await output(s.nodes[0]!, "module list")).toMatch(
    new RegExp(
      `^http +${entry.digest} +${module.length} bytes  since 2026-.* after the image's, for revision 1000\\n$`,
    ),
  );
  await s.reboot(s.nodes[0]!);
  expect(await s.word(s.nodes[0]!)).toBe("titled");
  expect(await s.undo(s.nodes)).toMatchObject(s.nodes.map(() => ({ result: "done", modules: [] })));
  for (const node of s.nodes) expect(await s.word(node)).toBe("name");
  expect(await output(s.nodes[0]!, "module list; module; ls /net/modules")).toBe("");
});

thoroughly(
  "an undo brings back the module before, then the image's own; what is there already is done at once",
  async () => {
    const s = await Scene.of(1);
    const [node] = s.nodes;
    const [first, second] = [httpNamed("first"), httpNamed("second")];
    await s.push(s.nodes, first);
    expect(await s.push(s.nodes, first)).toMatchObject([{ result: "done", awayUs: null }]);
    expect(await s.push(s.nodes, second, { keeps: true })).toMatchObject([
      { result: "done", modules: [{ digest: digestOf(second), isKept: true, hasBefore: true }] },
    ]);
    expect(await s.word(node!)).toBe("second");
    expect(await output(node!, "module list")).toMatch(
      / after another one, for revision 1000, kept for other kernels\n$/,
    );
    expect(await output(node!, "module undo http; module list")).toMatch(new RegExp(`^http +${digestOf(first)} `));
    expect(await s.word(node!)).toBe("first");
    expect(await output(node!, "module undo http; module list; module")).toBe("");
    expect(await s.word(node!)).toBe("name");
    expect(await output(node!, "module undo http; module undo")).toMatch(
      /^module: http: nothing of this name was pushed\nusage: module /,
    );
    expect(await s.undo(s.nodes)).toEqual([{ result: "failed", why: "nothing of this name was pushed" }]);
  },
);

thoroughly("the new service is there within a second at three nodes, and says so after its trial", async () => {
  const s = await Scene.of(3);
  const from = s.lab.nowNs;
  const passedMs = (): number => (s.lab.nowNs - from) / 1e6;
  // While a service is replaced, this is a time since the start, which was seconds ago.
  const isPlaced = (node: LabNode): boolean => {
    const us = new DataView(node.readMemory(addressOf("part_away_us"), 4).slice().buffer).getUint32(0, true);
    return us > 0 && us < MOST_AWAY_US;
  };
  let placedMs: number | null = null;
  s.onStep = () => {
    if (placedMs === null && s.nodes.every(isPlaced)) placedMs = passedMs();
  };
  expect((await s.push(s.nodes, httpNamed("titled"))).map(({ result }) => result)).toEqual(["done", "done", "done"]);
  expect(placedMs).toBeLessThan(MOST_PLACED_MS);
  expect(passedMs()).toBeLessThan(MOST_DONE_MS);
});
