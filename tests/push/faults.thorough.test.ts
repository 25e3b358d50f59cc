/** What can go wrong with a push: frames, keys, recordings, content, modules, kernels, disks and power. */
import { expect, test } from "vitest";
import { sha256 } from "../../src/bytes/sha256.ts";
import { FileSystemError, mount } from "../../src/disk/oofs/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { clusterPacketOf } from "../../src/wire/cluster.ts";
import { KIND, PUSH, PUSHED } from "../../src/wire/cluster-layout.ts";
import { packetHex } from "../../src/wire/hex.ts";
import { frameWith } from "../cloud/watched.ts";
import { spreadSample } from "../setup/tier.ts";
import { diskWith } from "../system/disk-with.ts";
import { isoOf, PROMPT, sources } from "../system/images.ts";
import { output } from "../system/output.ts";
import { cutAt, RecordingDisk, volumeOn } from "../system/recording-disk.ts";
import { digestOf, httpNamed, httpThat, Scene } from "./scene.ts";

/** Places where each of the four acts is cut; each way the rest is kept. */
const CUTS = 40;

const isPush = (frame: Uint8Array): boolean => [PUSH, PUSHED].includes(clusterPacketOf(frame)?.[KIND] ?? 0);

test("each frame of a push is lost once, or comes twice, and it is done all the same", async () => {
  const s = await Scene.ofOne();
  const send = s.plug.send.bind(s.plug);
  const hear = s.lab.cluster.network.onFrame!;
  let [count, lost, doubled] = [0, -1, -1];
  const passes = (frame: Uint8Array): number => {
    if (!isPush(frame)) return 1;
    const index = count++;
    return index === lost ? 0 : index === doubled ? 2 : 1;
  };
  s.plug.send = (frame) => {
    for (let times = passes(frame); times > 0; times--) send(frame);
  };
  s.lab.cluster.network.onFrame = (...given) => {
    for (let times = passes(given[4]); times > 0; times--) hear(...given);
  };
  const modules = [httpNamed("first"), httpNamed("second")];
  for (let index = 0, frames = 1; index < frames; index++)
    for (const [loses, doubles] of [
      [index, -1],
      [-1, index],
    ]) {
      [count, lost, doubled] = [0, loses!, doubles!];
      const module = modules[(2 * index + Number(loses === -1)) % 2]!;
      const [outcome] = await s.push(s.nodes, module);
      expect(outcome, `frame ${index} is ${loses === -1 ? "doubled" : "lost"}`).toMatchObject({ result: "done" });
      expect(await s.pushed(s.nodes[0]!)).toBe(`http ${digestOf(module)}`);
      frames = Math.max(frames, Math.min(count, 40));
    }
  expect(await output(s.nodes[0]!, "mem check")).toMatch(/all headers agree/);
});

test("a host with another key, and one with none, is not heard", async () => {
  const s = await Scene.ofOne();
  const module = httpNamed("titled");
  const stranger = new Scene(s.parts, keyOfSeed(2));
  await stranger.advance(2000);
  expect(await stranger.push(s.nodes, module)).toMatchObject([{ result: "no answer" }]);
  const honest = new Scene(s.parts);
  await honest.advance(2000);
  expect(await honest.pushed(s.nodes[0]!)).toBe("");
});

test("a recording of a push, all of it or any frame, does nothing", async () => {
  const s = await Scene.ofOne();
  const module = httpNamed("titled");
  await s.push(s.nodes, module);
  await s.undo(s.nodes);
  const recorded = s.said.filter(isPush);
  expect(recorded.length).toBeGreaterThan(10);
  for (const frame of [...recorded, ...recorded.toReversed()]) {
    s.plug.send(frame);
    await s.lab.advance("2ms");
  }
  await s.advance(3000);
  expect([await s.pushed(s.nodes[0]!), await s.word(s.nodes[0]!)]).toEqual(["", "name"]);
  // Nor what a bit was changed in.
  for (const [index, frame] of recorded.entries()) {
    const data = clusterPacketOf(frame)!.slice();
    data[128 + (index % (data.length - 128))]! ^= 1 << (index % 8);
    s.plug.send(frameWith(frame, data));
    await s.lab.advance("2ms");
  }
  await s.advance(3000);
  expect([await s.pushed(s.nodes[0]!), await s.word(s.nodes[0]!)]).toEqual(["", "name"]);
});

