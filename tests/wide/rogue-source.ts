/** A linked cluster on the wire that publishes and tells what it likes, and has a kernel that may be anything. */
import { formatIpv4 } from "../../emulator/ether/packet.ts";
import { bodyOf, Rogue } from "../../src/chaos/qure/sites/rogue.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { KINDS, wideOf } from "../../src/wire/wide.ts";
import { listen, said, toDoor, type World } from "./worlds.ts";

const STRANGER = "203.0.113.9";
const PORT = 4000;
const PIECE_BYTES = 1024;
export const GOOD = 200;

export interface Fetched {
  readonly revision: number;
  /** 0: the signature, 1: the image. */
  readonly part: number;
  readonly offset: number;
  readonly wanted: number;
}

/** What it says to a question: bodies of packets of kind 13. */
export type PieceAnswer = (asked: Fetched) => readonly Uint8Array[];

export const piece = ({ revision, part }: Fetched, offset: number, status: number, whole: number, data: Uint8Array) =>
  Uint8Array.from(Buffer.concat([Buffer.from(Uint32Array.of(revision, part, offset, status, whole).buffer), data]));

/** As a cluster answers that has these files. */
export const serves =
  (signature: Uint8Array, image: Uint8Array): PieceAnswer =>
  (asked) => {
    const file = asked.part === 0 ? signature : image;
    if (asked.wanted === 0) return [piece(asked, asked.offset, GOOD, file.length, new Uint8Array())];
    return [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => {
      const at = asked.offset + bit * PIECE_BYTES;
      if (!(asked.wanted & (1 << bit)) || at >= file.length) return [];
      return [piece(asked, at, GOOD, file.length, file.subarray(at, at + PIECE_BYTES))];
    });
  };

/** What it says when it is asked for the events before one, which is 12 bytes: bodies of packets of kind 16. */
export type EventsAnswer = (before: Uint8Array) => readonly Uint8Array[];

export class RogueSource {
  readonly name: string;
  readonly address: string;
  readonly #world: World;
  readonly #rogue: Rogue;
  readonly #plug;
  readonly #heard;
  readonly #unanswered: Uint8Array[] = [];
  #isAsked = false;
  answer: PieceAnswer = () => [];
  /** Questions that came. */
  asked: Fetched[] = [];
  tell: EventsAnswer = () => [];
  /** What it says when it is asked for members of a list, by its digest: a body of a packet of kind 6, or nothing. */
  list: (digest: number) => Uint8Array | null = () => null;
  /** Where what it says comes from. */
  from: string;

  /** `site`: name of the first site, with whose cluster it will be linked. */
  constructor(world: World, { site = "home", name = "rogue", address = STRANGER } = {}) {
    this.#world = world;
    this.name = name;
    this.address = address;
    this.from = address;
    this.#rogue = new Rogue(`${name} ${"5a".repeat(32)}`, keyOfSeed(1).replace(/^\S+/, site));
    this.#plug = world.lab.plug(name);
    this.#heard = listen(world, 0);
  }

  /** It echoes what has come by now, as any cluster does. */
  say(...said: Parameters<Rogue["say"]>): void {
    this.#take();
    this.#plug.send(toDoor(this.#rogue.say(...said), this.from, PORT));
  }

  /** Answers for so long. */
  async run(ms: number): Promise<void> {
    for (const endNs = this.#world.lab.nowNs + ms * 1e6; this.#world.lab.nowNs < endNs; ) {
      // Only while it is asked is each moment looked at.
      await this.#world.lab.advance(this.#isAsked ? "20ms" : "250ms");
      this.answerAll();
    }
  }

  #take(): void {
    for (const frame of this.#heard.out.splice(0)) {
      const packet = formatIpv4(frame.subarray(30, 34)) === this.address ? wideOf(frame) : null;
      if (!packet || packet.length < 64) continue;
      this.#rogue.hear(packet);
      this.#unanswered.push(packet);
    }
  }

  /** Answers what has come. */
  answerAll(): void {
    this.#isAsked = false;
    this.#take();
    for (const packet of this.#unanswered.splice(0)) {
      if (packet[5] === KINDS.hello) this.say("hello");
      if (packet[5] === KINDS.ask) {
        const body = this.list(new DataView(packet.slice().buffer).getUint32(64, true));
        if (body) this.say("details", { body });
      }
      if (packet[5] === KINDS.askEvents)
        for (const body of this.tell(packet.slice(64, 76))) this.say("events", { body });
      if (packet[5] !== KINDS.fetch) continue;
      const view = new DataView(packet.slice().buffer);
      const [revision, part, offset, wanted] = [64, 68, 72, 76].map((at) => view.getUint32(at, true));
      const asked = { revision: revision!, part: part!, offset: offset!, wanted: wanted! };
      this.asked.push(asked);
      this.#isAsked = true;
      for (const body of this.answer(asked)) this.say("piece", { body });
    }
  }

  /** Its summary: of this revision, what it says of kernels, members, how many are busy, their digest, its door. */
  summary({ revision = 1, news = 0, members = 4, busy = 0, digest = 1, door = "0.0.0.0" } = {}): void {
    const isCalled = door === "0.0.0.0" ? 0 : 1;
    this.say("summary", { body: bodyOf(this.name, revision, members, busy, digest, door, PORT, isCalled, news) });
  }

  /** Its summary: that it publishes a revision, or that a later one failed there. */
  publishes(revision: number, news = 1): void {
    this.summary({ revision, news });
  }

  /** Has a node's cluster linked with it, and heard by it. */
  async link(node: Parameters<typeof said>[0]): Promise<void> {
    await said(node, `cloud set link.${this.name} "${this.#rogue.publicDigits} ${this.address} ${PORT}"`);
    await this.run(5000);
    this.say("hello", { flags: 1 });
    await this.run(1000);
  }
}
