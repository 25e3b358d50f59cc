/** NAME.local: machines that find each other without a server, and strangers who ask wrongly. */
import { expect, test } from "vitest";
import { get16 } from "../../../emulator/ether/packet.ts";
import { boot, CLOUD, images, inState, PROMPT } from "../../system/images.ts";
import { nameBytes } from "./dns-wire.ts";
import { join, PacketScene, udp } from "./packet-wire.ts";

const GROUP = "224.0.0.251";
const GROUP_MAC = Uint8Array.of(1, 0, 0x5e, 0, 0, 251);
const MDNS = 5353;

async function machines(): Promise<PacketScene> {
  const lab = await inState("two machines", async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso }, { cdrom: images().iso }] });
    for (const node of booted.nodes) {
      await node.waitFor(CLOUD, { within: "20s" });
      await node.waitFor(PROMPT);
    }
    await booted.advance("3s");
    return booted;
  });
  return new PacketScene(lab);
}

const ask = (name: string, type = 1, id = 7): Uint8Array =>
  join([0, id, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes(name), [0, type, 0, 1]);

test("a machine is found by its name, and answers as RFC 6762 says", async () => {
  const s = await machines();
  const [first, second] = s.lab.nodes;
  const name = /(\S+):\/\S*> $/.exec(second!.console.text)![1]!;
  const address = CLOUD.exec(second!.console.text)![2]!;
  await first!.enter(`ping -c 1 ${name}.local`, new RegExp(`bytes from ${address.replaceAll(".", "\\.")}: request 1`), {
    within: "10s",
  });
  await first!.enter(`host nobody-${name}.local`, /host: .*timed out/, { within: "20s" });

  const own = /(\S+):\/\S*> $/.exec(first!.console.text)![1]!;
  const to = { to: GROUP, mac: GROUP_MAC };
  // One who is no mDNS querier gets an answer of his own, with his number and question.
  s.frames.length = 0;
  s.plug.send(udp({ source: 6001, port: MDNS, data: ask(`${own.toUpperCase()}.LOCAL`) }, to)(s.facts));
  await s.lab.advance("20ms");
  const frame = s.frames.find((one) => one[23] === 17 && get16(one, 36) === 6001)!;
  const message = frame.slice(42, 14 + get16(frame, 16));
  expect(frame[22], "TTL").toBe(255);
  expect([...message.slice(0, 8)]).toEqual([0, 7, 0x84, 0, 0, 1, 0, 1]);
  expect([...message.slice(-10)]).toEqual([0, 0, 0, 10, 0, 4, ...s.facts.address.split(".").map(Number)]);

  // To the group goes one answer a second, however often it is asked for.
  const group: Uint8Array[] = [];
  s.plug.answer((one) => {
    if (one[5] === 251 && one[23] === 17 && get16(one, 34) === MDNS) group.push(one);
    return [];
  });
  for (let round = 0; round < 20; round++) {
    s.plug.send(udp({ source: MDNS, port: MDNS, data: ask(`${own}.local`) }, to)(s.facts));
    await s.lab.advance("100ms");
  }
  expect(group.length).toBeGreaterThanOrEqual(2);
  expect(group.length).toBeLessThanOrEqual(3);
  expect(group.map((one) => one[22])).toEqual(group.map(() => 255));
  const told = group[0]!.slice(42, 14 + get16(group[0]!, 16));
  expect([...told.slice(0, 12)]).toEqual([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  expect([...told.slice(-14, -4)]).toEqual([0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4]);

  // What is not asked of us, or wrongly, is not answered.
  group.length = 0;
  const wrong = [
    ask("nobody.local"),
    ask(own),
    ask(`${own}.local`, 28),
    ask(`${own}.local`).slice(0, -1),
    ask(`${own}.local`).slice(0, 11),
    ask(`${own}.local`).map((byte, at) => (at === 2 ? 0x80 : byte)),
    ask(`${own}.local`).map((byte, at) => (at === 5 ? 200 : byte)),
    join(ask(`${own}.local`).slice(0, 12), [0xc0, 12, 0, 1, 0, 1]),
  ];
  for (const data of wrong) s.plug.send(udp({ source: MDNS, port: MDNS, data }, to)(s.facts));
  s.plug.send(udp({ source: MDNS, port: MDNS, data: ask(`${own}.local`) }, { ...to, from: "192.0.2.1" })(s.facts));
  await s.lab.advance("2s");
  expect(group).toEqual([]);

  // Any class is the Internet's too, another one is not.
  const ofClass = (wanted: number): Uint8Array => join(ask(`${own}.local`).slice(0, -1), [wanted]);
  s.plug.send(udp({ source: MDNS, port: MDNS, data: ofClass(3) }, to)(s.facts));
  await s.lab.advance("2s");
  expect(group).toEqual([]);
  s.plug.send(udp({ source: MDNS, port: MDNS, data: ofClass(255) }, to)(s.facts));
  await s.lab.advance("2s");
  expect(group).toHaveLength(1);
});
