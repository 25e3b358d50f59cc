/**
 * Service addresses that nobody has typed: the router asks for one in vain, and `cloud auto-answer` allows to take it.
 */
import { expect, test } from "vitest";
import { ETHERTYPE_ARP, formatIpv4, get16, parseArp, parseIpv4 } from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { arp } from "../guest/packet-wire.ts";
import { agreed } from "./cluster-service.ts";
import { boot, images, inState, PROMPT } from "./images.ts";

const ROUTER = "10.0.2.2";
const ROUTER_MAC = Uint8Array.of(0x52, 0x55, ...parseIpv4(ROUTER));
const HERE = { mac: new Uint8Array(6), address: "0.0.0.0" };

/** Three nodes that learn addresses, where the mask is one. */
function learning(mask: string): Promise<LabCluster> {
  return inState(`auto-answer ${mask}`, async () => {
    const lab = boot({ nodes: Array.from({ length: 3 }, () => ({ cdrom: images().iso, key: keyOfSeed(1) })) });
    await agreed(lab);
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    await lab.advance("1s");
    if (mask) await lab.nodes[1]!.enter(`cloud auto-answer ${mask}`, PROMPT);
    await lab.advance("500ms");
    return lab;
  });
}

/** Somebody asks for an address so many times. */
async function ask(lab: LabCluster, sender: string, target: string, times: number, everyMs = 1100): Promise<void> {
  const plug = lab.plug(`${sender} asks`);
  const question = arp({ operation: 1, sender, senderMac: ROUTER_MAC, target })(HERE);
  for (let time = 0; time < times; time++) {
    plug.send(question);
    await lab.advance(`${everyMs}ms`);
  }
  await lab.advance("3s");
}

/** The nodes that say that they hold an address. */
const holders = (lab: LabCluster, address: string): LabNode[] =>
  lab.nodes.filter(({ console: { text } }) => text.includes(`cluster: ${address} is here now`));

test("an address for which the router asks in vain becomes a service address", async () => {
  const lab = await learning("255.255.255.0");
  await ask(lab, ROUTER, "10.0.2.77", 4);
  expect(holders(lab, "10.0.2.77")).toHaveLength(1);
  await lab.nodes[2]!.enter("cloud get address.10.0.2.77", /^255\.255\.255\.0$/m);
});

test("all three know it, and one answers; it is an address as any other", async () => {
  const lab = await learning("255.255.255.0");
  await ask(lab, ROUTER, "10.0.2.77", 4);
  for (const node of lab.nodes) await node.enter("cloud address", /^10\.0\.2\.77 mask 255\.255\.255\.0 held /m);
  for (const node of lab.nodes) expect(node.console.text.match(/the router asks for/g)?.length ?? 0).toBeLessThan(2);
  await lab.nodes[0]!.enter("cloud auto-answer", /with the mask 255\.255\.255\.0 that the router asks for in vain/);
  await lab.nodes[0]!.enter("cloud auto-answer 255.0.255.0", /255\.0\.255\.0 is not a mask, nor the word off/);
  await lab.nodes[0]!.enter("cloud auto-answer off", PROMPT);
  await lab.nodes[0]!.enter("cloud address remove 10.0.2.77", PROMPT);
  await ask(lab, ROUTER, "10.0.2.77", 5);
  await lab.nodes[1]!.enter("cloud address", /no service addresses/);
  await lab.nodes[1]!.enter("cloud auto-answer", /No service addresses are learned/);
});

const NOT_LEARNED: readonly [
  why: string,
  mask: string,
  sender: string,
  target: string,
  times: number,
  everyMs?: number,
][] = [
  ["nobody has allowed it", "", ROUTER, "10.0.2.77", 5],
  ["somebody else than the router asks", "255.255.255.0", "10.0.2.99", "10.0.2.77", 5],
  ["it lies outside of the mask", "255.255.255.240", ROUTER, "10.0.2.77", 5],
  ["it lies outside of the subnet", "255.0.0.0", ROUTER, "10.0.3.77", 5],
  ["it is the subnet's broadcast address", "255.255.255.0", ROUTER, "10.0.2.255", 5],
  ["it was asked for three times only", "255.255.255.0", ROUTER, "10.0.2.77", 3],
  ["it was asked for within one second", "255.255.255.0", ROUTER, "10.0.2.77", 9, 100],
  ["it was asked for now and then", "255.255.255.0", ROUTER, "10.0.2.77", 5, 11_000],
];

for (const [why, mask, sender, target, times, everyMs] of NOT_LEARNED)
  test(`an address is not learned when ${why}`, async () => {
    const lab = await learning(mask);
    await ask(lab, sender, target, times, everyMs);
    expect(lab.nodes.filter(({ console: { text } }) => /the router asks for/.test(text))).toEqual([]);
    expect(holders(lab, target)).toEqual([]);
  });

test("an address is not learned when a machine has it, which answers when it is asked", async () => {
  const lab = await learning("255.255.255.0");
  const owner = lab.plug("owner");
  // It does not answer the router, but who probes.
  owner.answer((frame) => {
    const heard = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
    if (heard?.operation !== 1 || formatIpv4(heard.targetIp) !== "10.0.2.77") return [];
    if (formatIpv4(heard.senderIp) === ROUTER) return [];
    return [arp({ operation: 2, sender: "10.0.2.77", target: "0.0.0.0", mac: frame.slice(6, 12) })(HERE)];
  });
  await ask(lab, ROUTER, "10.0.2.77", 8);
  expect(lab.nodes.filter(({ console: { text } }) => /the router asks for/.test(text))).toEqual([]);
});

test("no more than eight addresses are learned, whatever the router asks for", async () => {
  const lab = await learning("255.255.255.0");
  const plug = lab.plug("router");
  for (let time = 0; time < 40; time++) {
    for (let last = 100; last < 112; last++)
      if (Math.floor(time / 5) % 3 === Math.floor((last - 100) / 4))
        plug.send(arp({ operation: 1, sender: ROUTER, senderMac: ROUTER_MAC, target: `10.0.2.${last}` })(HERE));
    await lab.advance("1100ms");
  }
  await lab.advance("10s");
  const learned = [...Array(12).keys()].filter((more) => holders(lab, `10.0.2.${100 + more}`).length > 0);
  expect(learned).toHaveLength(8);
});
