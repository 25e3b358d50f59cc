/**
 * The guard of services by TCP: one address holds all that it can, and others are served; passwords are tried slowly.
 */
import { expect, test } from "vitest";
import { withAddress } from "../system/booted.ts";
import { PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";
import { PacketScene } from "./packet-wire.ts";
import { type TcpClient, TcpClients } from "./tcp-clients.ts";

const [ATTACKER, OTHER, THIRD] = ["10.0.2.77", "10.0.2.78", "10.0.2.79"] as const;
const [TELNET, DNS, HTTP] = [23, 53, 80] as const;
const STATUS = "GET /?IP HTTP/1.1\r\nHost: node\r\n\r\n";
/** What is asked of the DNS by TCP, after its length: the name `a.`, type A; it is refused, as no zone is there. */
const QUESTION = "\0\x13\0\x07\0\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01";

async function sceneWith(...commands: readonly string[]): Promise<{ s: PacketScene; clients: TcpClients }> {
  const lab = await withAddress();
  for (const command of commands) await lab.nodes[0]!.enter(command, PROMPT);
  const s = new PacketScene(lab);
  await s.greet();
  return { s, clients: new TcpClients(s) };
}

/** The attacker's connections: as many as it can open, each of which says the beginning of something. */
async function hold(clients: TcpClients, port: number, count: number, says: string): Promise<TcpClient[]> {
  const held: TcpClient[] = [];
  for (let client = 0; client < count; client++) {
    held.push(await clients.open(ATTACKER, port));
    if (says) held.at(-1)!.say(says);
  }
  return held;
}

test.each([
  ["50 that send nothing", HTTP, 50, 40, "", STATUS, /^HTTP\/1\.1 200.*10\.0\.2\.78\n$/s],
  ["50 that send a part of a request", HTTP, 50, 40, "GET / HT", STATUS, /^HTTP\/1\.1 200.*10\.0\.2\.78\n$/s],
  ["12 that send nothing", DNS, 12, 8, "", QUESTION, /^\0\x13\0\x07\x80\x85/],
  ["40 that send a part of a question", DNS, 40, 8, QUESTION.slice(0, 5), QUESTION, /^\0\x13\0\x07\x80\x85/],
])(
  "%s to port %i: another is served at once, and the attacker keeps its part",
  async (_, port, count, share, part, asks, answer) => {
    const { s, clients } = await sceneWith("dns on");
    const held = await hold(clients, port, count, part);
    expect(held.filter(({ over }) => over === "")).toHaveLength(share);
    // Those that gave way were told so in good order.
    expect(held.slice(0, count - share).map(({ over }) => over)).toEqual(Array<string>(count - share).fill("end"));
    for (const from of [OTHER, THIRD]) {
      const client = await clients.open(from, port);
      client.say(asks);
      await s.lab.advance("50ms");
      expect(client.heard.replaceAll(from, OTHER)).toMatch(answer);
    }
    expect(held.filter(({ over }) => over === "")).toHaveLength(share);
  },
);

test("with all seats taken by many addresses, who has waited longest gives way; who speaks goes on", async () => {
  const { s, clients } = await sceneWith("dns on");
  const first = await hold(clients, DNS, 8, "");
  const second: TcpClient[] = [];
  for (let client = 0; client < 8; client++) second.push(await clients.open(OTHER, DNS));
  first[0]!.say(QUESTION);
  await s.lab.advance("50ms");
  const third = await clients.open(THIRD, DNS);
  third.say(QUESTION);
  await s.lab.advance("50ms");
  expect(third.heard).not.toBe("");
  expect(first.map(({ over }) => over)).toEqual(["", "end", "", "", "", "", "", ""]);
  expect(second.every(({ over }) => over === "")).toBe(true);
  // The third address gets its part, from both alike.
  for (let client = 0; client < 4; client++) await clients.open(THIRD, DNS);
  const left = [first, second].map((held) => held.filter(({ over }) => over === "").length);
  expect(left.reduce((sum, count) => sum + count)).toBe(11);
  expect(Math.abs(left[0]! - left[1]!)).toBeLessThan(2);
});

test("who takes a whole request's time byte by byte is cut off, whatever it sends", async () => {
  const { s, clients } = await sceneWith("dns on");
  const http = await clients.open(ATTACKER, HTTP);
  const dns = await clients.open(ATTACKER, DNS);
  for (let second = 0; second < 16; second++) {
    if (http.over === "") http.say("G");
    if (dns.over === "") dns.say(QUESTION[Math.min(second, 10)]!);
    await s.lab.advance("1s");
  }
  expect([http.over, dns.over]).not.toContain("");
});

test("four that sit at telnet's password prompt give way; whoever knows the password stays", async () => {
  const { s, clients } = await sceneWith("set telnet.password opensesame", "telnet on");
  const held = await hold(clients, TELNET, 4, "");
  expect(held.every(({ heard, over }) => heard.includes("password: ") && over === "")).toBe(true);
  const user = await clients.open(OTHER, TELNET, 300);
  expect(held.map(({ over }) => over)).toEqual(["end", "", "", ""]);
  user.say("opensesame\r\n");
  await s.lab.advance("300ms");
  expect(user.heard).toMatch(/> $/);
  // The attacker comes again and again, and has the same three places.
  for (let more = 0; more < 6; more++) held.push(await clients.open(ATTACKER, TELNET, 300));
  expect(held.filter(({ over }) => over === "")).toHaveLength(3);
  user.say("echo here\r\n");
  await s.lab.advance("100ms");
  expect(user.heard).toContain("\r\nhere\r\n");
  expect(user.over).toBe("");
});

test("an address tries a few passwords in a minute, over all its connections, and the log says so", async () => {
  const { s, clients } = await sceneWith("set telnet.password opensesame", "telnet on");
  let looked = 0;
  const open: TcpClient[] = [];
  for (let round = 0; round < 60; round++) {
    while (open.filter(({ over }) => over === "").length < 3) open.push(await clients.open(ATTACKER, TELNET));
    for (const client of open)
      if (client.over === "" && client.heard.endsWith("password: ")) {
        client.heard = "";
        client.say("guess\r\n");
      }
    await s.lab.advance("900ms");
    looked = open.reduce((sum, { heard }) => sum + (heard.match(/wrong\r\n/g)?.length ?? 0), looked);
    for (const client of open) client.heard = client.heard.replaceAll("wrong\r\n", "");
  }
  expect(looked).toBeGreaterThan(3);
  expect(looked).toBeLessThan(9);
  expect(open.some(({ heard }) => /too many wrong passwords: try again in \d+ s/.test(heard))).toBe(true);
  // Another address is asked as ever, and is let in.
  for (const client of open) client.reset();
  const user = await clients.open(OTHER, TELNET, 300);
  user.say("opensesame\r\n");
  await s.lab.advance("300ms");
  expect(user.heard).toMatch(/> $/);
  const log = await output(s.node, "log");
  expect(
    log.match(/warning telnet: wrong password from 10\.0\.2\.77, \d+ so far; the next one in \d+ s/g),
  ).toHaveLength(looked);
});
