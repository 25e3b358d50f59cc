/**
 * A client of SSH (RFC 4251 to 4254) made with Node's cryptography, for what no proper client does: each packet is a
 * test's own, in each state of a connection.
 */
import { createHash, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { type LabCluster, openPort } from "../../src/index.ts";
import { cryptLength, LENGTH_BYTES, open, seal, TAG_BYTES } from "../setup/openssh-cipher.ts";
import { numberedSigner, type TestSigner } from "../setup/signer.ts";
import { withAddress } from "./booted.ts";
import { inState, PROMPT } from "./images.ts";

export const Message = {
  disconnect: 1,
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  serviceRequest: 5,
  serviceAccept: 6,
  extInfo: 7,
  kexInit: 20,
  newKeys: 21,
  ecdhInit: 30,
  ecdhReply: 31,
  userRequest: 50,
  userFailure: 51,
  userSuccess: 52,
  keyIsGood: 60,
  globalRequest: 80,
  requestFailure: 82,
  channelOpen: 90,
  openConfirmation: 91,
  openFailure: 92,
  windowAdjust: 93,
  channelData: 94,
  extendedData: 95,
  channelEof: 96,
  channelClose: 97,
  channelRequest: 98,
  channelSuccess: 99,
  channelFailure: 100,
} as const;

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
export const text = (content: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([u32(bytes.length), bytes]);
};
/** A message of its number and fields. */
export const message = (number: number, ...fields: readonly (Uint8Array | number)[]): Buffer =>
  Buffer.concat([
    Uint8Array.of(number),
    ...fields.map((field) => (typeof field === "number" ? Uint8Array.of(field) : field)),
  ]);

/** A number that is not negative (RFC 4251, 5). */
function mpint(bytes: Uint8Array): Buffer {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  const rest = bytes.subarray(at);
  return text(rest.length > 0 && rest[0]! >= 0x80 ? Buffer.concat([Uint8Array.of(0), rest]) : rest);
}

const sha256 = (...pieces: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
};

/** What stands before a public key in DER (RFC 8410). */
const X25519_HEAD = Buffer.from("302a300506032b656e032100", "hex");
const ED25519_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const rawOf = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" }).subarray(X25519_HEAD.length);
const publicOf = (head: Buffer, bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([head, bytes]), format: "der", type: "spki" });

/** What the client offers, list by list; a test replaces what it is about. */
export interface Offer {
  readonly exchanges: string;
  readonly hostKeys: string;
  readonly cipher: string;
  readonly compression: string;
  readonly isGuessed: boolean;
}
export const OFFER: Offer = {
  exchanges: "curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com",
  hostKeys: "ssh-ed25519",
  cipher: "chacha20-poly1305@openssh.com",
  compression: "none",
  isGuessed: false,
};

export function kexInit({ exchanges, hostKeys, cipher, compression, isGuessed }: Offer): Buffer {
  const lists = [exchanges, hostKeys, cipher, cipher, "none", "none", compression, compression, "", ""].map(text);
  return message(Message.kexInit, Buffer.alloc(16, 7), ...lists, isGuessed ? 1 : 0, u32(0));
}

/** Reads the fields of a message. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 1;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  number(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }
  bytes(): Buffer {
    const length = this.number();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  text(): string {
    return this.bytes().toString("latin1");
  }
}

/** Who may enter in the tests, and who may not. */
export const KNOWN = numberedSigner(1);
export const STRANGER = numberedSigner(2);
export const keyBlob = ({ key }: TestSigner): Buffer => Buffer.concat([text("ssh-ed25519"), text(key)]);
export const keyLine = (signer: TestSigner, note: string): string =>
  `ssh-ed25519 ${keyBlob(signer).toString("base64")} ${note}`;

export interface SshNode {
  readonly lab: LabCluster;
  readonly port: number;
}

/** A node into which the one known key may enter. */
export async function sshNode(): Promise<SshNode> {
  const lab = await inState("ssh with a key", async () => {
    const booted = await withAddress();
    await booted.nodes[0]!.enter(`ssh-key add ${keyLine(KNOWN, "known")}`, PROMPT);
    await booted.advance("1s");
    return booted;
  });
  lab.realtime = true;
  onTestFinished(() => lab.close());
  return { lab, port: (await openPort(lab, "0:22")).ports[0]! };
}

