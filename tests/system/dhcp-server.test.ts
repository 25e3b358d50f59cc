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
import { rowsOf } from "../setup/tier.ts";
import { withAddress } from "./booted.ts";
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
  /** Vendor class and what else a ROM says: bytes of options. */
  readonly more?: readonly number[];
}

function message({ type, mac = "02:00:00:00:00:01", requested, server, client, more = [] }: Asked): Uint8Array {
  const bytes = new Uint8Array(350);
  bytes.set([1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44]);
  if (client) bytes.set(parseIpv4(client), 12);
  bytes.set(
    mac.split(":").map((byte) => Number.parseInt(byte, 16)),
    28,
  );
  const option = (code: number, address?: string): number[] => (address ? [code, 4, ...parseIpv4(address)] : []);
  bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...option(50, requested), ...option(54, server), ...more, 255], 236);
  return bytes;
}

/** The options of a ROM that wants to boot: class, architecture, number of the machine. */
function rom({ vendor = "PXEClient:Arch:00000:UNDI:002001", architecture = 0, uuid = true } = {}): number[] {
  const name = [...vendor].map((sign) => sign.charCodeAt(0));
  const machine = uuid ? [97, 17, 0, ...Array.from({ length: 16 }, (_, index) => index)] : [];
  return [60, name.length, ...name, 93, 2, architecture >> 8, architecture & 255, ...machine];
}

/** The options of an answer, as text where they are text. */
function optionsOf(answer: Uint8Array): Readonly<Record<number, string>> {
  const options: Record<number, string> = {};
  for (let at = 240; answer[at] !== 255; at += 2 + answer[at + 1]!) {
    const value = answer.subarray(at + 2, at + 2 + answer[at + 1]!);
    const isText = [60, 66, 67, 224].includes(answer[at]!);
    options[answer[at]!] = isText ? String.fromCharCode(...value) : [...value].join(".");
  }
  return options;
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

  /** Sends a message, and gives the answers. */
  async hear(data: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#heard.length = 0;
    const payload = udpBytes(NOWHERE, EVERYONE, { sourcePort: 68, destinationPort: 67, data });
    const packet = ipv4Bytes({ source: NOWHERE, destination: EVERYONE, protocol: PROTOCOL_UDP, payload }, 1);
    this.#plug.send(ethernetFrame(BROADCAST_MAC, Uint8Array.of(2, 0, 0, 0, 0, 1), ETHERTYPE_IPV4, packet));
    await this.lab.advance("50ms");
    return [...this.#heard];
  }

  /** Sends a message, and gives of each answer kind, address, option 224. */
  async ask(data: Uint8Array): Promise<readonly string[]> {
    return (await this.hear(data)).map((answer) => {
      const own = answer.indexOf(224, 240);
      const text = own < 0 ? "" : String.fromCharCode(...answer.subarray(own + 2, own + 2 + answer[own + 1]!));
      return `${answer[242]} ${answer.subarray(16, 20).join(".")} ${text}`;
    });
  }
}

async function scene(command = `10.9.0.10 2 600 ${FIXED}=10.9.0.99 'key of us'`): Promise<Scene> {
  const lab = await inState(`dhcp-server ${command}`, async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso }], gateway: false });
    const node = booted.nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("service stop cluster", PROMPT);
    await node.enter("ifconfig eth0 10.9.0.1 255.255.255.0", /address 10\.9\.0\.1/);
    await node.waitFor(PROMPT);
    await node.enter(`dhcp-server ${command} &`, /dhcp-server: ready/);
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

