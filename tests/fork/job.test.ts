/** A program goes on at another member (docs/protocols/job.md): `cloud job move`. */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, inState } from "../system/images.ts";
import { output } from "../system/output.ts";
import { JobScene } from "./job-scene.ts";
import { joined, NODES, type Trouble } from "./scene.ts";
import { withDisks } from "./with-disks.ts";

const members = async (): Promise<JobScene> =>
  new JobScene(await inState("three members with a key", () => joined(boot({ nodes: NODES(images().iso) }))));

test("a program that counts goes on with its count, and comes back with it", async () => {
  const s = await members();
  const { lab, source, target } = s;
  source.type("counter 100 &\n");
  await source.waitFor(/^counter: 7$/m);
  expect(await output(source, "cloud job move counter m2")).toMatch(
    /^counter goes on at m2: [34] pages sent, \d+ ms in all$/m,
  );
  const [, first] = await target.waitFor(/^counter: (\d+)$/m);
  expect(source.console.text).toMatch(new RegExp(`^counter: ${Number(first) - 1}$`, "m"));
  expect(source.console.text).not.toMatch(new RegExp(`^counter: ${first}$`, "m"));
  expect(source.console.text).toMatch(/^counter moved to m2$/m);
  expect(s.problems()).toEqual([]);
  expect(await output(target, "ps")).toMatch(/ counter, from m1$/m);
  expect(await output(source, "ps")).not.toMatch(/ counter(?:,.*)?$/m);
  // And back.
  expect(await output(target, "cloud job move counter m1")).toMatch(/^counter goes on at m1: /m);
  await lab.advance("300ms");
  expect(s.isWhole).toBe(true);
  expect(await output(source, "ps")).toMatch(/ counter, from m2$/m);
});

thoroughly("a server goes on at its port, without its clients", async () => {
  const s = await members();
  const { lab, source, target, other } = s;
  source.type("echo-server 7 &\n");
  await source.waitFor(/^echo-server: ready$/m);
  other.type(`nc ${s.addressOf(source)} 7\n`);
  await lab.advance("300ms");
  expect(await output(source, "cloud job move echo-server m2")).toMatch(/^echo-server goes on at m2: /m);
  await other.waitFor(/> $/);
  expect(await output(other, `seq 3 | nc ${s.addressOf(target)} 7`)).toMatch(/^1\n2\n3\n/m);
  expect(await output(source, "netstat")).not.toMatch(/:7 .* LISTEN/);
});

test("what cannot move says why, and goes on", async () => {
  const s = await members();
  const { lab, source, target, other } = s;
  const move = (words: string): Promise<string> => output(source, `cloud job move ${words}`);
  for (const misused of ["", " move", " move counter", " stop counter m2", " move counter m2 m3"])
    expect(await output(source, `cloud job${misused}`)).toMatch(/^ {2}cloud job move PROGRAM NODE {3}has a program/m);
  expect(await move("counter m2")).toMatch(/^job: counter: no program of this name, or with a thread of this id/m);
  // Whoever has a member's address, and no key, is not heard.
  for (const bytes of ["short", "0123456789".repeat(20)])
    await output(other, `echo ${bytes} | nc ${s.addressOf(target)} 20820`);
  source.type("counter 3000 &\n");
  await lab.advance("200ms");
  expect(await move("counter m4")).toMatch(/^job: counter: no other member has this name or address$/m);
  expect(await move("counter m1")).toMatch(/^job: counter: no other member has this name or address$/m);
  source.type("counter 3001 &\n");
  await lab.advance("200ms");
  expect(await move("counter m2")).toMatch(/^job: counter: several programs have this name: give the id/m);
  for (const round of [1, 2]) await output(source, `kill counter; echo ${round}`);
  other.type("nc -l 5000 &\n");
  await lab.advance("200ms");
  source.type(`sleep 60000 | nc ${s.addressOf(other)} 5000 &\n`);
  await lab.advance("500ms");
  expect(await move("nc m2")).toMatch(/^job: nc: it has (?:an open connection|a pipe of which somebody has)/m);
  expect(await move("sleep m2")).toMatch(/^job: sleep: it has a pipe of which somebody has the other end/m);
  target.type("echo-server 7 &\n");
  source.type("echo-server 7 &\n");
  await source.waitFor(/^echo-server: ready$/m);
  expect(await move("echo-server m2")).toMatch(/^job: echo-server: a port of it is in use there$/m);
  expect(await output(source, `seq 2 | nc ${s.addressOf(source)} 7`)).toMatch(/^1\n2\n/m);
  source.type("time sleep 30000 &\n");
  await lab.advance("300ms");
  expect(await move("time m2")).toMatch(/^job: time: it waits for programs that it has started$/m);
  expect(s.problems()).toEqual([]);
});

thoroughly("files go along by path and offset, and have to be there", async () => {
  const s = new JobScene(await withDisks());
  const { source, target } = s;
  source.type("counter 100 > /net/count &\n");
  await s.lab.advance("1s");
  expect(await output(source, "cloud job move counter m2")).toMatch(
    /^job: counter: \/net\/count is not at that member, or is shorter there than where the program is in it$/m,
  );
  await output(target, "seq 100 > /net/count");
  expect(await output(source, "cloud job move counter m2")).toMatch(/^counter goes on at m2: /m);
  await s.lab.advance("3s");
  await output(target, "kill counter");
  expect(await output(target, "cat /net/count")).toMatch(/^counter: 30$/m);
  expect(s.problems()).toEqual([]);
});

/** A try, and what is wrong after it. */
async function tried(trouble: Trouble, at: number): Promise<[string[], number]> {
  const s = new JobScene(
    await inState("a program counts", async () => {
      const scene = await members();
      await scene.count();
      return scene.lab;
    }),
  );
  await s.move(trouble, at);
  return [await s.judge(trouble), s.frames];
}

/** How many frames a transfer has. */
let transfer: Promise<number> | null = null;

/** Troubles by their place before the end of the transfer, which DONE and its answer are. */
const TROUBLES: readonly (readonly [Trouble, number])[] = [
  ["target dies", 2],
  ["lost", 4],
  ["changed", 16],
  ["source dies", 3],
];

test.each(rowsOf(TROUBLES, 0))(
  "with a trouble it runs at one end, or where a machine died: %s, %i before the end",
  async (...[trouble, back]) => {
    transfer ??= tried("none", -1).then(([problems, frames]) => (expect(problems).toEqual([]), frames));
    expect((await tried(trouble, (await transfer) - back))[0]).toEqual([]);
  },
);

test("of two that move programs to each other at once one goes on, and the other is told at once", async () => {
  const s = await members();
  s.source.type("counter 100 &\n");
  await s.source.waitFor(/^counter: 3$/m);
  const { lab, source, target } = s;
  target.type("counter 100 &\n");
  await target.waitFor(/^counter: 3$/m);
  source.type("cloud job move counter m2\n");
  target.type("cloud job move counter m1\n");
  const said = (): string[] => [source, target].map(({ console }) => console.text);
  const isTold = (): boolean =>
    said().some((text) => /^job: counter: it (?:has broken off,|does not greet:) .*; try again$/m.test(text));
  await lab.until(isTold, "nobody is told", { within: "2s" });
  const hasGone = (): boolean => said().some((text) => /^counter goes on at m[12]: /m.test(text));
  await lab.until(hasGone, "no program has moved", { within: "10s" });
  expect(said().filter((text) => /^counter goes on at /m.test(text))).toHaveLength(1);
});
