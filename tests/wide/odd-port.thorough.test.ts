/** A gateway may give the door another port than others know, while they cannot be told. */
import { expect, test } from "vitest";
import { delegateOf, link, MUTE, said, worldOf } from "./worlds.ts";

test("a port that others do not know is given back when all are silent, and they find the usual one", async () => {
  const world = await worldOf([
    { name: "hub", nodes: 1, nat: "full-cone" },
    { name: "den", nodes: 1, portMapping: MUTE },
  ]);
  try {
    const hub = delegateOf(world, "hub");
    await said(hub, "cloud link invite");
    await world.lab.advance("5s");
    expect(await link(world, "hub", "den")).toContain("linked with the cluster hub.");
    await world.lab.advance("30s");
    // Its restart forgets the mapping; what goes through the door has an entry of its own, at the same port.
    const { lab } = world;
    const gateway = lab.cluster.world!;
    gateway.routers[0]!.reboot(lab.nowNs);
    await lab.advance("210s");
    gateway.setUp(0, false);
    await lab.advance("120s");
    expect(await said(hub, "cloud public")).toContain("its port 20820 leads here");
    gateway.setUp(0, true);
    await lab.advance("300s");
    expect(await said(hub, "cloud public")).toContain("its port 20819 leads here");
    expect(await said(hub, "cloud link list")).toMatch(/^den .* heard \d+ s/m);
    expect(await said(delegateOf(world, "den"), "cloud link list")).toMatch(/^hub .*:20819 +heard \d+ s/m);
  } finally {
    world.lab.close();
  }
});