test("another client of a card has another address, not the card's fixed one; other identifiers do not count", async () => {
  const s = await scene();
  const mac = "02:00:00:00:00:01";
  const client = (of: string, ...rest: number[]): readonly number[] => {
    const bytes = [0, ...of.split(":").map((byte) => Number.parseInt(byte, 16)), ...rest];
    return [61, bytes.length, ...bytes];
  };
  const discover = async (of: string, more: readonly number[] = []): Promise<string> => {
    const [said = "-"] = await s.ask(message({ type: DISCOVER!, mac: of, more }));
    return said.replace(" key of us", "");
  };
  expect(await discover(mac)).toBe(`${OFFER} 10.9.0.10`);
  expect(await discover(mac, client(mac, 1))).toBe(`${OFFER} 10.9.0.11`);
  const chosen = { requested: "10.9.0.11", server: "10.9.0.1", more: client(mac, 1) };
  expect(await s.ask(message({ type: REQUEST!, mac, ...chosen }))).toEqual([`${ACK} 10.9.0.11 key of us`]);
  expect(await discover(mac, [61, 7, 1, 2, 0, 0, 0, 0, 1])).toBe(`${OFFER} 10.9.0.10`);
  // Of others, and of no card.
  expect(await discover(mac, client("02:00:00:00:00:02", 1))).toBe(`${OFFER} 10.9.0.10`);
  expect(await discover(mac, client(mac))).toBe(`${OFFER} 10.9.0.10`);
  expect(await discover(FIXED)).toBe(`${OFFER} 10.9.0.99`);
  expect(await discover(FIXED, client(FIXED, 1))).toBe("-");
  expect(await discover(mac, client(mac, 2))).toBe("-");
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

thoroughly("a second server does not begin", async () => {
  const { lab } = await scene();
  await lab.nodes[0]!.waitFor(PROMPT);
  await lab.nodes[0]!.enter("dhcp-server 10.9.0.20 5", /port 67: port is in use/);
  await lab.nodes[0]!.enter("dhcp-server 10.8.0.20 5", /not on the link/);
});

const UUID = "0.0.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15";
const BOOTS = { 43: "6.1.8.255", 60: "PXEClient", 66: "10.9.0.1", 67: "pxe/loader", 97: UUID };
const LEASE = { 1: "255.255.255.0", 6: "10.9.0.1", 51: "0.0.2.88", 53: `${OFFER}`, 54: "10.9.0.1" };

/** What a client says, and the options that it hears. */
const ROMS: readonly [string, readonly number[], Readonly<Record<number, string>>][] = [
  ["a ROM of a PC with BIOS", rom(), { ...LEASE, ...BOOTS }],
  ["one that names no machine", rom({ uuid: false }), { ...LEASE, ...BOOTS, 97: "" }],
  ["one of a PC with EFI", rom({ architecture: 7 }), { ...LEASE, 224: "key of us" }],
  ["a client of another kind", rom({ vendor: "PXEClien" }), { ...LEASE, 224: "key of us" }],
  ["one without a class", [], { ...LEASE, 224: "key of us" }],
];

test.for(rowsOf(ROMS, 1))("%s hears where it boots from, or does not", async ([, more, expected]) => {
  const s = await scene("10.9.0.10 2 600 boot=pxe/loader 'key of us'");
  const asked = message({ type: DISCOVER!, more });
  asked.set([9, 9, 9, 9], 20); // the server that it names itself is nobody's
  const [offer] = await s.hear(asked);
  expect(optionsOf(offer!)).toEqual(Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== "")));
  const boots = 67 in expected;
  expect([...offer!.subarray(20, 24)]).toEqual(boots ? [10, 9, 0, 1] : [0, 0, 0, 0]);
  const file = String.fromCharCode(...offer!.subarray(108, 236)).replace(/\0+$/, "");
  expect(file).toBe(boots ? "pxe/loader" : "");
});

thoroughly("a proxy lends nothing and tells ROMs where they boot from, also from another server", async () => {
  const s = await scene("proxy boot=10.9.0.7:loader");
  const [offer, ...others] = await s.hear(message({ type: DISCOVER!, more: rom() }));
  expect(others).toEqual([]);
  expect([...offer!.subarray(16, 24)]).toEqual([0, 0, 0, 0, 10, 9, 0, 7]);
  expect(optionsOf(offer!)).toEqual({ ...BOOTS, 53: `${OFFER}`, 54: "10.9.0.1", 66: "10.9.0.7", 67: "loader" });
  expect(await s.hear(message({ type: DISCOVER! }))).toEqual([]);
  expect(await s.hear(message({ type: DISCOVER!, more: rom({ architecture: 9 }) }))).toEqual([]);
  expect(await s.hear(message({ type: REQUEST!, requested: "10.9.0.10", more: rom() }))).toEqual([]);
  expect(await s.hear(message({ type: INFORM!, more: rom() }))).toEqual([]);
  expect(await s.hear(message({ type: DISCOVER!, more: [97, 16, ...new Array<number>(16).fill(0)] }))).toEqual([]);
});

const MISUSES = ["proxy", "proxyx boot=f", "proxy boot=", `proxy boot=${"n".repeat(64)}`, "10.9.0.10 2 boot="];

test.for(rowsOf(MISUSES, 1))("dhcp-server %s says how it is used", async (words) => {
  const { lab } = await scene();
  await lab.nodes[0]!.waitFor(PROMPT);
  await lab.nodes[0]!.enter(`dhcp-server ${words}`, /usage: dhcp-server|proxyx: /);
});

test("beside the emulator's gateway, which serves already, a server names that one and ends", async () => {
  const lab = await withAddress();
  await lab.nodes[0]!.enter("dhcp-server 10.0.2.100 5", /dhcp-server: .*10\.0\.2\.2\b/);
  await lab.nodes[0]!.enter("echo $?", /^1$/m);
});
