/** The telnet console: shells over TCP, options that are refused as RFC 854 says, bounded clients. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { get32 } from "../../emulator/ether/packet.ts";
import { type LabCluster, openPort } from "../../src/index.ts";
import { PacketScene, tcp } from "../guest/net/packet-wire.ts";
import { requireOracle } from "../oracle.ts";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { withAddress } from "./booted.ts";
import { inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const IAC = 255;
const [DONT, DO, WONT, WILL, SB, IP, AYT, SE] = [254, 253, 252, 251, 250, 244, 246, 240];
const [ECHO, GO_AHEAD, TERMINAL, SIZE] = [1, 3, 24, 31];
const OFFER = [IAC, WILL, ECHO, IAC, WILL, GO_AHEAD];

/** A node whose shells anybody may reach, or who knows the password. */
async function telnetNode(isOpen: boolean): Promise<{ lab: LabCluster; port: number }> {
  const lab = await inState(isOpen ? "telnet for all" : "telnet with a password", async () => {
    const booted = await withAddress();
    const node = booted.nodes[0]!;
    if (!isOpen) await node.enter("set telnet.password opensesame", PROMPT);
    await node.enter(isOpen ? "telnet on open" : "telnet on", PROMPT);
    await node.enter("telnet", /^on/m);
    return booted;
  });
  lab.realtime = true;
  onTestFinished(() => lab.close());
  return { lab, port: (await openPort(lab, "0:23")).ports[0]! };
}

class Client {
  readonly socket: Socket;
  heard = Buffer.alloc(0);
  isClosed = false;
  readonly #lab: LabCluster;

  constructor({ lab, port }: { lab: LabCluster; port: number }) {
    this.#lab = lab;
    this.socket = createConnection(port, "127.0.0.1");
    this.socket.on("data", (piece) => (this.heard = Buffer.concat([this.heard, piece])));
    this.socket.on("close", () => (this.isClosed = true));
    this.socket.on("error", () => {});
    onTestFinished(() => void this.socket.destroy());
  }

  get text(): string {
    return this.heard.toString("latin1");
  }

  say(...bytes: readonly (string | number)[]): void {
    for (const piece of bytes) this.socket.write(typeof piece === "string" ? piece : Uint8Array.of(piece));
  }

  /** Runs the node until what was heard since the last time matches, and forgets it. */
  async hears(wanted: RegExp, why = String(wanted)): Promise<string> {
    try {
      await this.#lab.until(() => wanted.test(this.text), "", { within: "20s" });
    } catch {
      throw new Error(`not heard: ${why}, but ${JSON.stringify(this.text)}`);
    }
    const { text } = this;
    this.heard = Buffer.alloc(0);
    return text;
  }

  /** What is answered to telnet's commands: everything before the answer to AYT. */
  async answersTo(...bytes: readonly number[]): Promise<readonly number[]> {
    this.say(...bytes, IAC, AYT);
    const text = await this.hears(/\[yes\]\r\n/);
    return [...text.slice(0, text.indexOf("\r\n[yes]"))].map((sign) => sign.charCodeAt(0));
  }

  async closed(): Promise<void> {
    await this.#lab.until(() => this.isClosed, "the connection is not closed", { within: "60s" });
  }
}

const PROMPT_HERE = /qure[\w-]*:\/> $/;

test("a shell by telnet: its commands, Ctrl-C, `exit`; and the same shell again", async () => {
  const made = await telnetNode(true);
  const client = new Client(made);
  expect((await client.hears(PROMPT_HERE)).slice(0, 6)).toBe(String.fromCharCode(...OFFER));
  client.say("echo one", "\r\n");
  expect(await client.hears(/\r\none\r\n.*> $/s)).toContain("echo one");
  expect(await output(made.lab.nodes[0]!, "telnet")).toMatch(/^on\n10\.0\.2\.2 port \d+\n$/);
  // So much that the ring of what is printed goes round, and more at once than one piece that is sent.
  const lists: string[] = [];
  while (lists.join("").length < 20_000) {
    client.say("help\r\n");
    lists.push(await client.hears(/^help\r\n.{500,}> $/s));
  }
  expect(new Set(lists).size).toBe(1);
  client.say("sleep 1000\r\0");
  await client.hears(/sleep 1000\r\n/);
  client.say(IAC, IP);
  await client.hears(PROMPT_HERE);
  client.say("sleep 1000 &\r\n");
  await client.hears(PROMPT_HERE);
  client.say("exit\r\n");
  await client.closed();
  // Nothing of it is seen on the first console, and the next one goes on where this one was.
  const next = new Client(made);
  await next.hears(PROMPT_HERE);
  next.say("jobs\r\n");
  await next.hears(/sleep 1000/);
});

