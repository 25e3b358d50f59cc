/** Programs that are pushed into machines that run: /bin has them at once and after a start, until an undo. */
import { expect, test } from "vitest";
import type { PushOutcome } from "../../src/cloud/pushes.ts";
import { diskWith } from "../system/disk-with.ts";
import { output } from "../system/output.ts";
import { digestOf, moduleWith, Scene } from "./scene.ts";

const hello = (text: string): Uint8Array => moduleWith("hello", "asm/programs/hello.s", "Hello from", text);

/** Where the bytes end that are loaded of a program (ELF, System V ABI, chapter 5). */
function loadedBytes(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset);
  const headers = Array.from({ length: view.getUint16(44, true) }, (_, index) => view.getUint32(28, true) + 32 * index);
  return Math.max(...headers.map((at) => view.getUint32(at + 4, true) + view.getUint32(at + 16, true)));
}

const DONE = [{ result: "done" }];

test("a program takes the place of the image's, is one more of /bin, is there after a start, and is undone", async () => {
  const disk = diskWith(new Map());
  const s = await Scene.ofOne({ disk });
  const [node] = s.nodes;
  const [first, second] = [hello("First in"), hello("Second in")];
  expect(await output(node!, "hello")).toBe("Hello from ring 3.\n");
  const own = /^ *(\d+) {2}\/bin\/hello$/m.exec(await output(node!, "programs"))![1];
  expect(await s.push(s.nodes, first, { name: "hello" })).toMatchObject([
    {
      result: "done",
      awayUs: null,
      modules: [{ name: "hello", digest: digestOf(first), isProgram: true, hasBefore: false }],
    },
  ]);
  expect(await output(node!, "hello; /bin/hello")).toBe("First in ring 3.\n".repeat(2));
  expect(await output(node!, "module list")).toMatch(
    /^hello .* since 2026-.* after the image's, for revision 1000, a program\n$/,
  );
  expect(await s.push(s.nodes, second, { name: "hello", keeps: true })).toMatchObject(DONE);
  expect(await s.push(s.nodes, first, { name: "other" })).toMatchObject(DONE);
  expect(await output(node!, "programs")).toMatch(new RegExp(`^ *${second.length}  /bin/hello$`, "m"));
  expect(await output(node!, "ls /bin")).toMatch(new RegExp(`^file +${first.length} +other$`, "m"));
  // What the machine starts, its settings and services, is what was pushed.
  await output(node!, "echo 'hello > /net/said' > /net/init.rc; mkdir /net/services");
  await output(
    node!,
    "echo 'program /bin/other' > /net/services/told; echo 'restart never' >> /net/services/told; sync",
  );
  await s.reboot(node!);
  expect(await output(node!, "hello; other; cat /net/said; service log told; cat /bin/other")).toMatch(
    /^Second in ring 3\.\nFirst in ring 3\.\nSecond in ring 3\.\nFirst in ring 3\.\n\/bin\/other: not supported\n$/,
  );
  expect(await s.pushed(node!)).toBe(`hello ${digestOf(second)}, other ${digestOf(first)}`);
  expect(await s.undo(s.nodes, "hello")).toMatchObject(DONE);
  expect(await output(node!, "hello")).toBe("First in ring 3.\n");
  expect(await s.undo(s.nodes, "hello")).toMatchObject(DONE);
  expect(await output(node!, "module undo other; hello; other; ls /net/modules")).toMatch(
    /^Hello from ring 3\.\nother: unknown command; .*\n$/,
  );
  expect(/^ *(\d+) {2}\/bin\/hello$/m.exec(await output(node!, "programs"))![1]).toBe(own);
  expect(await output(node!, "mem check")).toMatch(/all headers agree/);
});

