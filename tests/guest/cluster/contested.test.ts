/**
 * Another node that has this one's address, as the machine has that a kernel has left (docs/protocols/address.md): the
 * address is announced by ARP, so that the two hear of each other.
 */
import { expect, test } from "vitest";
import { ETHERTYPE_ARP, get16, parseArp } from "../../../emulator/ether/packet.ts";
import { HIGH, LOW, report, type Scene } from "./agreement-scene.ts";
import { type Entry, ERA, LEFT, MEMBER, member, NAMED, OFFLINE, tell } from "./view-scene.ts";

const OWN = "10.0.2.15";
/** The two that follow an address which was just taken are over. */
const ANNOUNCED = "4s";

/** How often the node announces its address within a time. */
async function announced(s: Scene, ms: number, say: () => void): Promise<number> {
  const plug = s.lab.plug("neighbour");
  say();
  await s.lab.advance(ms * 1e6);
  const said = plug.received.map((frame) => (get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null));
  return said.filter((arp) => arp?.senderIp.join(".") === OWN && arp.targetIp.join(".") === OWN).length;
}

test.each([
  ["a member", { state: MEMBER, address: OWN }, 1],
  ["somebody who is not believed yet", { state: NAMED, address: OWN }, 1],
  ["one who has died", { state: OFFLINE, address: OWN }, 0],
  ["one who has left", { state: LEFT, address: OWN }, 0],
  ["a member with another address", { state: MEMBER }, 0],
])("of a view that gives it to %s", async (_whom, entry: Partial<Entry>, times) => {
  const { s, self, coordinator } = await member();
  await s.lab.advance(ANNOUNCED);
  const say = (): void => tell(s, { all: [self, coordinator], entries: [{ id: LOW, ...entry }] });
  expect(await announced(s, 800, say)).toBe(times);
});

test("of a member that speaks from it, at most twice in a second", async () => {
  const { s } = await member();
  await s.lab.advance(ANNOUNCED);
  const say = (): void => s.wire.say({ ...report(HIGH, ERA), last: 15 });
  expect(await announced(s, 600, say)).toBe(1);
  const plug = s.lab.plug("another neighbour");
  for (let ms = 0; ms < 960; ms += 40) {
    say();
    await s.lab.advance("40ms");
  }
  const frames = plug.received.filter((frame) => get16(frame, 12) === ETHERTYPE_ARP).length;
  expect(frames).toBeGreaterThan(0);
  expect(frames).toBeLessThanOrEqual(2);
});
