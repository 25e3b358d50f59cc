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
