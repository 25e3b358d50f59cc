/** `qure vm link`: two owners of one Ethernet, as on two hosts: two folders of machines, VXLAN over the loopback. */
import { createSocket } from "node:dgram";
import { afterAll, beforeAll, expect, test } from "vitest";
import { done, Machines, refused } from "./machines.ts";

const [here, there] = [new Machines(), new Machines()];
beforeAll(() => {
  for (const machines of [here, there]) machines.begin();
});
afterAll(() => {
  for (const machines of [here, there]) machines.end();
});

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  const port = await new Promise<number>((found) => socket.bind(0, "127.0.0.1", () => found(socket.address().port)));
  await new Promise<void>((closed) => socket.close(closed));
  return port;
}

const namesAt = (machines: Machines): string[] =>
  (JSON.parse(done(machines.qure("cloud", "nodes", "--json"))) as { members: { name: string }[] }).members
    .map(({ name }) => name)
    .sort();

test("machines of two hosts are one cluster on one Ethernet, each with the gateway of its host", async () => {
  const [a, b] = [await freePort(), await freePort()];
  done(here.vm("launch", "a"));
  expect(done(here.vm("link"))).toBe("the cluster's Ethernet is this host's alone\n");
  expect(done(here.vm("link", `127.0.0.1:${b}`, "--local", `127.0.0.1:${a}`))).toBe(
    `vxlan,vni=1,local=127.0.0.1:${a},remote=127.0.0.1:${b}\n`,
  );
  // Before anything runs there, as well as while it does.
  done(there.vm("link", `127.0.0.1:${a}`, "--local", `127.0.0.1:${b}`, "--vni", "1", "--second"));
  done(there.vm("launch", "b"));
  done(there.vm("wait", "b", "--for", "cluster"));
  for (const machines of [here, there]) {
    while (namesAt(machines).length < 2);
    expect(namesAt(machines)).toEqual(["qure-a", "qure-b"]);
  }
  expect(done(here.vm("wait", "a", "--for", "address"))).toBe("10.0.2.15\n");
  expect(done(there.vm("wait", "b", "--for", "address"))).toBe("10.0.2.128\n");
  expect(refused(there.vm("link", "127.0.0.1", "--second"))).toMatch(
    /^1 .*machine b runs, with an address of the first/,
  );
  expect(done(there.vm("exec", "b", "--", "ping -c 1 10.0.2.15"))).toMatch(/ms/);
  done(there.qure("cloud", "set", "motd", "from there"));
  while (here.qure("cloud", "get", "motd").stdout !== "from there\n");
  expect(done(there.vm("link", "--off"))).toBe("the cluster's Ethernet is this host's alone\n");
  while (namesAt(here).length > 1);
});

test("what is no place, and a port that somebody has, is refused, and the link stays as it was", () => {
  const before = done(here.vm("link"));
  expect(refused(here.vm("link", "nowhere"))).toMatch(/^2 .*nowhere is not an IPv4 address/);
  expect(refused(here.vm("link", "127.0.0.1", "--off"))).toMatch(/^2 .*write one of the two/);
  expect(refused(here.vm("link", "127.0.0.1", "--local", "192.0.2.1:4789"))).toMatch(/^1 .*EADDRNOTAVAIL/);
  expect(done(here.vm("link"))).toBe(before);
});
