/** A running kernel becomes two (docs/protocols/fork.md): `cloud fork`. */
import { describe, expect, test } from "vitest";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { hex } from "../system/clone-scene.ts";
import { boot, images, inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { catchAt, differing, OWN } from "./memory.ts";
import { ForkScene, joined, NODES, type Trouble } from "./scene.ts";
import { withDisks } from "./with-disks.ts";

async function members(): Promise<ForkScene> {
  const nodes = NODES(images().iso);
  return new ForkScene(await inState("three members with a key", () => joined(boot({ nodes }))));
}

test("a kernel becomes two: with its shell, its program and without its connection, which goes on", async () => {
  const s = await members();
  const { lab, source, target, other } = s;
  await output(source, "set greeting hello");
  other.type("nc -l 5000 | wc &\n");
  await lab.advance("200ms");
  await output(source, "sleep 5000 &");
  source.type(`seq 60000 | nc ${s.addressOf(other)} 5000 &\n`);
  await s.accept();
  await s.fork("none", -1, "any --name web; echo status $?");
  expect(s.isTwin).toBe(true);
  await s.settle();
  expect(await s.problems()).toEqual([]);
  expect(target.console.text).toMatch(/^I am web, forked from m1\nstatus 2$/m);
  expect(source.console.text).toMatch(/^m2 is the twin: .*\nstatus 0$/m);
  expect(await output(target, "hostname; echo $greeting")).toMatch(/^web\nhello$/m);
  expect(await output(other, "cloud")).toMatch(/^web .* member .*$/m);
  await lab.advance("6s");
  for (const node of [source, target]) await output(node, "");
  for (const { console } of [source, target]) expect(console.text).toMatch(/ended with status 0: sleep 5000$/m);
  expect(other.console.text).toMatch(/^ +60000 +60000 +348894$/m);
});

thoroughly(
  "machines with disks keep their own: what one has written there, the other's twin does not touch",
  async () => {
    const lab = await withDisks();
    const s = new ForkScene(lab);
    const { source, target } = s;
    for (const node of [source, target]) await output(node, `echo i am m${node.index + 1} > /net/who; sync`);
    source.type("sleep 3600000 > /net/open &\n");
    await s.accept();
    await s.fork();
    expect(s.isTwin).toBe(true);
    await s.settle();
    expect(target.console.text).not.toMatch(/no such device|cannot be saved|in memory only/);
    expect(await s.problems()).toEqual([]);
    expect(await outputAmong(target, "cat /net/who")).toMatch(/^i am m2$/m);
    expect(await outputAmong(source, "cat /net/who")).toMatch(/^i am m1$/m);
    expect(await outputAmong(target, "ls /net")).not.toMatch(/open/);
    expect(await outputAmong(target, "fsck hda0")).toMatch(/nothing|good|no /i);
    // Its age is of its own disk: this was its second boot.
    expect(target.console.text).toMatch(/^cloud: m2 \S+ era 1 age 2 peers 2\s*$/m);
    source.reset();
    target.reset();
    await lab.advance("1s");
    await s.settle();
    expect(await outputAmong(target, "cat /net/who")).toMatch(/^i am m2$/m);
  },
);

test.each(rowsOf(["rtl8139", "virtio"] as const, 0))("a twin takes its own card into use: %s", async (nic) => {
  const s = new ForkScene(await joined(boot({ nodes: NODES(images().iso, nic) })));
  await s.accept();
  await s.fork();
  expect(s.isTwin).toBe(true);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

test("who cannot become a twin, or has not been given up, says why", async () => {
  const s = await members();
  const { lab, source, target, other } = s;
  expect(await output(source, "cloud fork m2")).toMatch(/type `cloud fork accept` there; this kernel goes on alone/);
  expect(await output(source, "cloud fork m1")).toMatch(/no other member has this name or address/);
  for (const misused of ["", " m2 --name", " m2 --nome web", " accept --name web"])
    expect(await output(source, `cloud fork${misused}`)).toMatch(/^ {2}cloud fork NODE\|any .* makes such a member/m);
  expect(await output(source, "cloud fork any")).toMatch(/^fork: any: no member of this revision takes it: .* alone$/m);
  expect(await output(source, "cloud fork m2 --name m3")).toMatch(/a member has the name already/);
  expect(await output(source, "cloud fork m2 --name m1")).toMatch(/a member has the name already/);
  expect(await output(source, "cloud fork m2 --name 12")).toMatch(/a name has at most 15 letters/);
  // A stranger as target, then as source.
  const garbage = "echo 0123456789012345678901234567890123456789012345678901234567890123";
  other.type(`${garbage} | nc -l 20818\n`);
  await lab.advance("200ms");
  expect(await output(source, "cloud fork m3")).toMatch(
    /^fork: m3: no member of this cluster has greeted; this kernel/m,
  );
  await s.accept();
  other.type(`\x03\n${garbage} | nc ${s.addressOf(target)} 20818\n`);
  await target.waitFor(/^fork: a source has failed: no member of this cluster has greeted; .* as it is$/m);
  target.type("\x03");
  await target.waitFor(/^fork: no member has made this machine its twin$/m);
  await output(target, "cloud stop");
  expect(await output(target, "cloud fork accept")).toMatch(/^fork: this node is no member of the cluster now$/m);
  expect(await output(target, "cloud migrate m1")).toMatch(/^migrate: m1: this node is no member of the cluster now;/m);
});

test("of two sources at one target one has a twin, and the other one is told why not", async () => {
  const { lab, source, target, other } = await members();
  await other.enter("cloud fork accept", /^For a minute, .*$/m);
  for (const node of [source, target]) node.type("cloud fork m3\n");
  await other.waitFor(/^I am m3, forked from m[12]$/m);
  const count = (said: RegExp): number => [source, target].filter(({ console }) => said.test(console.text)).length;
  const refused = /^fork: m3: it does not greet: it is busy with another one, or .*; this kernel goes on alone$/m;
  await lab.until(() => count(refused) === 1, "the second one is not refused", { within: "30s" });
  expect(count(/^m3 is the twin: /m)).toBe(1);
});

thoroughly("a twin's memory is the source's, but for what has a name", async () => {
  const s = await members();
  const { source, target } = s;
  const memories: Uint8Array[] = [];
  catchAt(source, "fork_copy", memories);
  catchAt(target, "generation_landed", memories);
  await output(source, "set greeting hello");
  await s.accept();
  await s.fork();
  expect(memories).toHaveLength(2);
  const found = differing(memories[0]!, memories[1]!);
  // The twin's rate may be measured from the same tick on as the source's.
  expect([...new Set([...found, "rate_ticks"])].sort()).toEqual(OWN);
});

for (const [what, target, why] of [
  ["less memory", { ramBytes: 12 << 20 }, "it has too little free memory, or not all that this machine has"],
  ["another card", { nic: "rtl8139" }, "it is another kind of machine: devices must be the same"],
] as const)
  thoroughly(`a machine with ${what} is refused`, async () => {
    const [first, second, third] = NODES(images().iso).map((node) => ({ ...node, ramBytes: 16 << 20 }));
    const s = new ForkScene(await joined(boot({ nodes: [first!, { ...second!, ...target }, third!] })));
    await s.accept();
    await s.fork();
    expect(s.source.console.text).toContain(`\nfork: m2: ${why}; this kernel goes on alone\n`);
    expect(s.target.console.text).toMatch(
      /^fork: a source has failed: it is refused, and its console says why; .* as it is$/m,
    );
    expect(await s.problems()).toEqual([]);
  });

thoroughly("what was recorded of another try opens nothing", async () => {
  const s = await members();
  await s.accept();
  await s.fork("changed", 20);
  await s.fork("replayed");
  expect(s.isAlone).toBe(true);
  expect(s.target.console.text).toMatch(/what came was not made by the other side for this try/);
  await s.fork();
  expect(s.isTwin).toBe(true);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

thoroughly("a twin becomes two", async () => {
  const s = await members();
  const { lab, source, target, other } = s;
  await output(source, "set greeting hello");
  await s.accept();
  await s.fork();
  await s.settle();
  await output(other, "hostname bob");
  await lab.advance("3s");
  await other.enter("cloud fork accept", /^For a minute, .*$/m);
  // The source, which comes first, has not been given up.
  await target.enter("cloud fork any", /^bob is the twin: .*$/m, { within: "60s" });
  await other.waitFor(/^I am bob, forked from m2$/m);
  await s.settle();
  expect(await output(other, "hostname")).toMatch(/^bob$/m);
  for (const node of lab.nodes) expect(await output(node, "echo $greeting")).toMatch(/^hello$/m);
  for (const secret of ["generator_state", "trust_session", "secret_key"]) {
    const all = lab.nodes.map((node) => hex(node.readMemory(addressOf(secret), 8)));
    expect(new Set(all).size, secret).toBe(3);
  }
});

const TROUBLES: readonly [Trouble, number][] = [
  ["lost", 300],
  ["source dies", 500],
  ["changed", 400],
  ["target dies", 600],
  ["doubled", 301],
  ["lost", 0],
  ["doubled", 0],
  ["source dies", 2],
  ["source dies", 8],
  ["target dies", 3],
  ["changed", 3],
];

describe("whatever becomes of a frame, the source goes on, and there is a twin or there is none", () => {
  test.each(rowsOf(TROUBLES, 1))("%s: %i", async (trouble, at) => {
    const nodes = NODES(images().iso);
    const lab = await inState("given up", async () => {
      const made = new ForkScene(await joined(boot({ nodes })));
      await made.accept();
      return made.lab;
    });
    const s = new ForkScene(lab);
    await s.fork(trouble, at);
    expect(await s.problems()).toEqual([]);
    if (trouble === "lost" || trouble === "doubled") expect(s.isTwin).toBe(true);
    if (trouble === "changed") expect(s.isTwin).toBe(false);
  });
});
