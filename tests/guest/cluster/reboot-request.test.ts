/** `cloud reboot NODE`: what the node asks, and which answers it takes for one (docs/protocols/cluster.md). */
import { expect, test } from "vitest";
import { founded, HIGH, idBytes, LOW, report, type Scene, SELF, says } from "./agreement-scene.ts";
import { type Heard, JOINING, type Said } from "./cluster-wire.ts";

const REBOOT = 5;
const REBOOT_ANSWER = 6;
const [REQUEST_AT, TARGET_AT, ERA_AT, AGE_AT] = [20, 128, 136, 140];
const [REBOOTS, REFUSES, STALE] = [0, 1, 2];
const TEXTS = [
  [REBOOTS, /^stranger reboots$/m],
  [REFUSES, /^stranger refuses: its variable cloud.reboot does not allow it$/m],
  [STALE, /^stranger refuses: the request does not name its present era and age; try again$/m],
] as const;

/** A node that knows one other member, and asks that one to reboot. */
async function asks(): Promise<Scene & { readonly request: Heard; readonly number: number }> {
  const s = await founded();
  s.wire.say({ ...report(HIGH, 1, SELF), age: 3 });
  await s.lab.advance("50ms");
  return ask(s);
}

async function ask(s: Scene): Promise<Scene & { readonly request: Heard; readonly number: number }> {
  s.wire.heard.length = 0;
  s.node.type("cloud reboot stranger\n");
  const request = await says(s, REBOOT);
  return { ...s, request, number: new DataView(request.data.buffer).getUint32(REQUEST_AT, true) };
}

function answer(number: number, result: number, more: Partial<Said> & { readonly to?: string } = {}): Said {
  const rest = new Uint8Array(16);
  rest.set(idBytes(more.to ?? SELF));
  new DataView(rest.buffer).setUint32(8, result, true);
  return { ...report(HIGH, 1, SELF), age: 3, kind: REBOOT_ANSWER, request: number, rest, ...more };
}

test("a request goes to one member, and names it, its era and its age", async () => {
  const { request } = await asks();
  expect(request.to).toBe("10.0.2.99");
  const view = new DataView(request.data.buffer);
  expect(request.data.subarray(TARGET_AT, ERA_AT)).toEqual(idBytes(HIGH));
  expect([view.getUint32(ERA_AT, true), view.getUint32(AGE_AT, true)]).toEqual([1, 3]);
});

test.each(TEXTS)("result %i is told", async (result, text) => {
  const { wire, node, number } = await asks();
  wire.say(answer(number, result));
  await node.waitFor(text, { within: "100ms" });
});

test("an answer counts too of who has left the cluster for it", async () => {
  const { wire, node, number } = await asks();
  wire.say(answer(number, REBOOTS, { state: JOINING, era: 0, founder: "0".repeat(16) }));
  await node.waitFor(/^stranger reboots$/m, { within: "100ms" });
});

test("what answers another request, another node's, or comes of somebody else is no answer", async () => {
  const { lab, wire, node, number } = await asks();
  wire.say(report(LOW, 1, SELF));
  await lab.advance("20ms");
  wire.say(answer(number + 1, REFUSES));
  wire.say(answer(number - 1, REFUSES));
  wire.say(answer(number, REFUSES, { to: HIGH }));
  wire.say(answer(number, REFUSES, { id: LOW }));
  wire.say(answer(number, STALE + 1));
  await lab.advance("100ms");
  expect(node.console.text).not.toMatch(/^stranger (?:reboots|refuses)/m);
  await node.waitFor(/^stranger does not answer$/m, { within: "3s" });
});

test("each request has a number of its own, and is said again until it is answered", async () => {
  const s = await asks();
  await s.lab.advance("1s");
  const numbers = s.wire.of(REBOOT).map(({ data }) => new DataView(data.buffer).getUint32(REQUEST_AT, true));
  expect(numbers.length).toBeGreaterThan(1);
  expect(new Set(numbers)).toEqual(new Set([s.number]));
  s.wire.say(answer(s.number, REFUSES));
  await s.node.waitFor(/^stranger refuses/m, { within: "100ms" });
  expect((await ask(s)).number).not.toBe(s.number);
});
