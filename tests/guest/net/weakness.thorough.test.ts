/** Every known weakness of small stacks, tried on one node that answers pings after each (weakness-cases.ts). */
import { describe, expect, test } from "vitest";
import { ETHERTYPE_ARP, get16, get32 } from "../../../emulator/ether/packet.ts";
import { shared } from "../../setup/shared.ts";
import { atPrompt, withAddress } from "../../system/booted.ts";
import { PROMPT } from "../../system/images.ts";
import { ACK, type Answer, DhcpServer, DISCOVER, OFFERED } from "./dhcp-wire.ts";
import { answerBytes, nodeThatAsks } from "./dns-wire.ts";
import { http } from "./http-wire.ts";
import { Counts, echo, filler, icmp, join, type PacketScene, tcp, udp } from "./packet-wire.ts";
import { play, tcpScene } from "./tcp-scene.ts";
import { DISCLOSURES, type Weakness } from "./weakness-cases.ts";

const PING = {
  name: "",
  send: [icmp(echo(7, 1, filler(8)))],
  replies: ["icmp NODE > 10.0.2.77 echo reply id 7 seq 1 8 bytes"],
};
const TRIES = 6;
/** Numbers that a stranger could count on lie closer together than this. */
const APART = 1000;

/** It serves TFTP, too. */
const asker = shared(async () => {
  const scene = await nodeThatAsks();
  await scene.node.enter("netboot on", PROMPT, { within: "30s" });
  await scene.node.enter("service log netboot-tftp", /ready/);
  await scene.node.waitFor(PROMPT);
  return scene;
});
const connected = shared(async () => tcpScene(await withAddress()));
let names = 0;
let ports = 30_000;

/** Has the node ask for a name, and answers with what `reply` makes of the question; gives what the node printed. */
async function host(s: PacketScene, reply: (message: Uint8Array, port: number) => Uint8Array): Promise<string> {
  s.answer = (frame) => {
    if (get16(frame, 12) === ETHERTYPE_ARP || frame[23] !== 17 || get16(frame, 36) !== 53) return [];
    const port = get16(frame, 34);
    const data = reply(frame.slice(42, 14 + get16(frame, 16)), port);
    return [udp({ source: 53, port, data })(s.facts)];
  };
  const from = s.node.console.text.length;
  const line = `host n${names++}.example`;
  // The prompt that comes after the line, not one that was not read yet.
  await s.node.enter(line, new RegExp(`${line}[^]*\\n${PROMPT.source}`), { within: "30s" });
  s.answer = () => [];
  return s.node.console.text.slice(from);
}

/** Initial sequence numbers of connections that are asked for one after the other. */
async function sequences(s: PacketScene): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < TRIES; round++) {
    const source = ports++;
    s.frames.length = 0;
    s.plug.send(tcp({ source, port: 80, flags: 2 })(s.facts));
    await s.lab.advance("20ms");
    const frame = s.frames.find((one) => one[23] === 6 && get16(one, 36) === source)!;
    found.push(get32(frame, 38));
    s.plug.send(tcp({ source, port: 80, flags: 4, sequence: 1 })(s.facts));
  }
  return found;
}

/** Numbers and ports of questions that are asked one after the other, as one number each. */
async function questions(s: PacketScene): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < TRIES; round++)
    await host(s, (message, port) => {
      found.push(get16(message, 0) * 65536 + port);
      return answerBytes(message, [], 3);
    });
  return found;
}

/** Asks a server for an address that offers or acknowledges so, and is right otherwise. */
async function leased(answer: Answer, isTaken: boolean): Promise<void> {
  const lab = await atPrompt({ gateway: false });
  const node = lab.nodes[0]!;
  const counts = new Counts(node);
  const type = answer.type ?? ACK;
  const server = new DhcpServer(lab, (message) => [(message.type === DISCOVER) === (type !== ACK) ? answer : {}]);
  const [, address] = await node.waitFor(/eth0: address (\S+) /, { within: "60s" });
  expect(server.heard.length).toBeGreaterThan(1);
  if (isTaken) expect(address).toBe(`${OFFERED}/24`);
  else expect(address).toMatch(/^169\.254\./);
  expect(counts.read().get(isTaken ? "dhcp messages accepted" : "dhcp malformed or foreign")).toBeGreaterThan(0);
  await node.enter("mem check", /all headers agree/);
}

async function tried(s: PacketScene, row: Weakness): Promise<void> {
  if (row.segments) await play(await connected(), row.segments, ports++, 80, row.cve);
  if (row.lease) await leased(row.lease.answer, row.lease.isTaken);
  if (row.frames) expect(await s.run({ name: "", ...row.frames })).toEqual([]);
  if (row.answer) {
    const { records, count = 1, questions: asked = 1 } = row.answer;
    const before = s.counts.read().get("dns malformed")!;
    const text = await host(s, (message) => {
      const head = answerBytes(message, []);
      head.set([asked >> 8, asked & 255, count >> 8, count & 255], 4);
      return join(head, records);
    });
    expect(text).toMatch(/host: n\d+\.example: /);
    expect(text).not.toMatch(/has address/);
    expect(s.counts.read().get("dns malformed")).toBeGreaterThan(before);
  }
  if (row.http) {
    const text = await http(s, row.http.request);
    if (row.http.status === null) expect(text).toBe("");
    else expect(text.slice(0, row.http.status.length)).toBe(row.http.status);
  }
  if (row.unpredictable) {
    const drawn = row.unpredictable === "sequence" ? await sequences(s) : await questions(s);
    const steps = drawn.slice(1).map((number, index) => number - drawn[index]!);
    expect(new Set(steps).size).toBe(steps.length);
    for (const step of steps) expect(Math.abs(step)).toBeGreaterThan(APART);
  }
}

describe.each([...DISCLOSURES])("%s", (_, { rows, count }) => {
  test("every row is here, once", () => {
    expect(new Set(rows.map(({ cve }) => cve)).size).toBe(count);
  });

  test.each(rows.filter(({ inapplicable }) => inapplicable === undefined))("$cve: $weakness", async (row) => {
    const s = await asker();
    await tried(s, row);
    expect(await s.run(PING)).toEqual([]);
  });

  test.each(rows.filter(({ inapplicable }) => inapplicable !== undefined))("$cve, $weakness: $inapplicable", (row) => {
    expect(Object.keys(row).sort()).toEqual(["cve", "inapplicable", "weakness"]);
  });
});
