/**
 * A machine without a network card (docs/protocols/cluster.md, "What a node remembers"): a boot is a boot, whoever
 * hears of it.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { addressOf, LOW, type Scene } from "./agreement-scene.ts";
import { nodeObject, type Objects, objectOf, resting, saveOn } from "./remembering-scene.ts";

const NONE = "cluster: there is no network card\n";

/** Its service begins with these objects on the disk. */
async function cardless(objects: Objects): Promise<Scene> {
  const s = await resting();
  saveOn(s.node.disk!, objects);
  s.node.machine.memory.dma.write(addressOf("net_interfaces"), new Uint8Array(4));
  s.node.type("service start cluster\n");
  await s.node.waitFor(/^cluster: there is no network card$/m);
  await s.node.waitFor(PROMPT);
  await s.lab.advance("300ms");
  return s;
}

test("is who its disk says, one boot older", async () => {
  const before = { id: LOW, era: 41, age: 8, eraAge: 5, founder: LOW, name: "tortoise", reboot: "yes", company: 1 };
  const s = await cardless({ cluster_node: nodeObject(before) });
  expect(s.node.console.text).toMatch(new RegExp(`^cluster: node ${LOW}, era 41, age 9, on disk$`, "m"));
  const kept = objectOf(s, "cluster_node")!;
  const expected = nodeObject({ ...before, age: 9 });
  expect(kept.subarray(0, 76)).toEqual(expected.subarray(0, 76));
  expect(kept.subarray(108)).toEqual(expected.subarray(108));
});

thoroughly("is nobody yet where its disk says nothing, and stays that", async () => {
  const s = await cardless({});
  expect(objectOf(s, "cluster_node")).toBe(null);
  expect(s.node.console.text.split(NONE)[1]).not.toContain("cluster: node ");
});
