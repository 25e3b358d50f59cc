/** The door is reached by TCP at the port that a gateway gave for UDP, by whichever protocol it was asked. */
import { expect, test } from "vitest";
import type { PortMappingOptions } from "../../src/lab/sites.ts";
import { delegateOf, link, MUTE, said, worldOf } from "./worlds.ts";

test.each<[string, PortMappingOptions]>([
  ["PCP", { natPmp: false, igd: 0 }],
  ["NAT-PMP", { pcp: false, igd: 0 }],
  ["UPnP", { pcp: false, natPmp: false }],
  ["UPnP, for ever alone", { pcp: false, natPmp: false, permanentLeasesOnly: true }],
])("by %s", async (_, portMapping) => {
  const world = await worldOf([
    { name: "hub", nodes: 1, portMapping },
    { name: "den", nodes: 1, dropsUdp: true, nat: "symmetric", portMapping: MUTE },
  ]);
  try {
    // The first invitation begins to ask the gateway; UPnP comes last.
    await said(delegateOf(world, "hub"), "cloud link invite");
    await world.lab.advance("20s");
    expect(await link(world, "hub", "den")).toContain("linked with the cluster hub.");
    await world.lab.advance("15s");
    expect(await said(delegateOf(world, "den"), "cloud link list")).toMatch(
      /^hub .* by TCP 198\.51\.100\.1 +heard \d s/m,
    );
  } finally {
    world.lab.close();
  }
});

test("and goes on to be while UDP has ceased, whatever mapping is doubted for that", async () => {
  const world = await worldOf([
    { name: "hub", nodes: 1, nat: "full-cone" },
    { name: "den", nodes: 1, nat: "symmetric", portMapping: MUTE },
    { name: "mill", nodes: 1, nat: "port-restricted", portMapping: MUTE },
  ]);
  try {
    await said(delegateOf(world, "hub"), "cloud link invite");
    await world.lab.advance("5s");
    for (const site of ["den", "mill"])
      expect(await link(world, "hub", site)).toContain("linked with the cluster hub.");
    await world.lab.advance("30s");
    const [gateway, other] = world.lab.cluster.world!.routers;
    other!.reboot(world.lab.nowNs);
    await world.lab.advance("60s");
    gateway!.dropsUdp = true;
    await world.lab.advance("125s");
    for (const [site, name] of [
      ["hub", "den"],
      ["hub", "mill"],
      ["den", "hub"],
      ["mill", "hub"],
    ] as const)
      expect(await said(delegateOf(world, site), "cloud link list")).toMatch(
        new RegExp(`^${name} .* by TCP .* heard \\d+ s`, "m"),
      );
  } finally {
    world.lab.close();
  }
});
