/**
 * IPv4 and what lies below and above it as a neighbour sees them: hundreds of cases, one after the other on one node.
 */
import { expect, test } from "vitest";
import { shared } from "../setup/shared.ts";
import { withAddress } from "../system/booted.ts";
import { PACKET_CASES } from "./packet-cases.ts";
import { PacketScene } from "./packet-wire.ts";

const sceneOfAll = shared(async () => {
  const scene = new PacketScene(await withAddress());
  await scene.greet();
  return scene;
});

test.each(PACKET_CASES)("$name", async (one) => {
  const scene = await sceneOfAll();
  expect(await scene.run(one)).toEqual([]);
});
