/**
 * SSH: keys, commands, shells and windows by a client of our own, and what no proper client does: each row ends its
 * connection, and nobody else's. The names are those under which such holes were found in other servers.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { PROMPT } from "./images.ts";
import { output } from "./output.ts";
import {
  Fields,
  KNOWN,
  kexInit,
  keyBlob,
  keyLine,
  Message,
  message,
  OFFER,
  SshClient,
  type SshNode,
  STRANGER,
  sshNode,
  text,
  u32,
} from "./ssh-client.ts";

/** Another client still enters. */
async function expectAlive(node: SshNode): Promise<void> {
  const client = await new SshClient(node).opened();
  expect(await client.run("echo alive")).toEqual({ printed: "alive\n", status: 0 });
  client.socket.destroy();
}

test("a known key enters, commands run one after the other, and old keys give way to new ones", async () => {
  const node = await sshNode();
  const client = await new SshClient(node).opened();
  expect(await client.run("echo one; nothing-of-this-name")).toEqual({
    printed: "one\nnothing-of-this-name: unknown command; help lists the commands\n",
    status: 127,
  });
  // An exchange of keys by the client: the session's id stays.
  const { session } = client;
  await client.offer();
  await client.exchange();
  client.change();
  expect(client.session).toEqual(session);
  await client.openChannel();
  expect(await client.run("echo two; test 1 = 2")).toEqual({ printed: "two\n", status: 1 });
  // And by the server, once a KiB went back and forth.
  await client.openChannel();
  await client.run("set ssh.rekey 1");
  await client.openChannel();
  await client.run("help");
  await client.until(() => client.isAsked, "no KEXINIT");
  // What is asked meanwhile is answered after it.
  client.say(message(Message.channelOpen, text("session"), u32(5), u32(1 << 20), u32(32_768)));
  await client.offer();
  await client.exchange();
  client.change();
  await client.hears(Message.openConfirmation);
  expect(await client.run("echo three")).toEqual({ printed: "three\n", status: 0 });
  expect(await output(node.lab.nodes[0]!, "log ssh")).toMatch(/info {4}ssh: root from 10\.0\.2\.2\n/);
});

test("keys are listed, removed and told as OpenSSH tells them; without one the port is closed", async () => {
  const { lab, port } = await sshNode();
  const node = lab.nodes[0]!;
  const told = (blob: Buffer): string =>
    `SHA256:${createHash("sha256").update(blob).digest("base64").replace("=", "")}`;
  expect(await output(node, "ssh-key list")).toBe(`256 ${told(keyBlob(KNOWN))} known (ED25519)\n`);
  expect(await output(node, `ssh-key add ${keyLine(STRANGER, "another one")}`)).toContain("until the machine is off");
  expect(await output(node, `ssh-key add ${keyLine(STRANGER, "again")}`)).toContain("known already");
  for (const wrong of ["ssh-rsa AAAA x", "ssh-ed25519 AAAA", `${keyLine(KNOWN, "").trim().slice(0, -1)} x`])
    expect(await output(node, `ssh-key add ${wrong}`)).toContain("that is no line of a file id_ed25519.pub");
  expect(await output(node, "ssh-key remove 'another one'")).toBe("");
  expect(await output(node, "ssh-key remove nobody")).toContain("ssh-key list shows both");
  const client = await new SshClient({ lab, port }).keyed();
  expect(await output(node, "ssh-key host")).toMatch(/^256 SHA256:[\w+/]{43} \S+ \(ED25519\)\n$/);
  expect(await output(node, `ssh-key remove ${told(keyBlob(KNOWN))}`)).toBe("");
  client.say(message(Message.serviceRequest, text("ssh-userauth")));
  await client.hears(Message.serviceAccept);
  client.say(client.entry(KNOWN));
  await client.hears(Message.userFailure);
  const late = new SshClient({ lab, port });
  await late.closed();
  await node.enter(`ssh-key add ${keyLine(KNOWN, "known")}`, PROMPT);
  expect(await output(node, "service list")).toMatch(/^running +ssh$/m);
  expect(await output(node, "service stop ssh")).toBe("");
  await client.closed();
});

/** What must be refused: where it begins, what is said, and with which reason the connection ends. */
interface Row {
  readonly name: string;
  readonly say: (client: SshClient) => Promise<void> | void;
  /** Of DISCONNECT; 0: the connection just ends. */
  readonly reason: number;
}

