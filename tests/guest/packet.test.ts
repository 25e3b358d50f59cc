/** IPv4 and what lies below and above it as a neighbour sees them: hundreds of cases, one after the other on one node. */
import { expect, test } from "vitest";
import { withAddress } from "../system/booted.ts";
import { PACKET_CASES } from "./packet-cases.ts";
import { PacketScene } from "./packet-wire.ts";

let made: Promise<PacketScene> | null = null;

async function makeScene(): Promise<PacketScene> {
  const lab = await withAddress();
  return new PacketScene(lab);
}

test.each(PACKET_CASES)("$name", async (one) => {
  made ??= makeScene();
  const scene = await made;
  expect(await scene.run(one)).toEqual([]);
});
