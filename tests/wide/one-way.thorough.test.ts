/** A gateway may let in nothing of what one side sends, while that side hears the other. */
import { expect, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { LAN } from "../../emulator/ether/wide/home-router.ts";
import type { SiteOptions } from "../../src/lab/sites.ts";
import { KINDS, WIDE_PORT, wideOf } from "../../src/wire/wide.ts";
import { delegateOf, FORWARDED, link, MUTE, said, type World, worldOf } from "./worlds.ts";

const DESTINATION_PORT = 36;
const AT_ITS_WAY = /^hub .* 198\.51\.100\.1:(?!20819 )\d+ +heard \d s/m;
const AT_ITS_DOOR = /^hub .* 198\.51\.100\.1:20819 +heard \d s/m;

const links = (world: World, site: string): Promise<string> => said(delegateOf(world, site), "cloud link list");

/** The hub speaks from its way to the den's door: there it is for the den. */
async function linked(den: Partial<SiteOptions>): Promise<World> {
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "den", nodes: 1, ...den },
  ]);
  // The first invitation begins to ask the gateway.
  await said(delegateOf(world, "den"), "cloud link invite");
  await world.lab.advance("5s");
  expect(await link(world, "den", "hub", "198.51.100.2")).toContain("linked with the cluster den.");
  await world.lab.advance("5s");
  expect(await links(world, "den")).toMatch(AT_ITS_WAY);
  return world;
}

/** A site's gateway drops packets between clusters that come from outside. */
function drop({ lab }: World, site: number, isDropped: (packet: Uint8Array, port: number) => boolean): void {
  const router = lab.cluster.world!.routers[site]!;
  const receive = router.receive.bind(router);
  router.receive = (port, timeNs, frame, transmit) => {
    const packet = port === LAN ? null : wideOf(frame);
    if (!packet || !isDropped(packet, get16(frame, DESTINATION_PORT))) receive(port, timeNs, frame, transmit);
  };
}

test("a link that does not hear this cluster is looked for elsewhere, though it is heard", async () => {
  const world = await linked({ forwards: [FORWARDED], portMapping: MUTE });
  try {
    drop(world, 0, (_, port) => port !== WIDE_PORT);
    await world.lab.advance("60s");
    expect(await links(world, "den")).toMatch(AT_ITS_DOOR);
    expect(await links(world, "hub")).toMatch(/^den .* heard \d s/m);
  } finally {
    world.lab.close();
  }
});

test("and so is one that is spoken to from the door, when the gateway has given that anew", async () => {
  const world = await linked({});
  try {
    // Calls in vain have the mapping made again, by which what goes from there may come from another port.
    drop(world, 1, (packet) => packet[5] === KINDS.call);
    await world.lab.advance("50s");
    expect(await links(world, "den")).toMatch(AT_ITS_DOOR);
  } finally {
    world.lab.close();
  }
});