const PROTOCOL = 2;
const EXCHANGE = 3;
const CODE = 5;
const ROWS: readonly Row[] = [
  { name: "a first line that is too long", reason: 0, say: (client) => client.raw("SSH-2.0-".padEnd(400, "x")) },
  { name: "a protocol of the past", reason: 0, say: (client) => client.raw("SSH-1.5-old\r\n") },
  {
    name: "Terrapin: IGNORE before KEXINIT (CVE-2023-48795)",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      client.say(message(Message.ignore, text("x")));
      await client.offer();
    },
  },
  {
    name: "Terrapin: IGNORE after KEXINIT",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      await client.offer();
      client.say(message(Message.ignore, text("x")));
    },
  },
  {
    name: "Terrapin: DEBUG between ECDH_REPLY and NEWKEYS",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      await client.offer();
      await client.exchange();
      client.say(message(Message.debug, 0, text(""), text("")));
    },
  },
  {
    name: "Terrapin: the first sealed packet is lost, and the next one has no length",
    reason: PROTOCOL,
    say: async (client) => {
      await client.keyed();
      client.packet(message(Message.ignore, text("x")));
      client.say(message(Message.serviceRequest, text("ssh-userauth")));
    },
  },
  {
    name: "a user's request before any keys",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      client.say(client.entry(KNOWN));
    },
  },
  {
    name: "a service's request before NEWKEYS",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      await client.offer();
      await client.exchange();
      client.say(message(Message.serviceRequest, text("ssh-userauth")));
    },
  },
  {
    name: "NEWKEYS before ECDH_INIT",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      await client.offer();
      client.say(message(Message.newKeys));
    },
  },
  {
    name: "KEXINIT twice",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      await client.offer();
      client.say(kexInit(OFFER));
    },
  },
  {
    name: "an unknown message before the keys",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      client.say(message(192));
    },
  },
  ...(["exchanges", "hostKeys", "cipher", "compression"] as const).map(
    (list): Row => ({
      name: `the ${list === "cipher" ? "none cipher" : `unknown ${list}`}`,
      reason: EXCHANGE,
      say: async (client) => {
        await client.greet();
        await client.offer({ [list]: list === "cipher" ? "none" : "zlib,chacha20-poly1305@openssh.co,ssh-rsa" });
      },
    }),
  ),
  ...[Buffer.alloc(32), Buffer.concat([Uint8Array.of(1), Buffer.alloc(31)])].map(
    (point, index): Row => ({
      name: `a public number of small order: ${index} (RFC 8731, 3)`,
      reason: EXCHANGE,
      say: async (client) => {
        await client.greet();
        await client.offer();
        client.say(message(Message.ecdhInit, text(point)));
      },
    }),
  ),
  ...[0, 31, 33].map(
    (length): Row => ({
      name: `a public number of ${length} bytes`,
      reason: PROTOCOL,
      say: async (client) => {
        await client.greet();
        await client.offer();
        client.say(message(Message.ecdhInit, text(Buffer.alloc(length, 9))));
      },
    }),
  ),
  ...[0, 1, 7, 13, 35_004, 0x7fff_fffc, 0xffff_fffc].map(
    (length): Row => ({
      name: `a packet of length ${length}`,
      reason: PROTOCOL,
      say: async (client) => {
        await client.greet();
        client.raw(u32(length));
      },
    }),
  ),
  ...[0, 3, 12, 255].map(
    (padding): Row => ({
      name: `padding of ${padding} bytes in a packet of 12`,
      reason: PROTOCOL,
      say: async (client) => {
        await client.greet();
        client.raw(Buffer.concat([u32(12), Uint8Array.of(padding), Buffer.alloc(11, 2)]));
      },
    }),
  ),
  {
    name: "a sealed packet with another bit",
    reason: CODE,
    say: async (client) => {
      await client.keyed();
      const packet = client.packet(message(Message.serviceRequest, text("ssh-userauth")));
      packet[10]! ^= 1;
      client.raw(packet);
    },
  },
  {
    name: "another service than ssh-userauth",
    reason: 7,
    say: async (client) => {
      await client.keyed();
      client.say(message(Message.serviceRequest, text("ssh-connection")));
    },
  },
  {
    name: "a user's request before its service",
    reason: PROTOCOL,
    say: async (client) => {
      await client.keyed();
      client.say(client.entry(KNOWN));
    },
  },
  {
    name: "a channel before the user (CVE-2025-32433)",
    reason: PROTOCOL,
    say: async (client) => {
      await client.served();
      client.say(message(Message.channelOpen, text("session"), u32(0), u32(1000), u32(1000)));
    },
  },
  {
    name: "a command before the user, and before any keys (CVE-2025-32433)",
    reason: PROTOCOL,
    say: async (client) => {
      await client.greet();
      await client.offer();
      client.ask("exec", text("reboot"));
    },
  },
  {
    name: "the client says that it is known (CVE-2018-10933)",
    reason: PROTOCOL,
    say: async (client) => {
      await client.served();
      client.say(message(Message.userSuccess));
      await client.hears(Message.unimplemented);
      client.say(message(Message.channelOpen, text("session"), u32(0), u32(1000), u32(1000)));
    },
  },
  {
    name: "six keys that are not known",
    reason: 14,
    say: async (client) => {
      await client.served();
      for (let time = 0; time < 6; time++) client.say(client.entry(STRANGER));
    },
  },
  {
    name: "data to a channel that there is not",
    reason: PROTOCOL,
    say: async (client) => {
      await client.entered();
      client.say(message(Message.channelData, u32(0), text("x")));
    },
  },
  {
    name: "data to another channel",
    reason: PROTOCOL,
    say: async (client) => {
      await client.opened();
      client.say(message(Message.channelData, u32(1), text("x")));
    },
  },
  ...[4, 0x4000_0000, 0xffff_ffff].map(
    (channel): Row => ({
      name: `a request of channel ${channel}`,
      reason: PROTOCOL,
      say: async (client) => {
        await client.opened();
        client.askOf(channel, "exec", text("reboot"));
      },
    }),
  ),
  {
    name: "one of two channels is closed and used",
    reason: PROTOCOL,
    say: async (client) => {
      await client.opened();
      const second = await client.openChannel();
      client.askOf(second, "exec", text("cat"));
      client.say(message(Message.channelClose, u32(second)));
      await client.hears(Message.channelClose);
      client.say(message(Message.channelData, u32(second), text("x")));
    },
  },
  {
    name: "more data than the window has",
    reason: PROTOCOL,
    say: async (client) => {
      await client.opened();
      for (let time = 0; time < 3; time++) client.say(message(Message.channelData, u32(0), text(Buffer.alloc(30_000))));
    },
  },
  {
    name: "a window above 2^32",
    reason: PROTOCOL,
    say: async (client) => {
      await client.opened();
      client.say(message(Message.windowAdjust, u32(0), u32(0xffff_ffff)));
    },
  },
  {
    name: "a string that is longer than its message",
    reason: PROTOCOL,
    say: async (client) => {
      await client.opened();
      client.say(message(Message.channelData, u32(0), u32(0xffff_fff0), Buffer.from("x")));
    },
  },
  {
    name: "a closed channel is used",
    reason: PROTOCOL,
    say: async (client) => {
      await client.opened();
      client.say(message(Message.channelClose, u32(0)));
      client.say(message(Message.channelEof, u32(0)));
    },
  },
];

