/**
 * When the holder of a service address serves the LAN's DHCP for it (docs/protocols/dhcp.md, "For a LAN that has
 * none").
 */
import { expect, test } from "vitest";
import { ETHERTYPE_IPV4, get16, PROTOCOL_UDP } from "../../emulator/ether/packet.ts";
import type { LabNode } from "../../src/index.ts";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { atPrompt } from "../system/booted.ts";
import { inSharedState, PROMPT } from "../system/images.ts";
import { nowMs, type Scene, sceneOf } from "./agreement-scene.ts";

const SERVER = "10.9.0.1";
const DHCP_PORT = 67;
/** Looking for another server, before it serves. */
const SEARCH_MS = 2000;
/** How often it is looked who holds the address. */
const LOOK_MS = 250;

interface Search {
  readonly atMs: number;
  /** In whose name it asks, as a relay would. */
  readonly relay: string;
}

/** A member without a DHCP server, which holds the address, and its searches for other servers. */
async function holder(): Promise<{ s: Scene; node: LabNode; searches: Search[] }> {
  const lab = await inSharedState("holds an address where nobody lends", async () => {
    const booted = await atPrompt({ gateway: false });
    const node = booted.nodes[0]!;
    await node.waitFor(/^cloud: \S+ 169\.254\.\S+ era 1 /m, { within: "30s" });
    await node.waitFor(PROMPT);
    await node.enter(`cloud address add ${SERVER} 255.255.255.0`, PROMPT);
    await node.waitFor(/10\.9\.0\.1 is here now/);
    await booted.advance("200ms");
    return booted;
  });
  const s = sceneOf(lab);
  const searches: Search[] = [];
  lab.plug("listener").answer((frame) => {
    const isDhcp = get16(frame, 12) === ETHERTYPE_IPV4 && frame[23] === PROTOCOL_UDP && get16(frame, 34) === DHCP_PORT;
    const relay = isDhcp && frame.length > 70 ? frame.subarray(42 + 24, 42 + 28).join(".") : "0.0.0.0";
    if (relay !== "0.0.0.0") searches.push({ atMs: nowMs(s), relay });
    return [];
  });
  return { s, node: s.node, searches };
}

const VALUES: readonly (readonly [string, boolean])[] = [
  [`${SERVER} 50 600`, true],
  [`${SERVER} 9`, true],
  [`${SERVER} 000000050 00000600`, true],
  [`${SERVER} 0000000050 00000600`, false],
  [SERVER, false],
  [`${SERVER} 5x`, false],
  [`${SERVER} 50 6:0`, false],
  [`${SERVER} 50 6/0`, false],
  [`${SERVER}x 50`, false],
  [`${SERVER};50`, false],
  ["10.9.0.2 50", false],
  ["10.9.0 50", false],
  ["what", false],
];

test.each(rowsOf(VALUES, 1))("the value %j has it serve: %s", async (value, serves) => {
  const { s, node, searches } = await holder();
  await node.enter(`cloud set dhcp "${value}"`, /dhcp is set/);
  const setMs = nowMs(s);
  await s.lab.advance(`${LOOK_MS + 400}ms`);
  expect(searches.length > 0).toBe(serves);
  await node.waitFor(PROMPT);
  await node.enter("service log lan-dhcp", serves ? PROMPT : /lan-dhcp was never started/);
  if (!serves) return;
  expect(searches.every(({ relay }) => relay === SERVER)).toBe(true);
  expect(searches[0]!.atMs - setMs).toBeLessThan(LOOK_MS + 300);
  // It goes on, and searches no more.
  await s.lab.advance(`${2 * SEARCH_MS}ms`);
  expect(node.console.text).not.toContain("the DHCP server has ended");
  const count = searches.length;
  await s.lab.advance("5s");
  expect(searches).toHaveLength(count);
});

describeThoroughly("the server", () => {
  test("ends with the value, and is another one with another value", async () => {
    const { s, node, searches } = await holder();
    await node.enter(`cloud set dhcp "${SERVER} 50 600"`, /dhcp is set/);
    await s.lab.advance("3s");
    const first = searches.length;
    expect(first).toBeGreaterThan(0);
    await node.waitFor(PROMPT);
    await node.enter(`cloud set dhcp "${SERVER} 51 600"`, /dhcp is set/);
    await s.lab.advance("3s");
    expect(searches.length).toBeGreaterThan(first);
    const second = searches.length;
    await node.waitFor(PROMPT);
    await node.enter("cloud set dhcp", /dhcp is gone/);
    await s.lab.advance("1s");
    await node.waitFor(PROMPT);
    await node.enter(`cloud set dhcp "${SERVER} 51 600"`, /dhcp is set/);
    await s.lab.advance("3s");
    expect(searches.length).toBeGreaterThan(second);
    expect(node.console.text).not.toContain("the DHCP server has ended");
  });

  test("ends when the address is given up, and begins when it is held", async () => {
    const { s, node, searches } = await holder();
    await node.enter(`cloud set dhcp "${SERVER} 50 600"`, /dhcp is set/);
    await s.lab.advance("3s");
    await node.waitFor(PROMPT);
    await node.enter(`cloud address remove ${SERVER}`, PROMPT);
    await s.lab.advance("2s");
    const before = searches.length;
    await node.enter(`cloud address add ${SERVER} 255.255.0.0`, PROMPT);
    await s.lab.advance("3s");
    expect(searches.length).toBeGreaterThan(before);
  });
});
