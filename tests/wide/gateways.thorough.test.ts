/** What gateways do, and say: mappings that are lost, dead, or made by the other protocol; two in a row; moves. */
import { afterAll, expect, test } from "vitest";
import { addressNumber } from "../../emulator/ether/wide/wide-net.ts";
import type { PortMappingOptions } from "../../src/lab/sites.ts";
import { wideOf } from "../../src/wire/wide.ts";
import { shared } from "../setup/shared.ts";
import { delegateOf, FORWARDED, link, listen, MUTE, said, type World, worldOf } from "./worlds.ts";

const HUB = "198.51.100.1";
const ONLY_PCP: PortMappingOptions = { natPmp: false, igd: 0 };
const ONLY_PMP: PortMappingOptions = { pcp: false, igd: 0 };
let open: World[] = [];

afterAll(() => {
  for (const { lab } of open) lab.close();
  open = [];
});

/** A hub with a door, a den behind one gateway, an attic behind two. All are linked with the hub. */
const three = shared(async (): Promise<World> => {
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "den", nodes: 1, portMapping: ONLY_PCP },
    { name: "cellar", nodes: 0, lanAddress: "10.0.0.1", nat: "address-restricted" },
    { name: "attic", nodes: 1, behind: "cellar", publicAddress: "10.0.0.2", portMapping: ONLY_PMP },
  ]);
  open.push(world);
  for (const name of ["den", "attic"]) expect(await link(world, "hub", name, HUB)).toContain("linked with");
  await world.lab.advance("30s");
  return world;
});

test("two tell the same address, and have reached it", async () => {
  const world = await three();
  const seen = await said(delegateOf(world, "hub"), "cloud public");
  expect(seen).toContain(`address ${HUB}, agreed\n`);
  expect(seen).toMatch(
    /den sees 198\.51\.100\.1, and reached it \d+ s ago\n {2}attic sees 198\.51\.100\.1, and reached/,
  );
});

test("one gateway is known from two", async () => {
  const world = await three();
  const den = await said(delegateOf(world, "den"), "cloud public");
  expect(den).toMatch(/hub sees 198\.51\.100\.2, and reached it/);
  expect(den).toContain("leads here, and that it is 198.51.100.2\n  so it is the only gateway\n");
  const attic = await said(delegateOf(world, "attic"), "cloud public");
  expect(attic).toContain("hub sees 198.51.100.3, and has not reached it\n");
  expect(attic).toContain("leads here, and that it is 10.0.0.2\n  so there is another gateway outside of it");
  expect(attic).toContain("nobody has reached the door");
});

test("a link at rest costs a delegate at most 60 bytes a second", async () => {
  const world = await three();
  const { into, out } = listen(world, 1);
  await world.lab.advance("100s");
  const bytes = [...into, ...out].reduce((sum, frame) => sum + (wideOf(frame) ? frame.length : 0), 0);
  expect(bytes / 100).toBeGreaterThan(20);
  expect(bytes / 100).toBeLessThan(60);
});

test("an invitation names the door that the gateway gives, and all three are linked with each other", async () => {
  const world = await three();
  expect(await link(world, "den", "attic")).toContain("linked with the cluster den.");
  await world.lab.advance("15s");
  for (const name of ["hub", "den", "attic"]) {
    const shown = await said(delegateOf(world, name), "cloud clusters");
    expect(shown.match(/^(hub|den|attic) .* heard \d+ s ago$/gm)).toHaveLength(2);
  }
});

test("the name of all clusters has both that are reached, and not the one that is not", async () => {
  const world = await three();
  const hub = delegateOf(world, "hub");
  await said(hub, "cloud set dns.domain cloud.example");
  await world.lab.advance("2s");
  const found = (await said(hub, "dns")).match(/^clusters\.cloud\.example\.? .*$/gm);
  expect(found?.map((row) => /\S+$/.exec(row)![0])).toEqual([HUB, "198.51.100.2"]);
});

