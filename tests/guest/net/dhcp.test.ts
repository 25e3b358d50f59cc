/** What the DHCP client believes: a server's answers, each wrong in one field (RFC 2131 table 3, RFC 2132). */
import { expect, test } from "vitest";
import {
  BROADCAST_MAC,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  udpBytes,
} from "../../../emulator/ether/packet.ts";
import type { LabNode } from "../../../src/index.ts";
import { rowsOf } from "../../setup/tier.ts";
import { atPrompt } from "../../system/booted.ts";

const SERVER = "10.9.8.1";
const SERVER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x67);
const OFFERED = "10.9.8.7";
const [OFFER, ACK] = [2, 5];
const DISCOVER = 1;
const OPTIONS_AT = 240;
const MESSAGE_BYTES = 300;

type Options = readonly (readonly [code: number, ...bytes: number[]])[];

/** What a server says when all is well; `type` comes first. */
const GOOD: Options = [
  [54, 10, 9, 8, 1],
  [51, 0, 0, 14, 16],
  [1, 255, 255, 255, 0],
  [3, 10, 9, 8, 1],
];

interface Change {
  /** Offsets in the message and what stands there instead. */
  readonly bytes?: readonly (readonly [offset: number, value: number])[];
  readonly options?: Options;
  /** Instead of the length of all. */
  readonly length?: number;
  /** Options in the file field (128 bytes at 108), with option 52 to say so. */
  readonly inFile?: Options;
}

function put(message: Uint8Array, at: number, options: Options): void {
  let end = at;
  for (const [code, ...bytes] of options) {
    message.set([code, bytes.length, ...bytes], end);
    end += 2 + bytes.length;
  }
  message[end] = 255;
}

function answer(question: Uint8Array, change: Change): Uint8Array {
  const message = new Uint8Array(MESSAGE_BYTES);
  message.set(question.subarray(0, OPTIONS_AT));
  message[0] = 2;
  message.set(parseIpv4(OFFERED), 16);
  const type = question[OPTIONS_AT + 2] === DISCOVER ? OFFER : ACK;
  put(message, OPTIONS_AT, [[53, type], ...(change.inFile ? [[52, 1] as const] : []), ...(change.options ?? GOOD)]);
  if (change.inFile) put(message, 108, change.inFile);
  for (const [offset, value] of change.bytes ?? []) message[offset] = value;
  return message.subarray(0, change.length ?? MESSAGE_BYTES);
}

/** A node that asks for an address, and a server that answers so. */
async function served(change: Change): Promise<LabNode> {
  const lab = await atPrompt({ gateway: false });
  lab.plug("server").answer((frame) => {
    const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
    const question = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (question?.destinationPort !== 67) return [];
    const [source, destination] = [parseIpv4(SERVER), parseIpv4("255.255.255.255")];
    const data = answer(question.data, change);
    const payload = udpBytes(source, destination, { sourcePort: 67, destinationPort: 68, data });
    const bytes = ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, 1);
    return [ethernetFrame(BROADCAST_MAC, SERVER_MAC, ETHERTYPE_IPV4, bytes)];
  });
  const node = lab.nodes[0]!;
  await node.waitFor(/eth0: address (\S+) .*\n/, { within: "60s" });
  return node;
}

const without = (code: number): Options => GOOD.filter(([other]) => other !== code);
const instead = (code: number, ...bytes: number[]): Options => [...without(code), [code, ...bytes]];

test.each(
  rowsOf<[string, Change, RegExp]>(
    [
      ["all is well", {}, /10\.9\.8\.7\/24 by DHCP/],
      ["it names no mask", { options: without(1) }, /10\.9\.8\.7\/24 by DHCP/],
      ["the mask is another", { options: instead(1, 255, 255, 0, 0) }, /10\.9\.8\.7\/16 by DHCP/],
      ["it names no router", { options: without(3) }, /10\.9\.8\.7\/24 by DHCP/],
      ["an unknown option and padding come first", { options: [[200, 1, 2, 3], ...GOOD] }, /10\.9\.8\.7\/24 by DHCP/],
      [
        "options go on in the file field",
        { options: without(54), inFile: [[54, 10, 9, 8, 1]] },
        /10\.9\.8\.7\/24 by DHCP/,
      ],
      ["hops were counted", { bytes: [[3, 2]] }, /10\.9\.8\.7\/24 by DHCP/],
    ],
    3,
  ),
)("an answer is believed: %s", async (_, change, line) => {
  expect((await served(change)).console.text).toMatch(line);
});

test.each(
  rowsOf<[string, Change]>(
    [
      ["is a request", { bytes: [[0, 1]] }],
      ["is of another kind of hardware", { bytes: [[1, 6]] }],
      ["has addresses of another length", { bytes: [[2, 8]] }],
      ["is for another transaction", { bytes: [[7, 0x55]] }],
      ["is for another card (first byte)", { bytes: [[28, 0x02]] }],
      ["is for another card (last byte)", { bytes: [[33, 0x00]] }],
      ["has no cookie", { bytes: [[239, 0]] }],
      ["ends within its options", { length: OPTIONS_AT + 1 }],
      ["ends before its options", { length: OPTIONS_AT - 1 }],
      ["names no server", { options: without(54) }],
      ["names a server that is no machine", { options: instead(54, 224, 0, 0, 1) }],
      ["names no lease", { options: without(51) }],
      ["gives a lease of no time", { options: instead(51, 0, 0, 0, 0) }],
      ["names a router that is no machine", { options: instead(3, 127, 0, 0, 1) }],
      ["gives a mask with a hole", { options: instead(1, 255, 0, 255, 0) }],
    ],
    5,
  ),
)("an answer that %s is not believed", async (_, change) => {
  expect((await served(change)).console.text).toMatch(/eth0: address 169\.254\.\S+ link-local/);
});