async function expectEnd(node: SshNode, { name, say, reason }: Row): Promise<void> {
  const client = new SshClient(node);
  try {
    await say(client);
  } catch (error) {
    // The end may come while the client still waits for an answer.
    if (!client.isClosed) throw error;
  }
  await client.closed();
  expect({ name, reason: client.goodbye?.reason ?? 0 }).toEqual({ name, reason });
}

test("what may not come ends the connection, with its reason", async () => {
  const node = await sshNode();
  for (const row of rowsOf(ROWS, 12, ({ name }) => /six keys/.test(name))) {
    await expectEnd(node, row);
    // Each try in vain makes the next one of its address wait.
    if (/six keys/.test(row.name)) await expectAlive(node);
  }
  await expectAlive(node);
});

test("what is no proof of a key does not enter", async () => {
  const node = await sshNode();
  const client = await new SshClient(node).served();
  const cut = client.entry(KNOWN);
  const refused = [
    message(Message.userRequest, text("root"), text("ssh-connection"), text("none")),
    message(Message.userRequest, text("root"), text("ssh-connection"), text("password"), 0, text("x")),
    client.entry(KNOWN, { signs: STRANGER }),
    client.entry(KNOWN, { session: Buffer.alloc(32) }),
    client.entry(STRANGER, { blob: keyBlob(KNOWN) }),
    Buffer.concat([cut, Uint8Array.of(0)]),
  ];
  for (const request of refused) {
    client.say(request);
    expect(new Fields(await client.hears(Message.userFailure)).text()).toBe("publickey");
  }
  // Whether a key would do is asked without a signature, which proves nothing.
  const head = [text("root"), text("ssh-connection"), text("publickey"), 0, text("ssh-ed25519"), text(keyBlob(KNOWN))];
  client.say(message(Message.userRequest, ...head));
  expect(new Fields(await client.hears(Message.keyIsGood)).text()).toBe("ssh-ed25519");
  client.say(message(Message.channelOpen, text("session"), u32(0), u32(1000), u32(1000)));
  await client.closed();
  expect(client.goodbye?.reason).toBe(PROTOCOL);
});

