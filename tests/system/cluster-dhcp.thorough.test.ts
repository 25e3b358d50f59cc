/** The DHCP server of a LAN that has none: the holder of a service address runs it, and nobody else. */
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
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { agreed, withService } from "./cluster-service.ts";
import { boot, images, inState, PROMPT } from "./images.ts";

const SERVER = "10.9.0.1";
const [DISCOVER, OFFER, REQUEST, ACK] = [1, 2, 3, 5];

/** Three nodes without a DHCP server, of which one serves. */
function lending(): Promise<LabCluster> {
  return inState("a cluster that lends", async () => {
    const nodes = Array.from({ length: 3 }, () => ({ cdrom: images().iso, key: keyOfSeed(1) }));
    const lab = boot({ nodes, gateway: false });
    await agreed(lab);
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    await lab.advance("1s");
    await lab.nodes[0]!.enter(`cloud address add ${SERVER} 255.255.255.0`, PROMPT);
    await lab.nodes[0]!.enter(`cloud set dhcp "${SERVER} 50 600"`, /dhcp is set/);
    await lab.advance("4s");
    return lab;
  });
}

/** A client with a MAC address of its own. */
class Client {
  readonly #lab: LabCluster;
  readonly #mac: Uint8Array;
  readonly #plug;
  #heard: string[] = [];

  constructor(lab: LabCluster, last: number) {
    this.#lab = lab;
    this.#mac = Uint8Array.of(2, 0, 0, 0, 1, last);
    this.#plug = lab.plug(`client ${last}`);
    this.#plug.answer((frame) => {
      if (get16(frame, 12) !== ETHERTYPE_IPV4 || frame[23] !== PROTOCOL_UDP || get16(frame, 34) !== 67) return [];
      const answer = frame.subarray(42);
      // Option 53 comes first, and the server's (54) behind it.
      if (answer[32] === 1 && answer[33] === last)
        this.#heard.push(
          `${answer[242]} ${answer.subarray(16, 20).join(".")} of ${answer.subarray(245, 249).join(".")}`,
        );
      return [];
    });
  }

  /** Says a message, and gives what is answered: kind, address, server. */
  async ask(type: number, options: { requested?: string; server?: string } = {}): Promise<readonly string[]> {
    this.#heard = [];
    const data = new Uint8Array(300);
    data.set([1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44]);
    data.set(this.#mac, 28);
    const option = (code: number, address?: string): number[] => (address ? [code, 4, ...parseIpv4(address)] : []);
    const said = [...option(50, options.requested), ...option(54, options.server)];
    data.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...said, 255], 236);
    const [source, destination] = [parseIpv4("0.0.0.0"), parseIpv4("255.255.255.255")];
    const payload = udpBytes(source, destination, { sourcePort: 68, destinationPort: 67, data });
    const packet = ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, 1);
    this.#plug.send(ethernetFrame(BROADCAST_MAC, this.#mac, ETHERTYPE_IPV4, packet));
    await this.#lab.advance("50ms");
    return this.#heard;
  }
}

const holderOf = (lab: LabCluster): LabNode => {
  const says = /^cluster: 10\.9\.0\.1 is (?:here now|given up)$/gm;
  const holders = lab.nodes.filter(
    ({ isOff, console: { text } }) => !isOff && text.match(says)?.at(-1)?.endsWith("now"),
  );
  expect(holders).toHaveLength(1);
  return holders[0]!;
};

/** What a client says and hears to have an address. */
async function lend(client: Client): Promise<string> {
  const offers = await client.ask(DISCOVER!);
  expect(offers).toEqual([expect.stringMatching(/^2 10\.9\.0\.\d+ of 10\.9\.0\.1$/)]);
  const requested = offers[0]!.split(" ")[1]!;
  expect(await client.ask(REQUEST!, { requested, server: SERVER })).toEqual([`${ACK} ${requested} of ${SERVER}`]);
  return requested;
}

test("a LAN without a DHCP server gets one from the cluster, in the name of the service address", async () => {
  const lab = await lending();
  const addresses = [await lend(new Client(lab, 1)), await lend(new Client(lab, 2))];
  expect(new Set(addresses).size).toBe(2);
});

test("when its machine dies another one goes on: who has a lease keeps it", async () => {
  const lab = await lending();
  const client = new Client(lab, 1);
  const requested = await lend(client);
  const holder = holderOf(lab);
  holder.powerOff();
  // The next one asks for two seconds whether there is another server.
  await lab.advance("4s");
  expect(holderOf(lab)).not.toBe(holder);
  expect(await client.ask(REQUEST!, { requested })).toEqual([`${ACK} ${requested} of ${SERVER}`]);
  expect(await lend(new Client(lab, 3))).not.toBe(requested);
});

test("the nodes themselves lease from it, and stay one cluster", async () => {
  const lab = await lending();
  const others = lab.nodes.filter((node) => node !== holderOf(lab));
  for (const node of others) await node.waitFor(/address 10\.9\.0\.\d+\/24 by DHCP/, { within: "70s" });
  await lab.advance("3s");
  await others[0]!.enter("cloud", /2 other nodes are alive/);
  await others[0]!.enter("cloud address", /^10\.9\.0\.1 mask 255\.255\.255\.0 held by /m);
});

test("it does not begin where its machine has leased its own address from somebody else", async () => {
  const lab = await withService(1, "10.0.2.50", " 255.255.255.0");
  const node = lab.nodes[0]!;
  await node.waitFor(/^cluster: 10\.0\.2\.50 is here now$/m);
  await node.enter('cloud set dhcp "10.0.2.50 10 600"', /dhcp is set/);
  await lab.advance("5s");
  await node.enter("service log lan-dhcp", /^service: lan-dhcp was never started$/m);
});

test("it falls silent when another server is heard, and when the value goes", async () => {
  const lab = await lending();
  const [client, other] = [new Client(lab, 1), new Client(lab, 2)];
  await lend(client);
  expect(await other.ask(REQUEST!, { requested: "10.9.0.77", server: "10.9.0.2" })).toEqual([]);
  await lab.advance("1s");
  expect(await client.ask(DISCOVER!)).toEqual([]);
  const holder = holderOf(lab);
  await holder.waitFor(/cluster: the DHCP server has ended/);
  await holder.enter("service log lan-dhcp", /another server is at work: 10\.9\.0\.2/);
  // It is tried again, as the other may have gone.
  await lab.advance("70s");
  expect(await client.ask(DISCOVER!)).toEqual([expect.stringMatching(new RegExp(`^${OFFER} `))]);
  await lab.nodes[0]!.enter("cloud set dhcp", /dhcp is gone/);
  await lab.advance("1s");
  expect(await client.ask(DISCOVER!)).toEqual([]);
  // Given again it serves at once, as there is nobody else.
  const from = holder.console.text.length;
  await lab.nodes[0]!.enter(`cloud set dhcp "${SERVER} 50 600"`, /dhcp is set/);
  await lab.advance("4s");
  expect(await client.ask(DISCOVER!)).toEqual([expect.stringMatching(new RegExp(`^${OFFER} `))]);
  expect(holder.console.text.slice(from)).not.toContain("has ended");
});
