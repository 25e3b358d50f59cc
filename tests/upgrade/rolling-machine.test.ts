/**
 * The upgrade of a cluster on whole machines: three nodes go from one revision to the next, one after the other, and
 * what people and accidents do meanwhile. The model is tests/upgrade/rolling-model.ts; classes are those of
 * docs/protocols/upgrade.md.
 */
import { expect, test } from "vitest";
import { block, ServiceClient } from "../../bench/network/service-client.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { atLength, describeThoroughly } from "../setup/thoroughly.ts";
import { isThorough, rowsOf } from "../setup/tier.ts";
import { CLOUD, PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { idOf, NEW, OLD, POISON, planOf, revisionOf, rolling, type SceneOptions, slotsOf } from "./rolling-scene.ts";

const SERVICE = "10.0.2.250";
const WITHIN = { within: "900s" };
/** asm/include/upgrade.inc */
const [REPORT_STATE, READY, FAILED] = [4, 2, 5];

interface Scene {
  readonly lab: LabCluster;
  readonly nodes: LabNode[];
}

const here = (nodes: readonly LabNode[]): LabNode => nodes.find((node) => !node.isOff && planOf(node) !== null)!;
const planNow = ({ nodes }: Scene): NonNullable<ReturnType<typeof planOf>> =>
  nodes.map(planOf).reduce((best, plan) => (plan && (!best || plan.epoch >= best.epoch) ? plan : best))!;

/** What a command says, without what nodes say at any time. */
const said = async (node: LabNode, line: string): Promise<string> =>
  (await outputAmong(node, line)).replace(/^(cluster: (this node leads|\S+ is (here|given))|cloud: ).*\n/gm, "");

const coordinates = (node: LabNode): boolean =>
  !node.isOff && node.readMemory(addressOf("coordinator_self"), 1)[0] === 1;

const stateOf = (node: LabNode): number => node.readMemory(addressOf("report_own") + REPORT_STATE, 1)[0]!;

const nameOf = (node: LabNode): string => [...node.console.text.matchAll(new RegExp(CLOUD, "gm"))].at(-1)![1]!;

/** Three nodes that have begun. */
async function begun(name: string, options: SceneOptions = {}, count = 3): Promise<Scene> {
  const scene = await rolling(count, name, options);
  expect(await said(scene.nodes[0]!, `cloud upgrade ${NEW}`)).toBe("");
  return scene;
}

/** Waits until the plan is in a state, and everybody knows. */
async function ended({ lab, nodes }: Scene, state: string): Promise<void> {
  await lab.until(
    () => nodes.every((node) => node.isOff || (planOf(node)?.state === state && planOf(node)?.phase === "-")),
    `the plan does not come to ${state}`,
    WITHIN,
  );
}

/** Waits until a node that has the turn is in a phase, and is not the one that a person sits at. */
async function turnIn(scene: Scene, phase: string, isWanted = (_: LabNode): boolean => true): Promise<LabNode> {
  const { lab, nodes } = scene;
  const whose = (): LabNode | undefined => {
    const plan = planNow(scene);
    return plan?.phase === phase ? nodes.find((node) => idOf(lab, node) === plan.turn && isWanted(node)) : undefined;
  };
  await lab.until(() => whose() !== undefined, `nobody comes to ${phase}`, WITHIN);
  return whose()!;
}

test("classes 1 and 2: all nodes go to the next revision, one after the other, and each is kept by the others", async () => {
  const { lab, nodes } = await rolling(isThorough ? 3 : 2, "with an address", { service: SERVICE });
  const fromMs = lab.nowNs / 1e6;
  expect(await said(nodes[0]!, `cloud upgrade ${NEW}`)).toBe("");
  expect(await said(nodes[0]!, `cloud upgrade ${NEW}`)).toMatch(/^cluster: the upgrade to revision 1001 is under way/m);
  const behind = new Set<number>();
  const triedMs: number[] = [];
  while (!nodes.every((node) => planOf(node)?.state === "done") && lab.nowNs / 1e6 < fromMs + 200_000) {
    await lab.advance("500ms");
    // Never two of them run the new kernel without one that is not confirmed.
    behind.add(nodes.filter((node) => slotsOf(node).trial !== null).length);
    const { phase, epoch } = planNow({ lab, nodes });
    if (phase === "trial") triedMs[epoch] = (triedMs[epoch] ?? 0) + 500;
  }
  expect([...behind].sort()).toEqual([0, 1]);
  // A node is kept once it has been a member for 20 s.
  expect(Math.min(...triedMs.slice(1))).toBeGreaterThanOrEqual(20_000);
  for (const node of nodes) {
    expect([revisionOf(node), slotsOf(node).good]).toEqual([NEW, 1]);
    expect(node.console.text).toMatch(/^The cluster upgrades: it keeps this kernel within 1[01]\d s, /m);
  }
  expect(planOf(nodes[0]!)).toMatchObject({ revision: NEW, epoch: nodes.length, left: 0 });
  expect(lab.nowNs / 1e6 - fromMs).toBeLessThan(120_000);
  if (process.env["QURE_SHOW"]) console.log(`${nodes.length} nodes: ${lab.nowNs / 1e9 - fromMs / 1e3} s`);
  await lab.advance("2s");
  expect(await said(nodes[1]!, "cloud upgrade")).toMatch(/^upgrade to revision 1001: done, 0 to go, turn \d$/m);
});

describeThoroughly("people and accidents", () => {
  atLength("class 17: a service address is answered for all the time, but for its hand-over", async () => {
    const { lab, nodes } = await rolling(3, "with an address", { service: SERVICE });
    const client = new ServiceClient(lab, undefined, 20);
    await lab.advance("1s");
    const fromMs = lab.nowNs / 1e6;
    expect(await said(nodes[0]!, `cloud upgrade ${NEW}`)).toBe("");
    await ended({ lab, nodes }, "done");
    const awayMs = client.silenceMs(fromMs);
    if (process.env["QURE_SHOW"]) console.log(`its address is away for ${awayMs} ms`);
    expect(awayMs).toBeLessThan(100);
  });

  atLength("class 17: who is on trial takes no address, though somebody moves it there", async () => {
    const scene = await begun("with an address", { service: SERVICE });
    const { lab, nodes } = scene;
    const node = await turnIn(scene, "trial");
    await lab.advance("2s");
    const person = nodes.find((one) => one !== node)!;
    expect(await said(person, `cloud address move ${SERVICE} ${nameOf(node)}`)).toMatch(/^cluster: it did not move$/m);
    expect(await said(node, "cloud address")).not.toMatch(/here/);
    expect(slotsOf(node).trial).not.toBeNull();
  });

  test("classes 2 and 8: a poisoned revision stops after one node, and is refused after a second", async () => {
    const scene = await begun("poisoned", { breaks: POISON });
    const { lab, nodes } = scene;
    await ended(scene, "stop");
    expect(nodes.filter((node) => slotsOf(node).failures.length > 0)).toHaveLength(1);
    expect(nodes.map((node) => slotsOf(node).good)).toEqual([0, 0, 0]);
    await lab.advance("10s");
    const person = nodes[2]!;
    expect(await said(person, "cloud get upgrade.failed")).toMatch(/^1001:1 @1$/m);
    expect(await said(person, "cloud upgrade resume")).toBe("");
    await turnIn(scene, "trial");
    await ended(scene, "stop");
    await lab.advance("10s");
    expect(await said(person, "cloud get upgrade.failed")).toMatch(/^1001:2 @2$/m);
    expect(await said(person, "cloud upgrade resume")).toMatch(/^cluster: revision 1001 has failed 2 times/m);
    expect(await said(person, `cloud upgrade ${NEW}`)).toMatch(/^cluster: revision 1001 has failed 2 times/m);
    expect(await said(person, `cloud upgrade allow ${NEW}`)).toBe("");
    expect(await said(person, "cloud get upgrade.failed")).toMatch(/there is no value/);
    expect(nodes.map((node) => slotsOf(node).good)).toEqual([0, 0, 0]);
    // One that has failed comes to coordinate: it has no entry in its own views, and all know its state.
    while (stateOf(nodes.find(coordinates)!) !== FAILED) {
      nodes.find(coordinates)!.reset();
      await lab.advance("8s");
    }
    const coordinator = nodes.find(coordinates)!;
    // What it told others as a member, and as one that is led, they have forgotten.
    for (const node of nodes.filter((other) => other !== coordinator)) {
      node.reset();
      await lab.advance("8s");
    }
    const row = new RegExp(`^${nameOf(coordinator)} +1000 failed `, "m");
    for (const node of nodes) expect(await said(node, "cloud upgrade")).toMatch(row);
  });

  test.each(rowsOf(["go", "fetch", "trial", "back"], [0, 1]))(
    "class 15: a node whose power goes in phase %s",
    async (phase) => {
      const scene = await begun("plain");
      const { lab, nodes } = scene;
      const node = await turnIn(scene, phase);
      node.powerOff();
      await lab.advance("3s");
      node.powerOn();
      await lab.until(
        () => nodes.every((one) => planOf(one)?.phase === "-" && planOf(one)?.state !== "run"),
        "it does not end",
        WITHIN,
      );
      // Before its trial that is no failure, and from then on it is one.
      if (phase === "fetch") expect(planNow(scene).state).toBe("done");
      if (phase === "trial") expect(planNow(scene).state).toBe("stop");
      if (planNow(scene).state === "stop") {
        expect(slotsOf(node)).toMatchObject({ good: 0, failures: [{ revision: NEW, count: 1 }] });
        expect(await said(nodes.find((one) => one !== node)!, "cloud upgrade resume")).toBe("");
      }
      await ended(scene, "done");
      expect(nodes.map((one) => slotsOf(one).good)).toEqual([1, 1, 1]);
    },
  );

  test("the leader dies: another one goes on where it was", async () => {
    const scene = await begun("plain");
    const { lab, nodes } = scene;
    await turnIn(scene, "trial");
    const leader = nodes.find((node) => /this node leads the upgrade/.test(node.console.text))!;
    leader.powerOff();
    await lab.advance("20s");
    leader.powerOn();
    await ended(scene, "done");
    expect(nodes.map((one) => slotsOf(one).good)).toEqual([1, 1, 1]);
  });

  test("class 23, two upgrades at once: one of two people is refused", async () => {
    const scene = await rolling(3, "plain");
    const { lab, nodes } = scene;
    const [one, , other] = nodes as [LabNode, LabNode, LabNode];
    one.type(`cloud upgrade ${NEW}\n`);
    other.type("cloud upgrade 2000\n");
    await lab.advance("8s");
    const refused = [one, other].filter((node) => /is under way: cloud upgrade abort/.test(node.console.text));
    expect(refused).toHaveLength(1);
    expect(new Set(nodes.map((node) => planOf(node)?.revision)).size).toBe(1);
  });

  test("class 9: a node whose disk has no room for a second kernel is passed over and named", async () => {
    const scene = await begun("one without slots", { withoutDisk: [1] });
    const { lab, nodes } = scene;
    await ended(scene, "done");
    const cd = lab.nodes[1]!;
    expect(revisionOf(cd)).toBe(OLD);
    expect(nodes.filter((node) => revisionOf(node) === NEW)).toHaveLength(2);
    expect(nodes.some((node) => /is passed over: its disk cannot hold/.test(node.console.text))).toBe(true);
  });

  atLength("a node that has not got the image stops it, without a failure of the revision", async () => {
    const scene = await begun("one lacks it", { lacking: [0, 1, 2] });
    await ended(scene, "stop");
    await scene.lab.advance("3s");
    expect(await said(scene.nodes[2]!, "cloud get upgrade.failed")).toMatch(/there is no value/);
    const shown = await Promise.all(scene.nodes.map((node) => said(node, "cloud upgrade")));
    for (const rows of shown) expect(rows).toMatch(/failed .* no source gave it the image: kernel install$/m);
  });

  atLength("an unsigned kernel goes through the cluster only where a value of the cluster says so", async () => {
    const scene = await begun("unsigned", { isProven: false });
    const { lab, nodes } = scene;
    await ended(scene, "stop");
    await lab.advance("3s");
    expect(await said(nodes[1]!, "cloud")).not.toMatch(/^unsigned kernels/m);
    // A variable of a machine says nothing; the value counts for all, and outlives their restarts.
    for (const node of nodes) expect(await said(node, "set upgrade.unsigned yes")).toBe("");
    expect(await said(nodes[1]!, "cloud")).not.toMatch(/^unsigned kernels/m);
    expect(await said(nodes[0]!, "cloud set upgrade.unsigned yes")).toBe("upgrade.unsigned is set.\n");
    await lab.advance("1s");
    expect(await said(nodes[1]!, "cloud")).toMatch(/^unsigned kernels may come through the cluster/m);
    expect(await said(nodes[1]!, "cloud upgrade resume")).toBe("");
    await ended(scene, "done");
    expect(nodes.map((one) => slotsOf(one).good)).toEqual([1, 1, 1]);
  });

  atLength("class 15: a go that comes late is not obeyed, and the turn is taken back without a failure", async () => {
    const scene = await begun("plain");
    const { lab, nodes } = scene;
    const node = await turnIn(scene, "fetch");
    await lab.until(() => stateOf(node) === READY, "it is not ready");
    // It says so, and hears nothing; a quarter of a second later nobody hears it either.
    block(lab, node, true, ["in"]);
    await lab.advance("250ms");
    expect([planOf(node)?.phase, planNow(scene)]).toMatchObject(["fetch", { phase: "go", epoch: 1 }]);
    block(lab, node, true);
    await lab.advance("12s");
    block(lab, node, false);
    await lab.until(() => planNow(scene).phase !== "go", "the turn stays", WITHIN);
    expect(planNow(scene)).toMatchObject({ state: "run", phase: "-", epoch: 1 });
    expect([revisionOf(node), slotsOf(node).trial]).toEqual([OLD, null]);
    await ended(scene, "done");
    expect(nodes.map((one) => slotsOf(one).good)).toEqual([1, 1, 1]);
  });

  atLength("pause, resume and abort count after the node whose turn it is", async () => {
    const scene = await begun("plain");
    const { lab, nodes } = scene;
    await turnIn(scene, "trial");
    const person = nodes[2]!;
    expect(await said(person, "cloud upgrade pause")).toBe("");
    await ended(scene, "pause");
    await lab.advance("30s");
    expect(nodes.filter((node) => revisionOf(node) === NEW)).toHaveLength(1);
    expect(await said(person, "cloud finalise")).toMatch(/^cluster: \S+ runs revision \d+: all members must run/m);
    expect(await said(person, "cloud upgrade resume")).toBe("");
    await turnIn(scene, "go");
    expect(await said(here(nodes), "cloud upgrade abort")).toBe("");
    expect(await said(here(nodes), `cloud upgrade ${NEW}`)).toMatch(
      /^cluster: the upgrade to revision 1001 is under way/m,
    );
    await ended(scene, "abort");
    await lab.advance("30s");
    expect(nodes.filter((node) => revisionOf(node) === NEW)).toHaveLength(2);
    expect(await said(person, "cloud upgrade resume")).toMatch(/^cluster: no upgrade is under way/m);
  });

  atLength("class 22, the clock is wrong: dates and frozen processors change nothing", async () => {
    const scene = await rolling(3, "plain");
    const { lab, nodes } = scene;
    await nodes[0]!.enter("date 2019-01-01 00:00:00", PROMPT);
    await nodes[1]!.enter("date 2090-01-01 00:00:00", PROMPT);
    expect(await said(nodes[0]!, `cloud upgrade ${NEW}`)).toBe("");
    await turnIn(scene, "trial");
    const leader = nodes.find((node) => /this node leads the upgrade/.test(node.console.text))!;
    leader.freeze("3s");
    await ended(scene, "done");
    expect(nodes.map((one) => slotsOf(one).good)).toEqual([1, 1, 1]);
    await lab.advance("1s");
  });

  atLength("class 12: once it is final no disk takes a lower revision, and nobody goes back", async () => {
    const scene = await begun("plain");
    const { lab, nodes } = scene;
    await ended(scene, "done");
    await lab.advance("10s");
    expect(await said(nodes[1]!, "cloud finalise")).toBe("");
    await lab.advance("8s");
    expect(nodes.map((node) => slotsOf(node).floor)).toEqual([NEW, NEW, NEW]);
    expect(await said(nodes[1]!, "kernel select 0")).toMatch(/is below the lowest of this disk/);
  });

  atLength("class 12: a day after all run it, it is final by itself", async () => {
    const twentySeconds = (put: (symbol: string, bytes: Uint8Array) => void): void =>
      put("final_ms", Uint8Array.of(20_000 & 255, 20_000 >> 8, 0, 0));
    const scene = await begun("with a short day", { breaks: twentySeconds });
    const { lab, nodes } = scene;
    await ended(scene, "done");
    await lab.advance("15s");
    expect(nodes.map((node) => slotsOf(node).floor)).toEqual([0, 0, 0]);
    // Another coordinator does not begin anew.
    const coordinator = nodes.find(coordinates)!;
    coordinator.powerOff();
    await lab.advance("15s");
    expect(nodes.map((node) => slotsOf(node).floor).sort()).toEqual([0, NEW, NEW]);
  });

  atLength(
    "class 8: a leader that dies once it has counted a failure is followed by one that does not count it again",
    async () => {
      const scene = await begun("poisoned", { breaks: POISON });
      const { lab, nodes } = scene;
      await turnIn(scene, "trial");
      const counts = (node: LabNode): boolean =>
        !node.isOff && Buffer.from(node.readMemory(addressOf("values"), 2048)).includes(`upgrade.failed\0${NEW}:1`);
      for (let steps = 0; !nodes.some(counts); steps++) {
        expect(steps, "nobody counts it").toBeLessThan(20_000);
        await lab.advance("20ms");
      }
      expect(planNow(scene)).toMatchObject({ state: "run", phase: "trial" });
      const leader = nodes.find((node) => /this node leads the upgrade/.test(node.console.text))!;
      leader.powerOff();
      await lab.advance("5s");
      leader.powerOn();
      await ended(scene, "stop");
      await lab.advance("10s");
      expect(await said(nodes.find((node) => node !== leader)!, "cloud get upgrade.failed")).toMatch(/^1001:1 @1$/m);
    },
  );

  atLength("class 11: a cluster of one confirms itself only where upgrade.alone says so", async () => {
    const { lab, nodes } = await rolling(1, "alone");
    const [node] = nodes as [LabNode];
    await node.enter("cloud set upgrade.alone yes", PROMPT);
    expect(await said(node, `cloud upgrade ${NEW}`)).toBe("");
    await ended({ lab, nodes }, "done");
    expect(slotsOf(node)).toMatchObject({ good: 1, trial: null });
  });

  atLength("nobody confirms a cluster of one that does not say so: it returns after two minutes", async () => {
    const { lab, nodes } = await rolling(1, "alone");
    const [node] = nodes as [LabNode];
    expect(await said(node, `cloud upgrade ${NEW}`)).toBe("");
    const fromMs = lab.nowNs / 1e6;
    await ended({ lab, nodes }, "stop");
    expect(lab.nowNs / 1e6 - fromMs).toBeLessThan(160_000);
    expect(slotsOf(node)).toMatchObject({ good: 0, failures: [{ revision: NEW, count: 1 }] });
  });
});
