/** The addresses that a cluster shares: one member holds each, whatever happens to its holder. */
import { describe, expect, test } from "vitest";
import { block, SERVICE, ServiceClient } from "../../bench/network/service-client.ts";
import { ETHERTYPE_ARP, formatMac, get16, parseArp, parseIpv4, sameBytes } from "../../emulator/ether/packet.ts";
import type { LabNode } from "../../src/index.ts";
import { nodeId } from "../../src/wire/cluster.ts";
import { idBytes } from "../guest/cluster/agreement-scene.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { agreed, withService } from "./cluster-service.ts";
import { PROMPT } from "./images.ts";
import { outputAmong } from "./output.ts";

const NOBODY = parseIpv4("0.0.0.0");

/** By which the members are ordered for an address. */
function weight(id: Uint8Array, address: Uint8Array): number {
  const word = (bytes: Uint8Array, at: number): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
  const turned = (value: number): number => (value << 7) | (value >>> 25);
  let mixed = turned(Math.imul(word(id, 0), 0x01000193)) ^ word(id, 4);
  mixed = turned(Math.imul(mixed, 0x01000193)) ^ word(address, 0);
  mixed = Math.imul(mixed, 0x01000193);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0;
}

describe("a service address", () => {
  thoroughly("is held by one member, which all know, with a MAC address of its own", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    await lab.advance("1s");
    expect(client.answersPerQuestion(lab.nowNs / 1e6 - 500)).toEqual(new Set([1]));
    expect(client.stations()).toEqual(new Set(["02:51:0a:00:02:fa"]));
    const holder = client.holder();
    for (const node of lab.nodes) {
      const [, who] = await node.enter("cloud address", /^10\.0\.2\.250 mask 255\.255\.255\.0 held (.*)$/m);
      expect(who).toBe(node === holder ? "here" : `by ${holder.name}`);
    }
  });

  thoroughly("lets who holds it speak all the time, and members hear of each other as before", async () => {
    const lab = await withService(3);
    for (const holder of lab.nodes) {
      await lab.nodes[0]!.enter(`cloud address move ${SERVICE} ${holder.name}`, PROMPT);
      await lab.advance("5s");
      for (const node of lab.nodes) {
        const [, first, second] = await node.enter(
          "cloud status",
          /member +(\d+\.\d) s\n(?:.*\n)*?.*member +(\d+\.\d) s$/m,
        );
        expect(Math.max(Number(first), Number(second))).toBeLessThan(1.5);
      }
    }
  });

  thoroughly("may be one of several that a member holds, and all know of each", async () => {
    const lab = await withService(3);
    const holder = new ServiceClient(lab).holder();
    const addresses = [SERVICE, "10.0.2.251", "10.0.2.252"];
    for (const address of addresses.slice(1)) await lab.nodes[0]!.enter(`cloud address add ${address}`, PROMPT);
    await lab.advance("2s");
    for (const address of addresses.slice(1))
      await lab.nodes[0]!.enter(`cloud address move ${address} ${holder.name}`, PROMPT);
    await lab.advance("5s");
    const held = (by: string): string =>
      addresses.map((address) => `${address} mask 255.255.255.0 held ${by}\n`).join("");
    for (const node of lab.nodes)
      expect(await outputAmong(node, "cloud address")).toContain(held(node === holder ? "here" : `by ${holder.name}`));
  });

  test("is held by the first in its row of members, in which ids are mixed with it as the protocol's page says", async () => {
    const lab = await withService(3);
    const addresses = [SERVICE, ...[251, 252, 253, 240, 241, 242, 243].map((last) => `10.0.2.${last}`)];
    for (const address of addresses.slice(1)) {
      await lab.nodes[0]!.enter(`cloud address add ${address}`, PROMPT);
      // Who claims one has not yet come to the next, and another one may be before it.
      await lab.advance("200ms");
    }
    await lab.advance("1s");
    const text = await outputAmong(lab.nodes[0]!, "cloud address");
    const held = [...text.matchAll(/^(\S+) mask \S+ held (?:by )?(\S+)$/gm)].map(([, address, by]) => [address, by]);
    const expected = addresses.map((address) => {
      const weights = lab.cluster.macAddresses
        .slice(0, 3)
        .map((mac) => weight(idBytes(nodeId(mac)), parseIpv4(address)));
      const first = weights.indexOf(Math.min(...weights));
      return [address, first === 0 ? "here" : `qure-${first + 1}`];
    });
    expect(new Map(held as [string, string][])).toEqual(new Map(expected as [string, string][]));
    expect(new Set(expected.map(([, by]) => by)).size).toBe(3);
  });

  test("goes to another member when its holder dies, within a second, and stays where it is afterwards", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const holder = client.holder();
    const diedMs = lab.nowNs / 1e6;
    holder.powerOff();
    await lab.advance("1s");
    // The first in the row has claimed it before the second one begins to.
    expect(client.silenceMs(diedMs)).toBeLessThan(350);
    const next = client.holder();
    const asker = lab.nodes.find((node) => node !== holder && node !== next)!;
    await asker.enter(`wget http://${SERVICE}/status`, new RegExp(`^name +${next.name}`, "m"), { within: "2s" });
    expect(next).not.toBe(holder);
    holder.powerOn();
    await agreed(lab);
    await lab.advance("1s");
    expect(client.holder()).toBe(next);
    expect(client.answersPerQuestion(diedMs + 500)).toEqual(new Set([1]));
  });

  thoroughly("does not move to a member that stands still: the command says so, and fails", async () => {
    const lab = await withService(2);
    const client = new ServiceClient(lab);
    await lab.advance("500ms");
    const holder = client.holder();
    const other = lab.nodes.find((node) => node !== holder)!;
    other.freeze("3s");
    expect(await outputAmong(holder, `cloud address move ${SERVICE} ${other.name} || echo bad`)).toMatch(
      /^cluster: it did not move\nbad$/m,
    );
    expect(client.holder()).toBe(holder);
    await lab.advance("4s");
    expect(await outputAmong(holder, `cloud address move ${SERVICE} ${other.name} || echo bad`)).not.toMatch(/bad/);
    expect(client.holder()).toBe(other);
  });

  thoroughly("goes on within 50 ms when its holder says goodbye", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const holder = client.holder();
    await holder.waitFor(PROMPT);
    const fromMs = lab.nowNs / 1e6;
    holder.type("cloud stop\n");
    await lab.advance("1s");
    expect(client.silenceMs(fromMs)).toBeLessThanOrEqual(50);
    expect(client.holder()).not.toBe(holder);
  });

  thoroughly("is held by one again, within 100 ms, after two parts of the cluster have each held it", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const holder = client.holder();
    // The holder's cable lets nothing through, but it has a link: it goes on.
    block(lab, holder, true);
    await lab.advance("3s");
    expect(client.holders()).toHaveLength(2);
    const healedMs = lab.nowNs / 1e6;
    block(lab, holder, false);
    await lab.advance("3s");
    expect(client.answersPerQuestion(healedMs + 100)).toEqual(new Set([1]));
  });

  thoroughly("is not answered for by a holder that stood still and was replaced meanwhile", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const holder = client.holder();
    const fromMs = lab.nowNs / 1e6;
    holder.freeze("3s");
    await lab.advance("5s");
    expect(client.silenceMs(fromMs)).toBeLessThan(500);
    expect(client.answersPerQuestion(fromMs + 500)).toEqual(new Set([1]));
    expect(client.holder()).not.toBe(holder);
  });

  thoroughly("is not answered for by a holder that stood still, as it had when it began to measure time", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const other = lab.nodes.find((node) => node !== client.holder())!;
    other.powerOff();
    await lab.advance("1s");
    other.powerOn();
    for (let times = 0; times < 20; times++) {
      await lab.advance("10ms");
      other.freeze("300ms");
      await lab.advance("300ms");
    }
    await lab.advance("3s");
    await other.enter(`cloud address move ${SERVICE} ${other.name}`, /held here/);
    await lab.advance("300ms");
    const fromMs = lab.nowNs / 1e6;
    other.freeze("1500ms");
    await lab.advance("3s");
    expect(client.holder()).not.toBe(other);
    expect(client.answersPerQuestion(fromMs + 500)).toEqual(new Set([1]));
  });

  thoroughly("is not taken by a member that stood still while it asked for it", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const holder = client.holder();
    const asking: string[] = [];
    let announced = 0;
    lab.plug("neighbour").answer((frame) => {
      const arp = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
      if (arp?.operation !== 1 || !sameBytes(arp.targetIp, parseIpv4(SERVICE))) return [];
      if (sameBytes(arp.senderIp, NOBODY)) asking.push(formatMac(arp.senderMac));
      if (sameBytes(arp.senderIp, arp.targetIp)) announced++;
      return [];
    });
    holder.powerOff();
    await lab.until(() => asking.length === 3, "nobody asks for the address");
    const first = lab.nodes[lab.cluster.macAddresses.findIndex((mac) => formatMac(mac) === asking[0])]!;
    const fromMs = lab.nowNs / 1e6;
    // Its card has no room for what is said in so long a time.
    block(lab, first, true, ["in"]);
    first.freeze("1s");
    await lab.advance("990ms");
    block(lab, first, false, ["in"]);
    await lab.advance("1s");
    expect(client.holder()).not.toBe(first);
    expect(client.severalMs(fromMs)).toBe(0);
    expect(announced).toBe(1);
  });

  thoroughly("is not taken by a member that stood still when it was handed over, and others went on", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const holder = client.holder();
    const [target, other] = lab.nodes.filter((node) => node !== holder) as [LabNode, LabNode];
    const fromMs = lab.nowNs / 1e6;
    target.freeze("1s");
    other.type(`cloud address move ${SERVICE} ${target.name}\n`);
    await lab.advance("50ms");
    // Its card keeps what the holder said, and has no room for what is said afterwards.
    block(lab, target, true, ["in"]);
    await lab.advance("940ms");
    expect(client.holder()).not.toBe(target);
    block(lab, target, false, ["in"]);
    await lab.advance("1s");
    expect(client.holder()).not.toBe(target);
    expect(client.severalMs(fromMs)).toBe(0);
  });

  thoroughly("moves on request, and is given up when it is removed", async () => {
    const lab = await withService(3);
    const client = new ServiceClient(lab);
    const holder = client.holder();
    const [target, other] = lab.nodes.filter((node) => node !== holder) as [LabNode, LabNode];
    const fromMs = lab.nowNs / 1e6;
    await other.enter(`cloud address move ${SERVICE} ${target.name}`, new RegExp(`held by ${target.name}`));
    expect(client.silenceMs(fromMs)).toBeLessThanOrEqual(50);
    expect(client.holder()).toBe(target);
    await other.enter(`cloud address move ${SERVICE} ${other.name}`, /held here/);
    // Who holds it needs to ask nobody.
    await other.enter(`cloud address move ${SERVICE} ${holder.name}`, new RegExp(`held by ${holder.name}`));
    expect(client.holder()).toBe(holder);
    await target.enter(`cloud address remove ${SERVICE}`, PROMPT);
    await lab.advance("1s");
    expect(client.answersPerQuestion(lab.nowNs / 1e6 - 500)).toEqual(new Set([0]));
    await holder.enter("cloud address", /no service addresses/);
  });

  thoroughly("is taken over by a member that joins later, and known to it", async () => {
    const lab = await withService(3);
    const [first] = lab.nodes as [LabNode];
    first.powerOff();
    await lab.advance("3s");
    first.powerOn();
    await agreed(lab);
    await first.waitFor(PROMPT);
    await first.enter("cloud address", /^10\.0\.2\.250 mask 255\.255\.255\.0 held by /m);
  });

  thoroughly("is not taken from a machine that is no member", async () => {
    const lab = await withService(2, "10.0.2.2");
    await lab.advance("4s");
    for (const node of lab.nodes) {
      expect(node.console.text).not.toMatch(/10\.0\.2\.2 is here/);
      expect(node.console.text).toMatch(/10\.0\.2\.2 cannot be held: another machine has it/);
    }
  });
});