test("channels that are no sessions are refused, and so is what is asked of one twice", async () => {
  const client = await new SshClient(await sshNode()).opened();
  const reasonOf = async (): Promise<number> => {
    const fields = new Fields(await client.hears(Message.openFailure));
    fields.number();
    return fields.number();
  };
  client.say(message(Message.channelOpen, text("direct-tcpip"), u32(1), u32(9), u32(9), text("10.0.2.2"), u32(80)));
  expect(await reasonOf()).toBe(3);
  client.say(message(Message.channelOpen, text("session"), u32(1), u32(9), u32(0)));
  expect(await reasonOf()).toBe(1);
  for (const request of ["env", "x11-req", "auth-agent-req@openssh.com", "signal"]) {
    client.ask(request, text("A"), text("B"));
    await client.hears(Message.channelFailure);
  }
  client.ask("subsystem", text("netconf"));
  await client.hears(Message.channelFailure);
  client.say(message(Message.globalRequest, text("tcpip-forward"), 1, text(""), u32(22)));
  await client.hears(Message.requestFailure);
  client.say(message(Message.globalRequest, text("keepalive@openssh.com"), 1));
  await client.hears(Message.requestFailure);
  client.ask("exec", text("cat"));
  await client.hears(Message.channelSuccess);
  client.ask("exec", text("cat"));
  await client.hears(Message.channelFailure);
});

test("four sessions run beside each other, each with its input, windows and status, and a fifth is refused", async () => {
  const node = await sshNode();
  const client = await new SshClient(node).opened();
  const channels = [0];
  for (let count = 1; count < 4; count++) channels.push(await client.openChannel(count === 3 ? 4 : 1 << 20));
  expect(channels).toEqual([0, 1, 2, 3]);
  client.say(message(Message.channelOpen, text("session"), u32(9), u32(9), u32(9)));
  expect((await client.hears(Message.openFailure)).readUInt32BE(5)).toBe(4);
  // Three wait for their input, and the last one for its window.
  for (const channel of [0, 1, 2]) client.askOf(channel, "exec", text(`cat; test ${channel} = 1`));
  client.askOf(3, "exec", text("echo 1234567"));
  for (const channel of [2, 0, 1]) {
    client.say(message(Message.channelData, u32(channel), text(`for ${channel}`)));
    client.say(message(Message.channelEof, u32(channel)));
  }
  // All have the client's number 5: what is heard is sorted by what it says.
  let printed = "";
  const statuses: number[] = [];
  while (statuses.length < 3) {
    const next = await client.hears(Message.channelData, Message.channelRequest);
    if (next[0] === Message.channelData) printed += next.subarray(9).toString("latin1");
    else statuses.push(next.readUInt32BE(next.length - 4));
  }
  for (const piece of ["for 0", "for 1", "for 2", "1234"]) expect(printed).toContain(piece);
  expect(printed).not.toContain("5");
  expect(statuses.toSorted()).toEqual([0, 1, 1]);
  client.say(message(Message.windowAdjust, u32(3), u32(100)));
  expect((await client.hears(Message.channelData)).subarray(9).toString("latin1")).toBe("567\n");
  // A closed one gives its number to the next.
  client.say(message(Message.channelClose, u32(2)));
  expect(await client.openChannel()).toBe(2);
  client.askOf(2, "exec", text("echo anew"));
  expect((await client.hears(Message.channelData)).subarray(9).toString("latin1")).toBe("anew\n");
});

