/**
 * Where a node sends what is for one member that it has never heard itself (docs/protocols/cluster.md, "Rules"):
 * to the MAC address that the member's id holds, and nobody is asked for it; where an id holds none, by ARP.
 */
import { describe, expect, test } from "vitest";
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, get16, parseArp, parseIpv4Packet } from "../../../emulator/ether/packet.ts";
import { rowsOf } from "../../setup/tier.ts";
import { LOW, says, scene, view } from "./agreement-scene.ts";
import { HELLO, REPORT } from "./cluster-wire.ts";

const macOf = (bytes: Uint8Array, at: number): string => Buffer.from(bytes.subarray(at, at + 6)).toString("hex");

const NAMED: readonly (readonly [string, string, string | null])[] = [
  ["has the MAC address that its id holds", "525400fffeff0063", "525400ff0063"],
  ["each byte of it", "a2b1c3fffed4e5f6", "a2b1c3d4e5f6"],
  ["none where the id has others in its middle", "a2b1c3fffdd4e5f6", null],
  ["in either byte", "a2b1c3fefed4e5f6", null],
];

describe("a member that only the coordinator has named", () => {
  test.each(rowsOf(NAMED, 1))("%s: %s", async (_what, id, mac) => {
    const s = await scene();
    await says(s, HELLO);
    const sent: string[] = [];
    const asked: string[] = [];
    s.lab.plug("listener").answer((frame) => {
      if (get16(frame, 12) === ETHERTYPE_ARP) {
        const arp = parseArp(frame.subarray(14));
        if (arp?.operation === 1) asked.push(arp.targetIp.join("."));
      } else if (get16(frame, 12) === ETHERTYPE_IPV4) {
        const packet = parseIpv4Packet(frame.subarray(14));
        if (packet?.destination.join(".") === "10.0.2.200") sent.push(macOf(frame, 0));
      }
      return [];
    });
    const live = (): void => s.wire.say({ ...view(LOW, 5), members: [id] });
    live();
    await says(s, REPORT);
    for (let time = 0; time < 6; time++) {
      await s.lab.advance("150ms");
      live();
    }
    // The next in the ring is reported to each beat.
    if (mac === null) {
      expect(asked).toContain("10.0.2.200");
      expect(sent).toEqual([]);
    } else {
      expect(asked).not.toContain("10.0.2.200");
      expect(sent.length).toBeGreaterThanOrEqual(2);
      expect(new Set(sent)).toEqual(new Set([mac]));
    }
  });
});
