/** How a node without a DHCP server takes a link-local address, and what it does when all are taken (RFC 3927). */
import { expect, test } from "vitest";
import { arpBytes, ETHERTYPE_ARP, ethernetFrame, get16, parseArp } from "../../../emulator/ether/packet.ts";
import type { LabCluster, LabNode } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { atPrompt } from "../../system/booted.ts";
import { boot, images } from "../../system/images.ts";

const RIVAL_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x99);
/** Steps of the node's clock, by which a wait may be longer. */
const LATER_MS = 30;

interface Asked {
  readonly atMs: number;
  readonly sender: string;
  readonly target: string;
}

interface Scene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly probes: Asked[];
  readonly announcements: Asked[];
}

/** A node that asks for an address in vain, and one who has every link-local address that it probes, when `rival`. */
async function scene(rival: boolean): Promise<Scene> {
  const lab = await atPrompt({ gateway: false });
  const [probes, announcements]: [Asked[], Asked[]] = [[], []];
  lab.plug("rival").answer((frame) => {
    const asked = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
    if (asked?.operation !== 1) return [];
    const [sender, target] = [asked.senderIp.join("."), asked.targetIp.join(".")];
    if (sender === target) announcements.push({ atMs: lab.nowNs / 1e6, sender, target });
    if (sender !== "0.0.0.0") return [];
    probes.push({ atMs: lab.nowNs / 1e6, sender, target });
    if (!rival) return [];
    const reply = { operation: 2, senderMac: RIVAL_MAC, senderIp: asked.targetIp, targetIp: asked.senderIp };
    return [
      ethernetFrame(asked.senderMac, RIVAL_MAC, ETHERTYPE_ARP, arpBytes({ ...reply, targetMac: asked.senderMac })),
    ];
  });
  return { lab, node: lab.nodes[0]!, probes, announcements };
}

function isBetween(ms: number, least: number, most: number): void {
  expect(ms).toBeGreaterThanOrEqual(least);
  expect(ms).toBeLessThan(most + LATER_MS);
}

test("an address is probed three times, taken two seconds later, and announced twice", async () => {
  const { lab, node, probes, announcements } = await scene(false);
  const [, address] = await node.waitFor(/eth0: address (169\.254\.(?!0\.|255\.)\S+)\/16 link-local/, {
    within: "60s",
  });
  await lab.advance("2100ms");
  expect(probes.map(({ target }) => target)).toEqual([address, address, address]);
  isBetween(probes[1]!.atMs - probes[0]!.atMs, 1000, 2000);
  isBetween(probes[2]!.atMs - probes[1]!.atMs, 1000, 2000);
  expect(announcements.map(({ target }) => target)).toEqual([address, address]);
  isBetween(announcements[0]!.atMs - probes[2]!.atMs, 2000, 2000);
  isBetween(announcements[1]!.atMs - announcements[0]!.atMs, 2000, 2000);
});

test("a machine tries the same address each time, and another one another (RFC 3927, 2.1)", async () => {
  const first = async (last: number): Promise<string> => {
    const macAddress = Uint8Array.of(2, 0, 0, 0, 0, last);
    const lab = boot({ nodes: [{ cdrom: images().iso, macAddress }], gateway: false });
    const [, address] = await lab.nodes[0]!.waitFor(/eth0: address (169\.254\.\S+)\/16/, { within: "60s" });
    return address!;
  };
  expect(await first(7)).toBe(await first(7));
  expect(await first(7)).not.toBe(await first(8));
});

thoroughly("an address that is taken is left for another; after ten it tries one a minute", async () => {
  const { lab, node, probes } = await scene(true);
  await lab.until(() => probes.length === 12, "there were no twelve probes", { within: "240s" });
  expect(new Set(probes.map(({ target }) => target)).size).toBe(12);
  for (const { target } of probes) {
    const [first, second, third] = target.split(".").map(Number) as [number, number, number];
    expect([first, second]).toEqual([169, 254]);
    isBetween(third, 1, 254);
  }
  const waits = probes.slice(1).map(({ atMs }, index) => atMs - probes[index]!.atMs);
  for (const wait of waits.slice(0, 9)) isBetween(wait, 0, 1000);
  for (const wait of waits.slice(9)) isBetween(wait, 60_000, 61_000);
  expect(Math.max(...waits.slice(0, 9)) - Math.min(...waits.slice(0, 9))).toBeGreaterThan(300);
  expect(node.console.text).not.toContain("link-local");
});

test("a lease takes its place as soon as a server is there, though that answers to the MAC address", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso }] });
  const node = lab.nodes[0]!;
  const setBlocked = (blocked: boolean): void =>
    lab.cluster.setTrouble(0, "in", { ...lab.cluster.trouble(0, "in"), blocked });
  setBlocked(true);
  await node.waitFor(/eth0: address 169\.254\.\S+ link-local/, { within: "60s" });
  setBlocked(false);
  await node.waitFor(/eth0: address 10\.0\.2\.15\/24 by DHCP/, { within: "30s" });
});