test("a guess of keys that is wrong is passed over, and one that is right is taken", async () => {
  const node = await sshNode();
  const wrong = new SshClient(node);
  await wrong.greet();
  await wrong.offer({ exchanges: `sntrup761x25519-sha512@openssh.com,${OFFER.exchanges}`, isGuessed: true });
  wrong.say(message(34, text(Buffer.alloc(100))));
  await wrong.exchange();
  wrong.change();
  const right = await new SshClient(node).keyed({ isGuessed: true });
  for (const client of [wrong, right]) {
    client.say(message(Message.serviceRequest, text("ssh-userauth")));
    await client.hears(Message.serviceAccept);
  }
});

test("a client without kex-strict enters too, and may say what has no meaning", async () => {
  const client = new SshClient(await sshNode());
  await client.greet();
  client.say(message(Message.ignore, text("x")));
  await client.offer({ exchanges: "curve25519-sha256@libssh.org" });
  await client.exchange();
  client.change();
  client.say(message(Message.serviceRequest, text("ssh-userauth")));
  await client.hears(Message.serviceAccept);
  client.say(client.entry(KNOWN));
  await client.hears(Message.userSuccess);
});

describeThoroughly("ssh at length", () => {
  test("exchanges of keys wait after sixteen of an address, until its user is known", async () => {
    const node = await sshNode();
    const exchangeMs = async (): Promise<number> => {
      const client = await new SshClient(node).greet();
      await client.offer();
      const startNs = node.lab.nowNs;
      await client.exchange();
      client.socket.destroy();
      return (node.lab.nowNs - startNs) / 1_000_000;
    };
    const startNs = node.lab.nowNs;
    const first = await exchangeMs();
    for (let count = 2; count < 24; count++) await exchangeMs();
    const last = await exchangeMs();
    // Each costs half a second, and sixteen are for nothing.
    expect((node.lab.nowNs - startNs) / 1_000_000).toBeGreaterThan((23 - 16) * 500);
    expect(first).toBeLessThan(250);
    expect(last).toBeGreaterThan(250);
    (await new SshClient(node).entered()).socket.destroy();
    expect(await exchangeMs()).toBeLessThan(250);
  });

  test("windows hold on both sides: a client that takes 100 bytes at a time gets all, and so does cat", async () => {
    const client = await new SshClient(await sshNode()).opened(100, 30);
    client.ask("exec", text("seq 100"));
    const wanted = Array.from({ length: 100 }, (_, index) => `${index + 1}\n`).join("");
    let printed = "";
    while (printed.length < wanted.length) {
      const fields = new Fields(await client.hears(Message.channelData));
      fields.number();
      const piece = fields.text();
      expect(piece.length).toBeLessThanOrEqual(30);
      printed += piece;
      client.say(message(Message.windowAdjust, u32(0), u32(piece.length)));
    }
    expect(printed).toBe(wanted);
  });

  test("memory and tasks are given back when clients come and go, at each state", async () => {
    const node = await sshNode();
    const machine = node.lab.nodes[0]!;
    const visit = async (): Promise<void> => {
      const clients: SshClient[] = [];
      clients.push(await new SshClient(node).keyed());
      clients.push(await new SshClient(node).entered());
      const reading = await new SshClient(node).opened();
      for (let channel = 0; channel < 4; channel++) {
        if (channel > 0) await reading.openChannel();
        reading.askOf(channel, "exec", text("cat"));
        await reading.hears(Message.channelSuccess);
      }
      const running = await new SshClient(node).opened();
      running.ask("exec", text("sleep 100000"));
      await running.hears(Message.channelSuccess);
      const files = await new SshClient(node).opened();
      files.ask("subsystem", text("sftp"));
      await files.hears(Message.channelSuccess);
      clients.push(reading, running, files);
      for (const client of clients) client.socket.destroy();
      await node.lab.advance("2s");
    };
    await visit();
    const tasks = (await output(machine, "ps")).split("\n").length;
    await output(machine, "mem mark");
    for (let time = 0; time < 4; time++) await visit();
    expect((await output(machine, "ps")).split("\n")).toHaveLength(tasks);
    node.lab.realtime = false;
    await node.lab.advance("61s"); // TIME-WAIT
    const leaks = (await output(machine, "mem leaks")).split("\n");
    expect(leaks.filter((line) => line !== "" && !line.includes("history_add"))).toEqual([]);
  });
});

