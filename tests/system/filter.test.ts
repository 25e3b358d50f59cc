/** `filter`: what the rules say of packets that come and go. */
import { expect, test } from "vitest";
import { members } from "./booted.ts";
import { outputAmong } from "./output.ts";

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
