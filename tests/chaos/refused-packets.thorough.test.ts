/** What a cluster refuses changes nothing. Millions of packets: npm run prove -- packets. */
import { beforeAll, expect, test } from "vitest";
import { kernelLayout } from "../../src/chaos/setup.ts";
import { images } from "../system/images.ts";
import { clusterStage } from "./images.ts";
import { PACKET_KINDS, PacketScene } from "./refused-packets.ts";

const PACKETS = 4000;

let scene: PacketScene;
beforeAll(async () => {
  scene = await PacketScene.of(await clusterStage(3), kernelLayout(images().kernelElf));
});

test("packets of most kinds are heard", () => {
  expect(scene.kinds.size).toBeGreaterThan(8);
});

test.each(PACKET_KINDS)("packets %s", async (kind) => {
  expect(await scene.problem(kind, 1, PACKETS)).toBeNull();
});