const cases = casesOf("system/ssh");

/** A message that is right but for some bytes, its end, or its length. */
function spoilt(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (random.chance(30)) return copy.subarray(0, 1 + random.below(copy.length));
  for (let time = 1 + random.below(4); time > 0; time--) {
    const at = random.below(copy.length);
    copy[at] = [0, 255, 127, 128, random.below(256)][random.below(5)]!;
  }
  return random.chance(20) ? Buffer.concat([copy, Buffer.alloc(random.below(200), random.below(256))]) : copy;
}

const STATES: readonly ((client: SshClient) => Promise<unknown>)[] = [
  (client) => client.greet(),
  async (client) => {
    await client.greet();
    await client.offer();
  },
  (client) => client.keyed(),
  (client) => client.served(),
  (client) => client.entered(),
  (client) => client.opened(),
  async (client) => {
    await client.opened();
    for (let channel = 1; channel < 4; channel++) await client.openChannel();
    client.askOf(2, "exec", text("cat"));
    await client.hears(Message.channelSuccess);
  },
  async (client) => {
    await client.opened();
    client.ask("subsystem", text("sftp"));
    await client.hears(Message.channelSuccess);
  },
];

/** Messages as they might come in any state. */
function somethingOf(random: Random, client: SshClient): Buffer {
  const channel = u32(random.chance(60) ? 0 : random.below(5));
  const sftp = (type: number, ...fields: readonly Uint8Array[]): Buffer => {
    const body = Buffer.concat([Uint8Array.of(type), u32(1), ...fields]);
    return message(Message.channelData, channel, text(Buffer.concat([u32(body.length), body])));
  };
  const choices: readonly (() => Buffer)[] = [
    () => kexInit(OFFER),
    () => message(Message.ecdhInit, text(Buffer.alloc(32, 9))),
    () => message(Message.serviceRequest, text("ssh-userauth")),
    () => client.entry(KNOWN),
    () => message(Message.channelOpen, text("session"), u32(1), u32(1000), u32(1000)),
    () => message(Message.channelRequest, channel, text("exec"), 1, text("echo x")),
    () =>
      message(
        Message.channelRequest,
        channel,
        text("pty-req"),
        1,
        text("xterm"),
        u32(80),
        u32(24),
        u32(0),
        u32(0),
        text(""),
      ),
    () => message(Message.channelRequest, channel, text("subsystem"), 1, text("sftp")),
    () => message(Message.channelData, channel, text(Buffer.alloc(random.below(500), 1))),
    () => message(Message.windowAdjust, channel, u32(1000)),
    () => message(Message.channelEof, channel),
    () => message(Message.channelClose, channel),
    () => message(Message.globalRequest, text("x"), 1),
    () => sftp(3, text("x"), u32(26), u32(0)),
    () => sftp(5, text(Buffer.alloc(4)), u32(0), u32(0), u32(32_768)),
    () => sftp(6, text(Buffer.alloc(4)), u32(0), u32(0), text("content")),
    () => sftp(11, text("/")),
    () => sftp(12, text(Buffer.alloc(4))),
    () => sftp(16, text("../..")),
    () => sftp(18, text("a"), text("b")),
    () => message(random.below(256), Buffer.alloc(random.below(50), random.below(256))),
  ];
  return choices[random.below(choices.length)]!();
}

test(`nothing that comes in any state stops the machine: ${cases.title}`, async () => {
  const node = await sshNode();
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    const client = new SshClient(node);
    try {
      await STATES[seed % STATES.length]!(client);
      for (let time = 1 + random.below(6); time > 0; time--) client.say(spoilt(random, somethingOf(random, client)));
      await node.lab.advance("50ms");
    } catch (error) {
      if (!client.isClosed) throw new Error(`${cases.repeat(seed)}: ${(error as Error).message}`, { cause: error });
    }
    client.socket.destroy();
    if (seed % 20 === 0) await expectAlive(node);
  }
  await expectAlive(node);
  expect(node.lab.nodes[0]!.console.text).not.toMatch(/panic|PANIC/);
});