describeThoroughly("telnet", () => {
  test("refuses options that it does not have, once each, and agrees without answering", async () => {
    const client = new Client(await telnetNode(true));
    await client.hears(PROMPT_HERE);
    expect(await client.answersTo(IAC, DO, ECHO, IAC, DO, GO_AHEAD)).toEqual([]);
    expect(await client.answersTo(IAC, DO, TERMINAL, IAC, WILL, SIZE)).toEqual([
      ...[IAC, WONT, TERMINAL],
      ...[IAC, DONT, SIZE],
    ]);
    expect(await client.answersTo(IAC, WONT, SIZE, IAC, DONT, TERMINAL)).toEqual([]);
    expect(await client.answersTo(IAC, WILL, GO_AHEAD)).toEqual([IAC, DO, GO_AHEAD]);
    expect(await client.answersTo(IAC, WILL, GO_AHEAD)).toEqual([]);
    expect(await client.answersTo(IAC, WONT, GO_AHEAD)).toEqual([IAC, DONT, GO_AHEAD]);
    expect(await client.answersTo(IAC, DONT, ECHO)).toEqual([IAC, WONT, ECHO]);
    expect(await client.answersTo(IAC, DO, ECHO)).toEqual([IAC, WILL, ECHO]);
    // A subnegotiation of any length is passed over, with what looks like its end.
    const skipped = [...new Array<number>(3000).fill(65), IAC, IAC, IAC, AYT, 66];
    expect(await client.answersTo(IAC, SB, TERMINAL, ...skipped, IAC, SE)).toEqual([]);
    client.say("echo still here\r\n");
    await client.hears(/\r\nstill here\r\n/);
  });

  test("leaves no memory and no tasks behind when clients come and go", async () => {
    const made = await telnetNode(true);
    const node = made.lab.nodes[0]!;
    const visit = async (): Promise<void> => {
      const client = new Client(made);
      await client.hears(PROMPT_HERE);
      client.say("exit\r\n");
      await client.closed();
      await made.lab.advance("200ms");
    };
    await visit();
    const tasks = (await output(node, "ps")).split("\n").length;
    await output(node, "mem mark");
    for (let time = 0; time < 5; time++) await visit();
    expect((await output(node, "ps")).split("\n")).toHaveLength(tasks);
    made.lab.realtime = false;
    await made.lab.advance("61s"); // TIME-WAIT
    const leaks = (await output(node, "mem leaks")).split("\n");
    expect(leaks.filter((line) => line !== "" && !line.includes("history_add"))).toEqual([]);
  });

  test("asks for the password, and lets nobody in without it", async () => {
    const made = await telnetNode(false);
    const client = new Client(made);
    await client.hears(/password: $/);
    for (const wrong of ["opensesam", "opensesame!", "x".repeat(500)]) {
      client.say(`${wrong}\r\n`);
      expect(await client.hears(/wrong\r\n/)).not.toContain(wrong);
    }
    await client.closed();
    const good = new Client(made);
    await good.hears(/password: $/);
    good.say("opensesame\r\n");
    expect(await good.hears(PROMPT_HERE)).not.toContain("opensesame");
    const silent = new Client(made);
    await silent.hears(/password: $/);
    made.lab.realtime = false;
    await made.lab.advance("31s");
    made.lab.realtime = true;
    await silent.closed();
  });

  test("takes Backspace and LF alone in a password, and none that only begins as the right one", async () => {
    const made = await telnetNode(false);
    const long = "l".repeat(64);
    await made.lab.nodes[0]!.enter(`set telnet.password ${long}`, PROMPT);
    const client = new Client(made);
    await client.hears(/password: $/);
    client.say(`${long}x\r\n`);
    await client.hears(/wrong\r\n/);
    // Backspace at the beginning, one sign too many, a whole line that is taken back.
    client.say("\b\x7f", "wrong\x15", long, "xy\b\x7f", "\r");
    await client.hears(PROMPT_HERE);
    // The LF behind that CR comes later, and is no further line.
    client.say("\n", "echo one\r\n");
    expect((await client.hears(/\r\none\r\n.*> $/s)).match(/> /g)).toHaveLength(1);
    const other = new Client(made);
    await other.hears(/password: $/);
    other.say(`${long}\n`);
    await other.hears(PROMPT_HERE);
  });

  test("understands commands that come byte by byte", async () => {
    const made = await telnetNode(true);
    const client = new Client(made);
    await client.hears(PROMPT_HERE);
    for (const byte of [IAC, DO, TERMINAL, IAC, SB, TERMINAL, 65, IAC, IAC, 66, IAC, SE, IAC, WILL, SIZE]) {
      client.say(byte);
      await made.lab.advance("5ms");
    }
    expect(await client.answersTo()).toEqual([IAC, WONT, TERMINAL, IAC, DONT, SIZE]);
  });

  test("has four consoles; a fifth client is told so, and a client that is gone makes room", async () => {
    const made = await telnetNode(true);
    const clients = Array.from({ length: 4 }, () => new Client(made));
    for (const client of clients) await client.hears(PROMPT_HERE);
    const fifth = new Client(made);
    expect(await fifth.hears(/taken/)).toBe("all consoles are taken\r\n");
    await fifth.closed();
    clients[1]!.socket.destroy();
    await made.lab.advance("100ms");
    const sixth = new Client(made);
    await sixth.hears(PROMPT_HERE);
    await made.lab.nodes[0]!.enter("telnet off", PROMPT);
    for (const client of [...clients, sixth]) await client.closed();
    expect(await output(made.lab.nodes[0]!, "telnet")).toBe("off\n");
    await made.lab.nodes[0]!.enter("telnet on", /set telnet\.password first/);
    await made.lab.nodes[0]!.enter("telnet on open", PROMPT);
    await made.lab.nodes[0]!.enter("telnet", /^on/m);
    await new Client(made).hears(PROMPT_HERE);
  });

  test("a client that reads nothing loses its connection, and nobody else waits for it", async () => {
    const made = await telnetNode(true);
    const slow = new Client(made);
    await slow.hears(PROMPT_HERE);
    slow.socket.pause();
    slow.say("seq 1000000\r\n");
    await made.lab.advance("500ms");
    const other = new Client(made);
    await other.hears(PROMPT_HERE);
    other.say("echo here\r\n");
    await other.hears(/\r\nhere\r\n/);
    await made.lab.nodes[0]!.enter("echo there", /there/);
  });

  test("who takes nothing of what is printed for 30 s is cut off then", async () => {
    const { lab } = await telnetNode(true);
    lab.realtime = false;
    const s = new PacketScene(lab);
    await s.greet();
    s.plug.send(tcp({ port: 23, flags: 2 })(s.facts));
    await lab.advance("20ms");
    const acknowledgement = (get32(s.frames.at(-1)!, 38) + 1) >>> 0;
    const data = Buffer.from("seq 1000000\r\n");
    s.plug.send(tcp({ port: 23, flags: 0x18, sequence: 1, acknowledgement, data })(s.facts));
    const hasReset = (): boolean => (s.frames.at(-1)![47]! & 4) !== 0;
    await lab.advance("29s");
    expect(hasReset()).toBe(false);
    await lab.advance("3s");
    expect(hasReset()).toBe(true);
  });

  test("random bytes leave the service and the machine as they were", async () => {
    const made = await telnetNode(true);
    for (let seed = 1; seed <= 8; seed++) {
      const client = new Client(made);
      await client.hears(PROMPT_HERE);
      let value = seed;
      const bytes = Uint8Array.from({ length: 2000 }, () => {
        value = (Math.imul(value, 1103515245) + 12345) >>> 0;
        // Every other byte is one that telnet or a terminal means something by; the shell gets no line to run.
        const byte = value >>> 24;
        return byte & 1 ? 240 + ((value >>> 16) & 15) : byte === 10 || byte === 13 ? 27 : byte;
      });
      client.socket.write(bytes);
      await made.lab.advance("200ms");
      client.socket.destroy();
      await made.lab.advance("100ms");
    }
    const client = new Client(made);
    await client.hears(/> $/);
    client.say(3, "echo alive\r\n");
    await client.hears(/\r\nalive\r\n/);
    expect(await output(made.lab.nodes[0]!, "mem check")).toMatch(/all headers agree/);
  });

  for (const [name, args] of [
    ["nc", (port: number) => ["-t", "127.0.0.1", String(port)]],
    ["busybox", (port: number) => ["telnet", "127.0.0.1", String(port)]],
  ] as const) {
    test(`${name} gets a shell`, async (context) => {
      const path = requireOracle(name, context);
      const { lab, port } = await telnetNode(true);
      const child = spawn(path, args(port));
      onTestFinished(() => void child.kill());
      let text = "";
      let isOver = false;
      // nc prints options as they come: the service's last word on one may come before the prompt or behind it.
      child.stdout.on("data", (piece) => (text = (text + piece.toString("latin1")).replace(/\xff[\xfb-\xfe]./gs, "")));
      void once(child, "close").then(() => (isOver = true));
      await lab.until(() => /> $/.test(text), "no prompt", { within: "20s" });
      child.stdin.write("echo from afar\n");
      await lab.until(() => /\nfrom afar\r?\n/.test(text), "no answer", { within: "20s" });
      child.stdin.end("exit\n");
      await lab.until(() => isOver, "it goes on", { within: "20s" });
    });
  }
});