export class SshClient {
  readonly socket: Socket;
  readonly lab: LabCluster;
  isClosed = false;
  isStrict = true;
  hello = "SSH-2.0-test";
  session: Buffer = Buffer.alloc(0);
  /** What was said to end the connection. */
  goodbye: { readonly reason: number; readonly text: string } | null = null;
  #heard: Buffer = Buffer.alloc(0);
  #theirHello = "";
  #ours: Buffer = Buffer.alloc(0);
  #theirs: Buffer = Buffer.alloc(0);
  #sendKey: Buffer | null = null;
  #receiveKey: Buffer | null = null;
  #nextReceiveKey: Buffer | null = null;
  #nextSendKey: Buffer | null = null;
  #sent = 0;
  #received = 0;
  readonly #messages: Buffer[] = [];

  constructor({ lab, port }: SshNode) {
    this.lab = lab;
    this.socket = createConnection(port, "127.0.0.1");
    this.socket.on("data", (piece) => {
      this.#heard = Buffer.concat([this.#heard, piece]);
      this.#takeAll();
    });
    this.socket.on("close", () => (this.isClosed = true));
    this.socket.on("error", () => {});
    onTestFinished(() => void this.socket.destroy());
  }

  raw(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** A message in a packet, sealed when it is time for that. `padding` and `length` may be wrong. */
  packet(payload: Uint8Array, { padding, length }: { padding?: number; length?: number } = {}): Buffer {
    const head = this.#sendKey === null ? 5 : 1;
    const fill = padding ?? 8 - ((payload.length + head) % 8) + 8;
    const packet = Buffer.concat([
      u32(length ?? payload.length + fill + 1),
      Uint8Array.of(fill),
      payload,
      Buffer.alloc(fill),
    ]);
    const bytes = this.#sendKey === null ? packet : seal(this.#sendKey, this.#sent, packet);
    this.#sent++;
    return bytes;
  }

  say(payload: Uint8Array): void {
    this.raw(this.packet(payload));
  }

  /** Runs the node until something holds. */
  async until(holds: () => boolean, why: string): Promise<void> {
    await this.lab.until(() => holds() || this.isClosed, "", { within: "60s" });
    if (!holds()) throw new Error(`${why}: the connection is closed: ${JSON.stringify(this.goodbye)}`);
  }

  /** The next message of these numbers; others before it are passed over. */
  async hears(...numbers: readonly number[]): Promise<Buffer> {
    let found: Buffer | undefined;
    await this.until(
      () => {
        while (found === undefined && this.#messages.length > 0) {
          const next = this.#messages.shift()!;
          if (numbers.includes(next[0]!)) found = next;
        }
        return found !== undefined;
      },
      `message ${numbers.join(" or ")}`,
    );
    return found!;
  }

  /** The server has begun an exchange of keys. */
  get isAsked(): boolean {
    return this.#theirs.length > 0;
  }

  async closed(): Promise<void> {
    await this.lab.until(() => this.isClosed, "the connection is not closed", { within: "60s" });
  }

  async greet(): Promise<this> {
    this.raw(`${this.hello}\r\n`);
    await this.until(() => this.#theirHello !== "", "no hello");
    return this;
  }

  /** KEXINIT of both. */
  async offer(changes: Partial<Offer> = {}): Promise<void> {
    this.#ours = kexInit({ ...OFFER, ...changes });
    if (changes.exchanges !== undefined) this.isStrict = changes.exchanges.includes("kex-strict");
    this.say(this.#ours);
    if (this.#theirs.length === 0) this.#theirs = await this.hears(Message.kexInit);
  }

  /** Goes on to NEWKEYS of both, and checks the proof by the host key. */
  async exchange(): Promise<void> {
    const own = generateKeyPairSync("x25519");
    const point = rawOf(own.publicKey);
    this.say(message(Message.ecdhInit, text(point)));
    const reply = new Fields(await this.hears(Message.ecdhReply));
    const [blob, theirPoint, signature] = [reply.bytes(), reply.bytes(), reply.bytes()];
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey: publicOf(X25519_HEAD, theirPoint) });
    const secret = mpint(shared);
    const said = [this.hello, this.#theirHello, this.#ours, this.#theirs, blob, point, theirPoint].map(text);
    const hash = sha256(...said, secret);
    if (!verify(null, hash, publicOf(ED25519_HEAD, blob.subarray(-32)), signature.subarray(-64)))
      throw new Error("the host key has not signed this");
    if (this.session.length === 0) this.session = hash;
    const keyOf = (letter: string): Buffer => {
      const first = sha256(secret, hash, Buffer.from(letter), this.session);
      return Buffer.concat([first, sha256(secret, hash, first)]);
    };
    this.#nextReceiveKey = keyOf("D");
    this.#nextSendKey = keyOf("C");
    this.#theirs = Buffer.alloc(0);
    this.#takeNewKeys();
    await this.hears(Message.newKeys);
  }

  /** Our NEWKEYS, from which on we seal. */
  change(): void {
    this.say(message(Message.newKeys));
    this.#sendKey = this.#nextSendKey;
    if (this.isStrict) this.#sent = 0;
  }

  async keyed(changes: Partial<Offer> = {}): Promise<this> {
    await this.greet();
    await this.offer(changes);
    await this.exchange();
    this.change();
    return this;
  }

  async served(): Promise<this> {
    await this.keyed();
    this.say(message(Message.serviceRequest, text("ssh-userauth")));
    await this.hears(Message.serviceAccept);
    return this;
  }

  /** A request to enter by a key; `session` and `signer` may be wrong. */
  entry(signer: TestSigner, { session = this.session, signs = signer, blob = keyBlob(signer) } = {}): Buffer {
    const head = [text("root"), text("ssh-connection"), text("publickey"), 1, text("ssh-ed25519"), text(blob)];
    const request = message(Message.userRequest, ...head);
    const signature = signs.sign(Buffer.concat([text(session), request]));
    return Buffer.concat([request, text(Buffer.concat([text("ssh-ed25519"), text(signature)]))]);
  }

  async entered(): Promise<this> {
    await this.served();
    this.say(this.entry(KNOWN));
    await this.hears(Message.userSuccess);
    return this;
  }

  async opened(windowBytes = 1 << 20, mostBytes = 32_768): Promise<this> {
    await this.entered();
    await this.openChannel(windowBytes, mostBytes);
    return this;
  }

  /** Returns the server's number of the channel. */
  async openChannel(windowBytes = 1 << 20, mostBytes = 32_768): Promise<number> {
    this.say(message(Message.channelOpen, text("session"), u32(5), u32(windowBytes), u32(mostBytes)));
    return (await this.hears(Message.openConfirmation)).readUInt32BE(5);
  }

  /** Asks something of the channel of number 0. */
  ask(request: string, ...fields: readonly (Uint8Array | number)[]): void {
    this.askOf(0, request, ...fields);
  }

  askOf(channel: number, request: string, ...fields: readonly (Uint8Array | number)[]): void {
    this.say(message(Message.channelRequest, u32(channel), text(request), 1, ...fields));
  }

  /** What a command prints, and its status. */
  async run(command: string): Promise<{ readonly printed: string; readonly status: number }> {
    this.ask("exec", text(command));
    let printed = "";
    let status = -1;
    let isOver = false;
    await this.until(() => {
      for (let next = this.#messages.shift(); next !== undefined; next = this.#messages.shift()) {
        const fields = new Fields(next);
        if (next[0] === Message.channelData) {
          fields.number();
          printed += fields.text();
        } else if (next[0] === Message.channelRequest) status = next.readUInt32BE(next.length - 4);
        else if (next[0] === Message.channelClose) isOver = true;
      }
      return isOver;
    }, `no end of ${command}`);
    this.say(message(Message.channelClose, u32(0)));
    return { printed, status };
  }

  #takeAll(): void {
    if (this.#theirHello === "") {
      const end = this.#heard.indexOf(10);
      if (end < 0) return;
      this.#theirHello = this.#heard.subarray(0, end).toString("latin1").replace("\r", "");
      this.#heard = this.#heard.subarray(end + 1);
    }
    while (this.#takeOne());
  }

  #takeOne(): boolean {
    const key = this.#receiveKey;
    // What follows their NEWKEYS waits until its key is known.
    if (this.#isChanging || this.#heard.length < LENGTH_BYTES) return false;
    const length = (key === null ? this.#heard : cryptLength(key, this.#received, this.#heard)).readUInt32BE(0);
    const end = LENGTH_BYTES + length + (key === null ? 0 : TAG_BYTES);
    if (this.#heard.length < end) return false;
    const packet = this.#heard.subarray(0, end);
    const inside = key === null ? packet.subarray(LENGTH_BYTES) : open(key, this.#received, packet);
    if (inside === null) throw new Error("a packet is not the server's");
    this.#received++;
    this.#heard = this.#heard.subarray(end);
    const payload = Buffer.from(inside.subarray(1, inside.length - inside[0]!));
    if (payload[0] === Message.disconnect) {
      const fields = new Fields(payload);
      this.goodbye = { reason: fields.number(), text: fields.text() };
    }
    if (payload[0] === Message.kexInit && this.session.length > 0) this.#theirs = payload;
    if (payload[0] === Message.newKeys) this.#isChanging = true;
    this.#messages.push(payload);
    this.#takeNewKeys();
    return true;
  }

  #isChanging = false;

  #takeNewKeys(): void {
    if (!this.#isChanging || this.#nextReceiveKey === null) return;
    this.#receiveKey = this.#nextReceiveKey;
    this.#nextReceiveKey = null;
    this.#isChanging = false;
    if (this.isStrict) this.#received = 0;
    this.#takeAll();
  }
}
