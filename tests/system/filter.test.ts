/** `filter`: what the rules say of packets that come and go. */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { members } from "./booted.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output, outputAmong } from "./output.ts";
import { partitioned } from "./recording-disk.ts";

test("the first rule that fits drops or passes a packet, whole ones by their ports, and counts", async () => {
  const lab = await members(2);
  const [node, other] = lab.nodes;
  const received = async (options = ""): Promise<number> =>
    Number(/(\d+) received/.exec(await outputAmong(other!, `ping -c 1 ${options} 10.0.2.15`))![1]);
  await outputAmong(node!, "filter add pass in icmp from 10.0.2.0/28; filter add drop in eth0 icmp from 10.0.2.16");
  expect(await received()).toBe(0);
  expect(await received("-s 3000")).toBe(0);
  expect(await outputAmong(node!, "filter")).toMatch(
    /^1 {2}pass in icmp from 10\.0\.2\.0\/28: 0 packets\n2 {2}drop in eth0 icmp from 10\.0\.2\.16\/32: 2 packets$/m,
  );
  expect(await outputAmong(node!, "netstat")).toMatch(/^ +2 {2}ip +packets dropped by a rule$/m);
  await outputAmong(node!, "filter del 1; filter add pass in; filter add drop out icmp to 10.0.2.16");
  expect(await received()).toBe(0);
  await outputAmong(
    node!,
    "filter clear; filter add pass in icmp; filter add drop in icmp; filter add drop in tcp port 70-90",
  );
  expect(await received("-s 3000")).toBe(1);
  await outputAmong(other!, "wget -q http://10.0.2.15/status & sleep 500");
  expect(await outputAmong(node!, "filter")).toMatch(/^3 {2}drop in tcp port 70-90: [1-9] packets$/m);
  await outputAmong(node!, "filter clear");
  expect(await outputAmong(other!, "wait; wget -q http://10.0.2.15/status; echo $?")).toMatch(/^0$/m);
});

test("what is no rule is refused", async () => {
  const node = (await members(2)).nodes[0]!;
  for (const words of [
    "drop",
    "drop in port 7",
    "drop in udp port 9-7",
    "drop in udp port 0",
    "drop in udp port 65536",
    "drop in from 10.0.2.2/33",
    "drop in from",
    "drop in eth9",
    "keep in",
  ])
    expect(await outputAmong(node, `filter add ${words}`)).toContain("usage: filter");
  expect(await outputAmong(node, "filter del 1")).toContain("filter: not found");
  expect(await outputAmong(node, "filter")).not.toMatch(/packets/);
});

thoroughly("rules that were saved are there again after a restart, in their order", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso, disk: partitioned() }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  for (const line of ["mkfs -t oofs hda0", "mount hda0 /net", "set colour = blue"]) await output(node, line);
  const rules = [
    "pass in eth0 tcp from 10.9.0.0/24 port 22-23",
    "drop in tcp port 22-23",
    "drop out udp from 10.9.0.2/32 to 255.255.255.255/32 port 65535-65535",
    "pass in",
  ];
  for (const rule of rules) await output(node, `filter add ${rule}`);
  await output(node, "save");
  expect(await output(node, "cat /net/settings")).toBe(
    ["colour = blue", ...rules.map((rule) => `filter = ${rule}`), ""].join("\n"),
  );
  await output(node, "echo 'filter = drop sideways' >> /net/settings; sync");
  node.reset();
  await node.waitFor(/settings: line 6 is not filter = RULE/);
  await lab.advance("1s");
  expect((await output(node, "filter")).match(/^\d .*(?=: 0 packets)/gm)).toEqual(
    rules.map((rule, index) => `${index + 1}  ${rule}`),
  );
  await output(node, "filter clear; save");
  expect(await output(node, "cat /net/settings")).toBe("colour = blue\n");
});
