/** Each service that can be pushed is, into one running machine; and what becomes of connections that are open. */
import { createConnection, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { openPort } from "../../src/index.ts";
import { PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";
import { KNOWN, keyLine, SshClient } from "../system/ssh-client.ts";
import { digestOf, httpNamed, moduleWith, Scene } from "./scene.ts";

/** A change of a module, and where it shows: in a command's output, or in what the node sends to a port. */
const SERVICES: readonly {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly shows: string | number;
  readonly sign: RegExp;
}[] = [
  {
    name: "log",
    file: "log.s",
    from: '"/net/log"',
    to: '"/net/next"',
    shows: "rm /net/next; service restart mdns; sleep 1500; cat /net/next",
    sign: /mdns: started/,
  },
  {
    name: "ssh",
    file: "ssh.s",
    from: "2.0-QuRe",
    to: "2.0-Next",
    shows: "sleep 1 | nc 127.0.0.1 22",
    sign: /SSH-2\.0-Next/,
  },
  {
    name: "syslog",
    file: "syslog.s",
    from: "3 << 3",
    to: "4 << 3",
    shows: 514,
    sign: /^<38>1 .* mdns - - - started$/m,
  },
  { name: "mdns", file: "mdns-records.s", from: "_http", to: "_next", shows: 5353, sign: /_next/ },
];

test("log, ssh, syslog and mdns are pushed into a machine that runs, are there after a start, and are undone", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  await output(node!, `ssh-key add ${keyLine(KNOWN, "known")}; echo set syslog.server 10.0.2.2 > /net/init.rc`);
  await output(node!, "set syslog.server 10.0.2.2");
  const sent = new Map<number, string>();
  s.lab.cluster.network.onFrame = (
    (hear) =>
    (...given: Parameters<typeof hear>) => {
      const frame = given[4];
      const port = frame[23] === 17 ? get16(frame, 36) : 0;
      sent.set(port, `${sent.get(port) ?? ""}${String.fromCharCode(...frame.subarray(42))}\n`);
      hear(...given);
    }
  )(s.lab.cluster.network.onFrame!);
  const shown = async (shows: string | number): Promise<string> => {
    sent.clear();
    const printed = await output(node!, typeof shows === "string" ? shows : "service restart mdns; sleep 4000");
    return typeof shows === "string" ? printed : (sent.get(shows) ?? "");
  };
  const names: string[] = [];
  for (const { name, file, from, to, shows, sign } of SERVICES) {
    expect(await shown(shows), name).not.toMatch(sign);
    const module = moduleWith(name, `asm/services/${file}`, from, to);
    expect(await s.push(s.nodes, module, { name })).toMatchObject([{ result: "done" }]);
    names.push(`${name} ${digestOf(module)}`);
    expect(await s.pushed(node!)).toBe(names.join(", "));
    expect(await shown(shows), name).toMatch(sign);
  }
  await s.reboot(node!);
  await s.advance(4000);
  expect(await s.pushed(node!)).toBe(names.join(", "));
  for (const { name, shows, sign } of SERVICES) {
    expect(await shown(shows), name).toMatch(sign);
    expect(await s.undo(s.nodes, name)).toMatchObject([{ result: "done" }]);
    expect(await shown(shows), name).not.toMatch(sign);
  }
  expect(await output(node!, "module list; mem check")).toMatch(/^[^\n]*all headers agree/);
});

/** A client of a port, and what it has heard. */
async function clientOf(s: Scene, port: number): Promise<{ socket: Socket; heard: string; isClosed: boolean }> {
  const forward = (await openPort(s.lab, `0:${port}`)).ports[0]!;
  const client = { socket: createConnection(forward, "127.0.0.1"), heard: "", isClosed: false };
  client.socket.on("data", (piece) => (client.heard += piece.toString("latin1")));
  client.socket.on("close", () => (client.isClosed = true));
  client.socket.on("error", () => {});
  onTestFinished(() => void client.socket.destroy());
  return client;
}

test("connections go on across a push: a command of ssh, a shell of telnet, requests of http", async () => {
  const s = await Scene.ofOne();
  const [node] = s.nodes;
  s.lab.realtime = true;
  onTestFinished(() => s.lab.close());
  await node!.enter(`telnet on open; ssh-key add ${keyLine(KNOWN, "known")}`, PROMPT);
  const heard = (client: { heard: string }, what: RegExp): Promise<unknown> =>
    s.lab.until(() => what.test(client.heard), String(what), { within: "20s" });
  const web = await clientOf(s, 80);
  web.socket.write("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
  await heard(web, /\nname /);
  const shell = await clientOf(s, 23);
  await heard(shell, /> $/);
  shell.socket.write("seq 1 3; sleep 6000; echo from telnet\r\n");
  const port = (await openPort(s.lab, "0:22")).ports[0]!;
  const ssh = await new SshClient({ lab: s.lab, port }).opened();
  const ran = ssh.run("sleep 6000; echo from ssh").catch(String);
  const pushes: readonly (readonly [string, Uint8Array])[] = [
    ["http", httpNamed("titled")],
    ["ssh", moduleWith("ssh", "asm/services/ssh.s", "2.0-QuRe", "2.0-Next")],
    ["log", moduleWith("log", "asm/services/log.s", '"/net/log"', '"/net/next"')],
  ];
  for (const [name, module] of pushes)
    expect(await s.push(s.nodes, module, { name }), name).toMatchObject([{ result: "done" }]);
  expect(await ran).toEqual({ printed: "from ssh\n", status: 0 });
  await heard(shell, /\nfrom telnet/);
  web.heard = "";
  web.socket.write("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
  await heard(web, /\nname /); // this one is the old server's still
  const next = await clientOf(s, 80);
  next.socket.write("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
  await heard(next, /\ntitled /);
  // The next session is the new service's; its commands count there, and its end is that of all its connections.
  const second = await new SshClient({ lab: s.lab, port }).opened();
  expect(await output(node!, "ssh-key remove known; ssh-key list")).toBe("");
  expect(await output(node!, "service stop ssh")).toBe("");
  await second.closed();
  await ssh.closed();
});