/** What it does before it serves, and what the host hears of that. */
const BAD: readonly (readonly [statements: string, why: string | RegExp])[] = [
  ["xor eax, eax; mov [eax], eax", "the new part has faulted: page fault"],
  ["ret", "the new part has ended"],
  ["mov eax, 400; call task_sleep; ud2", /^the new part has faulted: invalid opcode/],
  ["call log_nothing", "not found: log_nothing"],
];

test("a module that faults, ends or lacks something leaves the old one, running and on the disk", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  const good = httpNamed("titled");
  await s.push(s.nodes, good);
  for (const [statements, why] of BAD) {
    const [outcome] = await s.push(s.nodes, httpThat(statements));
    expect(outcome).toMatchObject({ result: "failed", why: expect.stringMatching(why) });
    expect([await s.word(node!), await s.pushed(node!)]).toEqual(["titled", `http ${digestOf(good)}`]);
    expect(await output(node!, "ls /net/modules")).toMatch(/^file +\d+ +http-[0-9a-f]{8}\.o\n$/);
  }
  const torn = good.slice(0, good.length / 2);
  expect(await s.push(s.nodes, torn)).toMatchObject([
    { result: "failed", why: "data is damaged or of another format" },
  ]);
  expect(await s.push(s.nodes, Uint8Array.of(1))).toMatchObject([
    { result: "failed", why: "not a program for this system" },
  ]);
  expect(await s.push(s.nodes, good, { name: "nothing" })).toMatchObject([
    { result: "failed", why: "no service of the kernel has this name (service list)" },
  ]);
  expect(await s.push(s.nodes, good, { name: "log" })).toMatchObject([
    { result: "failed", why: "the module has no part of this name" },
  ]);
  await output(node!, "service stop http");
  expect(await s.push(s.nodes, httpNamed("late"))).toMatchObject([
    { result: "failed", why: "the service does not run" },
  ]);
  await output(node!, "service start http");
  await s.reboot(node!);
  expect([await s.word(node!), await s.pushed(node!)]).toEqual(["titled", `http ${digestOf(good)}`]);
  expect(await output(node!, "mem check")).toMatch(/all headers agree/);
});

test("a host that falls silent costs memory for ten seconds, and no more", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  const before = await output(node!, "mem");
  s.observer.pushes.push(s.idOf(node!), "http", httpNamed("titled"), false, () => {});
  const send = s.plug.send.bind(s.plug);
  let left = 5;
  s.plug.send = (frame) => {
    if (!isPush(frame) || left-- > 0) send(frame);
  };
  await s.advance(13_000);
  s.plug.send = send;
  expect(await s.pushed(node!)).toBe("");
  const heap = /heap .*/g;
  expect((await output(node!, "mem")).replace(heap, "")).toBe(before.replace(heap, ""));
});

test("a node without a disk takes no module", async () => {
  const s = await Scene.of(1, false);
  expect(await s.push(s.nodes, httpNamed("titled"))).toEqual([
    { result: "failed", why: "nothing is mounted at /net, where it would be kept" },
  ]);
});

test("a full disk leaves the old one", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  const first = httpNamed("first");
  await s.push(s.nodes, first);
  await node!.enter("cat /boot/kernel > /net/fill; seq 900000 > /net/fill2; seq 900000 > /net/fill3", PROMPT, {
    within: "600s",
  });
  const [outcome] = await s.push(s.nodes, httpNamed("second"));
  expect(outcome).toMatchObject({ result: "failed", why: expect.stringMatching(/space|full/) });
  expect([await s.word(node!), await s.pushed(node!)]).toEqual(["first", `http ${digestOf(first)}`]);
  await s.reboot(node!);
  expect([await s.word(node!), await s.pushed(node!)]).toEqual(["first", `http ${digestOf(first)}`]);
});