test("a gateway that lost its mappings is asked again, and one that has another address is noticed", async () => {
  const world = await three();
  const { lab } = world;
  lab.cluster.world!.routers[1]!.reboot(lab.nowNs);
  await lab.advance("70s");
  const den = delegateOf(world, "den");
  expect(await said(den, "cloud public")).toMatch(/hub sees 198\.51\.100\.2, and reached it [12]?\d s ago/);
  lab.cluster.world!.move(1, addressNumber("198.51.100.77"));
  await lab.advance("30s");
  expect(await said(den, "cloud public")).toMatch(/hub sees 198\.51\.100\.77, and reached it/);
  expect(await said(delegateOf(world, "hub"), "cloud clusters")).toMatch(/^den .* 198\.51\.100\.77:/m);
});

test("a site that was cut off for minutes comes back", async () => {
  const world = await three();
  const { lab } = world;
  lab.cluster.world!.setUp(1, false);
  await lab.advance("3min");
  const hub = delegateOf(world, "hub");
  expect(await said(hub, "cloud clusters")).toMatch(/^den .* silent, heard \d+ s ago$/m);
  lab.cluster.world!.setUp(1, true);
  await lab.advance("15s");
  expect(await said(hub, "cloud clusters")).toMatch(/^den .* +heard \d+ s ago$/m);
});

test.each<[string, PortMappingOptions, boolean, readonly RegExp[]]>([
  [
    "a dead mapping",
    { ...ONLY_PCP, lies: { deadMappings: true } },
    false,
    [/, told by one cluster, and by the gateway\n/, /and has not reached it/, /nobody has reached/],
  ],
  [
    "another address than it has, from another port",
    { ...ONLY_PMP, lies: { publicAddress: "203.0.113.5", answersFromPort: 9999 } },
    false,
    [
      /, told by one cluster, but not by the gateway: link with one more\n/,
      /hub sees 198\.51\.100\.2, and reached it/,
      /that it is 203\.0\.113\.5\n {2}so there is another gateway/,
    ],
  ],
  [
    "mappings that it forgets every minute",
    { ...ONLY_PCP, lies: { forgetsEvery: "60s" } },
    true,
    [/hub sees 198\.51\.100\.2, and reached it/],
  ],
])(
  "what a gateway says is not believed, but counts against one voice: %s",
  async (_, portMapping, isNamed, patterns) => {
    const world = await worldOf([
      { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
      { name: "den", nodes: 1, portMapping },
    ]);
    open.push(world);
    expect(await link(world, "hub", "den", HUB)).toContain("linked with");
    await world.lab.advance("115s");
    const den = delegateOf(world, "den");
    const seen = await said(den, "cloud public");
    for (const pattern of patterns) expect(seen).toMatch(pattern);
    await said(den, "cloud set dns.domain cloud.example");
    await world.lab.advance("2s");
    expect(/^clusters\.cloud\.example\.? .* 198\.51\.100\.2$/m.test(await said(den, "dns"))).toBe(isNamed);
  },
);

/** By what each of these sees each later one. */
const WAYS = ["direct", "by hub", "by hub", "direct", "direct", "by hub"];

test("gateways let through what both sides say by a relay's word, and the relay goes on where they do not", async () => {
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "port", nodes: 1, nat: "port-restricted", portMapping: MUTE },
    { name: "cone", nodes: 1, nat: "address-restricted", portMapping: MUTE },
    { name: "east", nodes: 1, nat: "symmetric", portMapping: MUTE },
    { name: "west", nodes: 1, nat: "symmetric", portMapping: MUTE },
  ]);
  open.push(world);
  const names = ["port", "cone", "east", "west"];
  for (const name of names) expect(await link(world, "hub", name, HUB)).toContain("linked with");
  const ways: Record<string, string> = {};
  for (const [index, inviter] of names.entries())
    for (const joiner of names.slice(index + 1)) {
      expect(await link(world, inviter, joiner, `${inviter}@hub`)).toContain("linked with");
      await world.lab.advance("20s");
      const seen = await said(delegateOf(world, inviter), "cloud clusters");
      const [, way] = new RegExp(
        `^${joiner} +1 .{17,24} (by hub|[\\d.]+:\\d+) +heard (?:\\d|[1-3]\\d) s ago$`,
        "m",
      ).exec(seen)!;
      ways[`${inviter} ${joiner}`] = way!.startsWith("by") ? way! : "direct";
    }
  expect(Object.values(ways)).toEqual(WAYS);
});
