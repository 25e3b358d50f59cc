/** Sockets of programs: servers and clients in ring 3, by loopback and from machine to machine, and what they leave. */
import { basename } from "node:path";
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { oracle } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { members } from "./booted.ts";
import { cProgram } from "./c-program.ts";
import { boot, CLOUD, inState, isoWith, isoWithProgram, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const gcc = oracle("gcc");

async function pair(): Promise<{ lab: LabCluster; server: LabNode; client: LabNode; address: string }> {
  const lab = await inState("two with addresses", async () => {
    const booted = await members(2);
    await booted.advance("5s");
    for (const node of booted.nodes) await node.enter("service stop cluster", PROMPT);
    return booted;
  });
  const [server, client] = [lab.nodes[0]!, lab.nodes[1]!];
  return { lab, server, client, address: CLOUD.exec(server.console.text)![2]! };
}

/** Handles that are open, without what the shell says of its jobs. */
async function handles(node: LabNode): Promise<readonly string[]> {
  return [...(await output(node, "handles")).matchAll(/^[0-9a-f]{8} .*$/gm)].map(([row]) => row);
}

thoroughly(
  "one server waits for all its clients at once, from here and from elsewhere, and leaves nothing when it is killed",
  async () => {
    const { lab, server, client, address } = await pair();
    const before = await handles(server);
    await server.enter("echo-server 7 &", /echo-server: ready/);
    await server.waitFor(PROMPT);
    expect(await output(server, "echo-client 127.0.0.1 7 3")).toBe("4 of 4 came back from 127.0.0.1\n");
    expect(await output(client, `echo-client ${address} 7 8`)).toBe(`9 of 9 came back from ${address}\n`);
    expect(await output(client, `echo-client ${address} 8 1`)).toBe("connect: connection refused\n");
    expect(await output(server, "netstat")).toMatch(/^tcp 0\.0\.0\.0:7 .* LISTEN$/m);
    await server.enter("kill echo-server", PROMPT);
    await lab.advance("1s");
    expect(await handles(server)).toEqual(before);
    expect(await output(server, "netstat")).not.toMatch(/:7 .* LISTEN|udp port 7:/);
    expect(await output(server, "mem check")).toMatch(/all headers agree/);
  },
);

test("a program that waits for a connection or a datagram ends at Ctrl-C", async () => {
  const { lab, server } = await pair();
  const before = await handles(server);
  server.type("echo-server 7\n");
  await lab.advance("300ms");
  server.type("\x03");
  await server.waitFor(PROMPT);
  expect(await output(server, "ps")).not.toMatch(/echo-server/);
  expect(await handles(server)).toEqual(before);
});

thoroughly(
  "calls about sockets at the edges of what they take give what they should, and say what there is",
  async () => {
    const lab = boot({ nodes: [{ cdrom: await isoWith("tests/guest/programs/sockets.s", "asm/programs/sockets.s") }] });
    const node = lab.nodes[0]!;
    await node.waitFor(CLOUD, { within: "20s" });
    await lab.advance("5s");
    await node.waitFor(PROMPT);
    const said = await output(node, "sockets");
    expect(said).toMatch(/^sockets: done$/m);
    expect(said).not.toMatch(/is wrong/);
    // What is said of an interface: its MAC address, up with a link, and what the gateway's DHCP gave it.
    const mac = /eth0: .*, ((?:\w\w:){5}\w\w),/.exec(node.console.text)![1]!;
    const address = CLOUD.exec(node.console.text)![2]!.split(".").map(Number);
    const hardware = [...Buffer.from(mac.replaceAll(":", ""), "hex"), 0, 0];
    const network = [...address, 255, 255, 255, 0, 10, 0, 2, 2, 10, 0, 2, 3];
    const record = Buffer.from([...hardware, 3, 0, 0, 0, ...network, 2, 0, 0, 0]);
    const dwords = Array.from({ length: 8 }, (_, at) => record.readUInt32LE(4 * at));
    expect(said).toMatch(new RegExp(`^eth0 ${dwords.join(" ")}$`, "m"));
  },
);

for (const [source, what] of [
  [
    "tests/guest/programs/socket-times.s",
    "times of what is sent, a limit of what is not, and what comes after the end of receiving",
  ],
  ["tests/guest/programs/socket-ports.s", "which sockets may have a port at the same time"],
  ["tests/guest/programs/socket-waits.s", "a connection that is never made, which two threads wait for"],
] as const)
  thoroughly(what, async () => {
    const program = basename(source, ".s");
    const iso = await isoWith(source, `asm/programs/${program}.s`);
    const lab = boot({ nodes: [{ cdrom: iso }] });
    const node = lab.nodes[0]!;
    await node.waitFor(CLOUD, { within: "20s" });
    await node.waitFor(PROMPT);
    const said = await output(node, program);
    expect(said).toMatch(new RegExp(`^${program}: done$`, "m"));
    expect(said).not.toMatch(/is wrong/);
  });

thoroughly("a program in C fetches a page from a server", async (context) => {
  if (!gcc) return context.skip("gcc is not installed");
  const lab = boot({ nodes: [{ cdrom: isoWithProgram("fetch", await cProgram(gcc, "fetch")) }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  expect(await output(node, "fetch 127.0.0.1 /status")).toMatch(/^HTTP\/1\.1 200 OK\r?\n[\s\S]*\nname /);
  expect(await output(node, "fetch 127.0.0.1 /none")).toMatch(/^HTTP\/1\.1 404 /);
  expect(await output(node, "fetch 127.0.0.2:1 /")).toMatch(/no such name/);
});
