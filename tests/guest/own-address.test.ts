/** A node whose own address changes or goes, and one without a cable (docs/protocols/cluster.md, "States and timers"). */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { founded, HIGH, HIGHEST, LOW, nowMs, report, type Scene, SELF, says, view } from "./agreement-scene.ts";
import { BYE, HELLO, type Heard, REPORT, VIEW } from "./cluster-wire.ts";
import { nodeObject, objectOf, remembering } from "./remembering-scene.ts";

/** The address that a packet says is its sender's. */
const addressIn = ({ data }: Heard): string => data.subarray(84, 88).join(".");

async function atPrompt(): Promise<Scene> {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  return s;
}

test("packets and the line about the cluster say another address from the moment on that it is the node's", async () => {
  const s = await atPrompt();
  expect(addressIn(s.wire.of(VIEW).at(-1)!)).toBe("10.0.2.15");
  const fromMs = nowMs(s);
  await outputAmong(s.node, "ifconfig eth0 10.0.2.77 255.255.255.0");
  await s.node.waitFor(/^cloud: qure-1 10\.0\.2\.77 era 1 age 1 peers 0$/m, { within: "4s" });
  await s.lab.advance("500ms");
  const views = s.wire.of(VIEW, fromMs + 450);
  expect(views.length).toBeGreaterThan(0);
  expect(new Set(views.map(addressIn))).toEqual(new Set(["10.0.2.77"]));
  expect(new Set(views.map(({ era, session }) => `${era} ${session}`)).size).toBe(1);
});

thoroughly("a name that was typed stays when the address is another", async () => {
  const s = await atPrompt();
  await outputAmong(s.node, "hostname tortoise");
  await s.lab.advance("500ms");
  await outputAmong(s.node, "ifconfig eth0 10.0.2.77 255.255.255.0");
  await s.node.waitFor(/^cloud: tortoise 10\.0\.2\.77 era 1 age 1 peers 0$/m, { within: "4s" });
  expect(await outputAmong(s.node, "hostname")).toBe("tortoise\n");
});

thoroughly("a member without an address says nothing, and says so to who wants it to", async () => {
  const s = await atPrompt();
  await outputAmong(s.node, "ifconfig eth0 down");
  await s.lab.advance("50ms");
  const fromMs = nowMs(s);
  expect(await outputAmong(s.node, "cloud register; echo status $?")).toBe(
    "cluster: hello could not be sent: no route to this address\nstatus 1\n",
  );
  await s.lab.advance("900ms");
  expect(s.wire.heard.filter(({ atMs }) => atMs > fromMs)).toEqual([]);
});

thoroughly("what is started without a cable says hello when it has one, and nothing before that", async () => {
  const s = await atPrompt();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("300ms");
  await outputAmong(s.node, "cloud stop");
  s.node.cut();
  await s.lab.advance("100ms");
  await outputAmong(s.node, "cloud start");
  await s.lab.advance("500ms");
  const pluggedMs = nowMs(s);
  expect(s.wire.heard.at(-1)!.kind).toBe(BYE);
  s.node.connect();
  const first = await s.lab.until(() => s.wire.heard.find(({ atMs }) => atMs > pluggedMs), "it says nothing");
  expect(first).toMatchObject({ kind: HELLO, to: "239.255.81.82" });
});

thoroughly(
  "the station that a view came from is known, though others were heard while the name was written",
  async () => {
    const s = await remembering({ cluster_node: nodeObject({ era: 3, age: 8, eraAge: 5, founder: LOW }) });
    await says(s, HELLO);
    s.node.slowDisk(500);
    s.wire.say(view(LOW, 5, HIGH));
    await s.lab.advance("20ms");
    s.wire.say(report(HIGHEST, 5, HIGH));
    await s.lab.until(() => objectOf(s, "cluster_node")![16] === 5, "it is not written", { within: "9s" });
    s.node.slowDisk(1);
    await s.lab.advance("150ms");
    expect(s.wire.of(REPORT).map(({ to }) => to)).toContain("10.0.2.97");
    expect(await outputAmong(s.node, "arp")).toMatch(/^10\.0\.2\.97 is at 02:00:00:00:00:61 /m);
  },
);