test("a program that cannot be loaded leaves the image's; one that runs goes on while another takes its place", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  const good = hello("First in");
  const failed = (why: RegExp): object[] => [{ result: "failed", why: expect.stringMatching(why) }];
  expect(await s.push(s.nodes, good.slice(0, 60), { name: "hello" })).toMatchObject(failed(/damaged|not a program/));
  const torn = good.slice(0, loadedBytes(good) - 1);
  expect(await s.push(s.nodes, torn, { name: "hello" })).toMatchObject(failed(/damaged/));
  const [machine] = [good.slice()];
  machine[18] = 62;
  expect(await s.push(s.nodes, machine, { name: "hello" })).toMatchObject(failed(/not a program for this system/));
  expect(await s.push(s.nodes, good, { name: "http" })).toMatchObject(failed(/a service of the kernel has this name/));
  expect(await output(node!, "hello; module list; ls /net/modules")).toBe("Hello from ring 3.\n");
  // One that waits, and reads its pages when it comes to them.
  const sleep = (): Uint8Array => moduleWith("sleep", "asm/programs/sleep.s", ".text\n", ".text\n    nop\n");
  expect(await s.push(s.nodes, sleep(), { name: "sleep" })).toMatchObject(DONE);
  await output(node!, "/bin/sleep 12000 &");
  expect(await s.undo(s.nodes, "sleep")).toMatchObject(DONE);
  expect(await s.push(s.nodes, good, { name: "hello" })).toMatchObject(DONE);
  await s.advance(12_000);
  expect(await output(node!, "module undo hello; ls /net/modules")).toBe("[1] ended with status 0: /bin/sleep 12000\n");
  // The desired state of a volume that is gone is none: /bin is the image's.
  expect(await s.push(s.nodes, good, { name: "hello" })).toMatchObject(DONE);
  expect(await output(node!, "umount -f /net; hello")).toBe("Hello from ring 3.\n");
});

/** The program of a service, whose numbers are another's. */
const counter = (from: string, to: string): Uint8Array => moduleWith("counter", "asm/programs/counter.s", from, to);

test("a service whose program is pushed goes on by the new one, with its state; one that does not take it, by the old", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  const describe = (name: string, line: string): string => `echo 'program /bin/${line}' > /net/services/${name}`;
  await output(node!, `mkdir /net/services; ${describe("count", "counter 100")}; ${describe("still", "sleep 100000")}`);
  await output(node!, "service start count; service start still; sleep 1000");
  const counted = async (word: string): Promise<number[]> =>
    Array.from(
      (await output(node!, "service log count")).matchAll(new RegExp(`^${word}: (\\d+)$`, "gm")),
      ([, digits]) => Number(digits),
    );
  const named = counter('"counter: "', '"teller: "');
  const push = (content: Uint8Array, name = "counter"): Promise<PushOutcome[]> => s.push(s.nodes, content, { name });
  const [outcome] = await push(named);
  expect(outcome).toMatchObject({ result: "done", modules: [{ name: "counter", digest: digestOf(named) }] });
  expect((outcome as { awayUs: number }).awayUs).toBeGreaterThan(0);
  expect((outcome as { awayUs: number }).awayUs).toBeLessThan(10_000);
  const [before, after] = [await counted("counter"), await counted("teller")];
  expect(after[0]).toBe(before.at(-1)! + 1);
  expect(await output(node!, "service status count")).toMatch(
    /^running, restarts 0, .*, program \/bin\/counter 100\n$/,
  );
  // It refuses the state: nothing has changed, on the disk neither.
  expect(await push(counter("[version], STATE_VERSION", "[version], 7"))).toEqual([
    { result: "failed", why: "the new program has ended with status 2" },
  ]);
  expect(await s.pushed(node!)).toBe(`counter ${digestOf(named)}`);
  // One that gives no state goes on in its file.
  expect(await push(hello("Not asleep in"), "sleep")).toMatchObject([{ result: "done", awayUs: null }]);
  expect(await output(node!, "service status still")).toMatch(/^running, restarts 0/);
  expect(await s.undo(s.nodes, "sleep")).toMatchObject(DONE);
  const last = (await counted("teller")).at(-1)!;
  expect(await s.undo(s.nodes, "counter")).toMatchObject(DONE);
  await s.advance(500);
  const numbers = await counted("counter");
  expect(numbers.at(-1)).toBeGreaterThan(last);
  expect(await output(node!, "service stop count; service stop still; ls /net/modules; mem check")).toMatch(
    /^[^\n]*all headers agree/,
  );
});
