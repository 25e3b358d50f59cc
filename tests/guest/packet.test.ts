/** IPv4 and what lies below and above it as a neighbour sees them: hundreds of cases, one after the other on one node. */
import { expect, test } from "vitest";
import { boot, CLOUD, images, inState, PROMPT } from "../system/images.ts";
import { PACKET_CASES } from "./packet-cases.ts";
import { PacketScene } from "./packet-wire.ts";

let made: Promise<PacketScene> | null = null;

async function makeScene(): Promise<PacketScene> {
  const lab = await inState("address", async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso }] });
    await booted.nodes[0]!.waitFor(CLOUD, { within: "20s" });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.advance("5s");
    return booted;
  });
  return new PacketScene(lab);
}

test.each(PACKET_CASES)("$name", async (one) => {
  made ??= makeScene();
  const scene = await made;
  expect(await scene.run(one)).toEqual([]);
});