/** What a disk says is pushed: the desired state, and whether each file is what that says. */
function desiredOn(disk: Uint8Array): { readonly digest: string; readonly isWhole: boolean }[] {
  const device = new RecordingDisk();
  device.content = disk.slice();
  const fs = mount(volumeOn(device));
  let bytes: Uint8Array;
  try {
    bytes = fs.loadObject("pushed_modules", 0).bytes;
  } catch (error) {
    if (error instanceof FileSystemError && error.code === "not-found") return [];
    throw error;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: view.getUint32(8, true) }, (_, index) => {
    const at = 20 + 104 * index;
    const digest = packetHex(bytes, at + 16, 4);
    const file = fs.read(`/modules/http-${digest}.o`);
    return { digest, isWhole: packetHex(sha256(file), 0, 32) === packetHex(bytes, at + 16, 32) };
  });
}

test("a push that is cut at drawn writes is there whole after the start, or not at all", async () => {
  const disk = diskWith(new Map());
  const s = await Scene.ofOne({ disk });
  const [first, second] = [httpNamed("first"), httpNamed("second")];
  const acts: readonly (readonly [
    name: string,
    act: () => Promise<unknown>,
    allowed: readonly (string | undefined)[],
  ])[] = [
    ["first", () => s.push(s.nodes, first), [undefined, digestOf(first)]],
    ["second", () => s.push(s.nodes, second), [digestOf(first), digestOf(second)]],
    ["undo", () => s.undo(s.nodes), [digestOf(second), digestOf(first)]],
    ["undo again", () => s.undo(s.nodes), [digestOf(first), undefined]],
  ];
  for (const [name, act, allowed] of acts) {
    const before = disk.content.slice();
    disk.log = [];
    await act();
    expect(disk.log.length, name).toBeGreaterThan(3);
    const seen = new Set<string | undefined>();
    const cuts = Array.from({ length: disk.log.length + 1 }, (_, cut) => cut);
    for (const cut of spreadSample(cuts, { count: CUTS, firstSeed: acts.length }))
      for (const keep of [undefined, () => false]) {
        const desired = desiredOn(cutAt(before, disk.log, cut, keep));
        expect(
          desired.every(({ isWhole }) => isWhole),
          `${name}, cut ${cut}`,
        ).toBe(true);
        expect(allowed, `${name}, cut ${cut}`).toContain(desired[0]?.digest);
        seen.add(desired[0]?.digest);
      }
    expect(seen.size, name).toBe(2);
  }
});

test("another kernel drops what was pushed, with a word, but for what is kept", async () => {
  const disk = diskWith(new Map());
  const s = await Scene.ofOne({ disk });
  const other = isoOf(sources());
  await s.push(s.nodes, httpNamed("titled"));
  const dropping = diskWith(new Map());
  dropping.content = disk.content.slice();
  await s.push(s.nodes, httpNamed("kept"), { keeps: true });
  const t = await Scene.ofOne({ iso: other, disk: dropping });
  expect(await t.word(t.nodes[0]!)).toBe("name");
  expect(t.nodes[0]!.console.text).toMatch(
    /^module: http is the image's own again: it was pushed for another kernel$/m,
  );
  expect(await output(t.nodes[0]!, "module list; ls /net/modules; log modules")).toMatch(
    /^\S+ \S+ warning modules: http is the image's own again: it was pushed for another kernel\n$/,
  );
  const keeping = diskWith(new Map());
  keeping.content = disk.content.slice();
  const u = await Scene.ofOne({ iso: other, disk: keeping });
  expect(await u.word(u.nodes[0]!)).toBe("kept");
});

test("a module that stops the machine at its start is dropped after the second time", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  // It works while the machine has run for five seconds.
  await s.push(s.nodes, httpThat("call clock_ms; cmp eax, 5000; ja 7f; cli; 8: hlt; jmp 8b; 7:"));
  expect(await s.pushed(node!)).toMatch(/^http /);
  for (let start = 0; start < 2; start++) {
    node!.powerOff();
    node!.powerOn();
    await s.lab.advance("8s");
  }
  node!.powerOff();
  node!.powerOn();
  await node!.waitFor(/module: http is the image's own again: two starts came no further/, { within: "20s" });
  await s.advance(6000);
  expect(await s.word(node!)).toBe("name");
});
