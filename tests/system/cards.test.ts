/** Network cards other than the usual one: nodes with them are members like all others. */
import { createHash } from "node:crypto";
import { createConnection } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type LabCluster, openPort, planFaults } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, isoWith, PROMPT } from "./images.ts";

async function mixed(cdrom = images().iso): Promise<LabCluster> {
  const lab = boot({ nodes: [{ cdrom, nic: "rtl8139" }, { cdrom }] });
  onTestFinished(() => lab.close());
  for (const node of lab.nodes) await node.waitFor(/peers 1\s*$/m, { within: "30s" });
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  return lab;
}

test("an RTL8139 hears groups, answers, sees its cable, and gets over what it could not hold", async () => {
  const lab = await mixed();
  const [node] = lab.nodes;
  await node!.enter("ifconfig", /eth0: up, link, MAC 52:54:00[\s\S]* 0 damaged, 0 missed/);
  await node!.enter("ping -c 3 10.0.2.16", /3 received/);
  node!.cut();
  await lab.advance("100ms");
  await node!.enter("ifconfig", /eth0: up, no link/);
  node!.connect();
  await lab.advance("100ms");
  await node!.enter("ifconfig", /eth0: up, link/);
  await node!.waitFor(PROMPT);
  // More than its ring holds, while its processor stands still.
  const plug = lab.plug("stranger");
  node!.freeze("50ms");
  const frame = new Uint8Array(1514).fill(0xff, 0, 6);
  frame[6] = 2;
  for (let count = 0; count < 40; count++) {
    plug.send(frame);
    await lab.advance("1ms");
  }
  await lab.advance("100ms");
  await node!.enter("ifconfig", / 0 damaged, [1-9]\d* missed/);
  await node!.enter("ping -c 3 10.0.2.16", /3 received/);
});

thoroughly("bytes go through an RTL8139 both ways as they were, over a cable that loses and reorders", async () => {
  const lab = await mixed(await isoWith("tests/system/reflector.s", "asm/shell/reflector.s"));
  planFaults(lab, ["0s lose 1 1%", "0s reorder 1 5% 300us"]);
  lab.realtime = true;
  const { ports } = await openPort(lab, "0:1:7");
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 0x9e3779b1) >>> 24);
  const hash = createHash("sha256");
  let isOver = false;
  const socket = createConnection({ port: ports[0]!, host: "127.0.0.1" }, () => socket.end(bytes));
  socket.on("data", (piece) => hash.update(piece));
  socket.on("end", () => (isOver = true));
  await lab.until(() => isOver, "the echo did not end", { within: "120s" });
  expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
});

thoroughly("two runs with an RTL8139 end with the same digest", async () => {
  const digests: string[] = [];
  for (let run = 0; run < 2; run++) {
    const lab = await mixed();
    planFaults(lab, [`${lab.nowNs}ns lose 1 20%`]);
    await lab.advance("2s");
    digests.push(lab.digest());
  }
  expect(digests[1]).toBe(digests[0]);
});
