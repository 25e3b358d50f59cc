/** A gateway may let in nothing of what one side sends, while that side hears the other. */
import { expect, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { LAN } from "../../emulator/ether/wide/home-router.ts";
import { WIDE_PORT, wideOf } from "../../src/wire/wide.ts";
import { delegateOf, FORWARDED, link, MUTE, said, worldOf } from "./worlds.ts";

const DESTINATION_PORT = 36;

test("a link that does not hear this cluster is looked for elsewhere, though it is heard", async () => {
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "den", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
  ]);
  try {
    // The hub speaks from its way to the den's door: there it is for the den.
    expect(await link(world, "den", "hub", "198.51.100.2")).toContain("linked with the cluster den.");
    const den = delegateOf(world, "den");
    await world.lab.advance("5s");
    expect(await said(den, "cloud link list")).toMatch(/^hub .* 198\.51\.100\.1:(?!20819 )\d+ +heard \d s/m);
    // From now on the hub's gateway lets in what is forwarded alone.
    const router = world.lab.cluster.world!.routers[0]!;
    const receive = router.receive.bind(router);
    router.receive = (port, timeNs, frame, transmit) => {
      if (port === LAN || wideOf(frame) === null || get16(frame, DESTINATION_PORT) === WIDE_PORT)
        receive(port, timeNs, frame, transmit);
    };
    await world.lab.advance("60s");
    expect(await said(den, "cloud link list")).toMatch(/^hub .* 198\.51\.100\.1:20819 +heard \d s/m);
    expect(await said(delegateOf(world, "hub"), "cloud link list")).toMatch(/^den .* heard \d s/m);
  } finally {
    world.lab.close();
  }
});
