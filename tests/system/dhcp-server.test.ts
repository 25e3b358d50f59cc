/** The DHCP server in ring 3, with our own nodes as clients and with messages that a test writes. */
import { expect, test } from "vitest";
import {
  BROADCAST_MAC,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseIpv4,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { Random } from "../../emulator/state/random.ts";
import type { LabCluster } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, inState, PROMPT } from "./images.ts";

const FIXED = "02:00:00:00:00:99";
const [DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM] = [1, 2, 3, 4, 5, 6, 7, 8];
const NOWHERE = parseIpv4("0.0.0.0");
const EVERYONE = parseIpv4("255.255.255.255");

interface Asked {
  readonly type: number;
  readonly mac?: string;
  readonly requested?: string;
  readonly server?: string;
  readonly client?: string;
}

function message({ type, mac = "02:00:00:00:00:01", requested, server, client }: Asked): Uint8Array {
  const bytes = new Uint8Array(300);
  bytes.set([1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44]);
  if (client) bytes.set(parseIpv4(client), 12);
  bytes.set(
    mac.split(":").map((byte) => Number.parseInt(byte, 16)),
    28,
  );
  const option = (code: number, address?: string): number[] => (address ? [code, 4, ...parseIpv4(address)] : []);
  bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...option(50, requested), ...option(54, server), 255], 236);
  return bytes;
}

class Scene {
  readonly #plug;
  readonly #heard: Uint8Array[] = [];

  readonly lab: LabCluster;

  constructor(lab: LabCluster) {
    this.lab = lab;
    this.#plug = lab.plug("client");
    this.#plug.answer((frame) => {
      if (get16(frame, 12) === ETHERTYPE_IPV4 && frame[23] === PROTOCOL_UDP && get16(frame, 34) === 67)
        this.#heard.push(frame.subarray(42));
      return [];
    });
  }

  /** Sends a message, and gives the answers: kind, address, option 224. */
  async ask(data: Uint8Array): Promise<readonly string[]> {
    this.#heard.length = 0;
    const payload = udpBytes(NOWHERE, EVERYONE, { sourcePort: 68, destinationPort: 67, data });
    const packet = ipv4Bytes({ source: NOWHERE, destination: EVERYONE, protocol: PROTOCOL_UDP, payload }, 1);
    this.#plug.send(ethernetFrame(BROADCAST_MAC, Uint8Array.of(2, 0, 0, 0, 0, 1), ETHERTYPE_IPV4, packet));
    await this.lab.advance("50ms");
    return this.#heard.map((answer) => {
      const own = answer.indexOf(224, 240);
      const text = own < 0 ? "" : String.fromCharCode(...answer.subarray(own + 2, own + 2 + answer[own + 1]!));
      return `${answer[242]} ${answer.subarray(16, 20).join(".")} ${text}`;
    });
  }
}

async function scene(): Promise<Scene> {
  const lab = await inState("a DHCP server", async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso }], gateway: false });
    const node = booted.nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("service stop cluster", PROMPT);
    await node.enter("ifconfig eth0 10.9.0.1 255.255.255.0", /address 10\.9\.0\.1/);
    await node.waitFor(PROMPT);
    await node.enter(`dhcp-server 10.9.0.10 2 600 ${FIXED}=10.9.0.99 'key of us' &`, /dhcp-server: ready/);
    return booted;
  });
  return new Scene(lab);
}

test("a client is offered an address, gets it, keeps it, and gives it back", async () => {
  const s = await scene();
  expect(await s.ask(message({ type: DISCOVER! }))).toEqual([`${OFFER} 10.9.0.10 key of us`]);
  const chosen = { requested: "10.9.0.10", server: "10.9.0.1" };
  expect(await s.ask(message({ type: REQUEST!, ...chosen }))).toEqual([`${ACK} 10.9.0.10 key of us`]);
  expect(await s.ask(message({ type: DISCOVER! }))).toEqual([`${OFFER} 10.9.0.10 key of us`]);
  expect(await s.ask(message({ type: REQUEST!, requested: "10.9.0.11" }))).toEqual([`${NAK} 0.0.0.0 `]);
  const second = "02:00:00:00:00:02";
  expect(await s.ask(message({ type: DISCOVER!, mac: second, requested: "10.9.0.10" }))).toEqual([
    `${OFFER} 10.9.0.11 key of us`,
  ]);
  const third = "02:00:00:00:00:03";
  expect(await s.ask(message({ type: DISCOVER!, mac: third }))).toEqual([]);
  expect(await s.ask(message({ type: RELEASE!, client: "10.9.0.10" }))).toEqual([]);
  expect(await s.ask(message({ type: DISCOVER!, mac: third }))).toEqual([`${OFFER} 10.9.0.10 key of us`]);
  expect(await s.ask(message({ type: DECLINE!, mac: third, requested: "10.9.0.10", server: "10.9.0.1" }))).toEqual([]);
  expect(await s.ask(message({ type: DISCOVER!, mac: third }))).toEqual([]);
});

test("a machine with an address of its own gets that one, and strangers to the server hear nothing", async () => {
  const s = await scene();
  expect(await s.ask(message({ type: DISCOVER!, mac: FIXED }))).toEqual([`${OFFER} 10.9.0.99 key of us`]);
  expect(await s.ask(message({ type: REQUEST!, requested: "10.9.0.10" }))).toEqual([]);
  expect(await s.ask(message({ type: REQUEST!, requested: "10.9.0.10", server: "10.9.0.2" }))).toEqual([]);
  expect(await s.ask(message({ type: REQUEST!, requested: "10.9.0.77", server: "10.9.0.1" }))).toEqual([
    `${NAK} 0.0.0.0 `,
  ]);
  expect(await s.ask(message({ type: INFORM! }))).toEqual([`${ACK} 0.0.0.0 key of us`]);
});

thoroughly("hostile messages are not answered, and the server goes on", async () => {
  const s = await scene();
  const good = message({ type: DISCOVER! });
  for (const change of [
    [0, 2],
    [1, 6],
    [2, 16],
    [28, 3],
    [236, 0],
    [240, 0],
    [241, 0],
    [241, 255],
    [241, 59],
  ] as const)
    expect(await s.ask(Uint8Array.from(good, (byte, at) => (at === change[0] ? change[1] : byte)))).toEqual([]);
  expect(await s.ask(good.subarray(0, 239))).toEqual([]);
  expect(await s.ask(good.subarray(0, 240))).toEqual([]);
  const random = new Random(3);
  for (let round = 0; round < 40; round++) {
    const bytes = Uint8Array.from(good, (byte) => (random.below(12) === 0 ? random.below(256) : byte));
    await s.ask(bytes.subarray(0, 1 + random.below(300)));
  }
  expect((await s.ask(message({ type: DISCOVER!, mac: FIXED })))[0]).toBe(`${OFFER} 10.9.0.99 key of us`);
});

test("a second server does not begin", async () => {
  const { lab } = await scene();
  await lab.nodes[0]!.waitFor(PROMPT);
  await lab.nodes[0]!.enter("dhcp-server 10.9.0.20 5", /port 67: port is in use/);
  await lab.nodes[0]!.enter("dhcp-server 10.8.0.20 5", /not on the link/);
});
