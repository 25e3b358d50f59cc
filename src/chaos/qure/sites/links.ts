/** What nodes hold of the clusters that theirs is linked with, read from their memory (asm/include/wide.inc). */
import type { GuestMemory } from "../../../lab/guest-memory.ts";
import { ID_BYTES } from "../../../wire/cluster-layout.ts";
import { packetHex } from "../../../wire/hex.ts";
import { text } from "../../../wire/record.ts";
import type { World, WorldNode } from "../../world.ts";
import type { KernelLayout } from "../kernel-layout.ts";

export interface LinkFacts {
  readonly name: string;
  /** Its place in the table, from 1 on: N of the relay 0.0.0.N. */
  readonly entry: number;
  /** 64 hexadecimal digits. */
  readonly publicDigits: string;
  /** A packet of it was believed since this node is the delegate. */
  readonly isHeard: boolean;
  /** The kernel's clock when the last one was, which only ever changes by one. */
  readonly seenMs: number;
  /** Where it is, as it was proved: an IPv4 address as its bytes are in memory, 0: nowhere, 0.0.0.N: by a relay. */
  readonly address: number;
  /** Its port there, with 0x10000 if that is of TCP. */
  readonly port: number;
  /** How many members it said that it has. */
  readonly told: number;
  /** The list of them is whole, and the one that it said last. */
  readonly isListed: boolean;
  /** Their ids, 16 hexadecimal digits each. */
  readonly members: readonly string[];
}

const NAME_BYTES = 32;
const NO_ID = "00".repeat(ID_BYTES);
const PUBLIC_BYTES = 32;
const FIELDS = [
  ...["LINK_NAME", "LINK_PUBLIC", "LINK_HEARD", "LINK_SEEN", "LINK_ADDRESS", "LINK_PORT", "LINK_TOLD_MEMBERS"],
  ...["LINK_LISTED", "LINK_LISTED_ABOUT", "LINK_COUNT", "LINK_MEMBERS", "LINK_MEMBERS_MAXIMUM", "LINK_SIZE", "LINKS"],
  ...["MEMBER_ID", "MEMBER_SIZE"],
] as const;

type Field = (typeof FIELDS)[number];

/** Reads the table of one machine. */
export class LinkReader {
  readonly #links: number;
  readonly #speaks: number;
  readonly #of: Readonly<Record<Field, number>>;

  /** Throws a RangeError when the kernel has no such names. */
  constructor(layout: KernelLayout) {
    this.#links = layout.address("links");
    this.#speaks = layout.address("wide_address");
    this.#of = Object.fromEntries(FIELDS.map((name) => [name, layout.constant(name)])) as Record<Field, number>;
  }

  /** Whether a machine that is on speaks for its cluster. */
  isDelegate(memory: GuestMemory): boolean {
    return (memory.word(this.#speaks) ?? 0) !== 0;
  }

  /** Empty while its kernel has none. `made`: what is made of bytes of the memory (WorldNode). */
  read(
    memory: GuestMemory,
    made: Making = (_, address, lengthBytes, make) => makeOf(memory, address, lengthBytes, make),
  ): LinkFacts[] {
    const of = this.#of;
    const found: LinkFacts[] = [];
    for (let entry = 1; entry <= of.LINKS; entry++) {
      const address = this.#links + (entry - 1) * of.LINK_SIZE;
      // A place that is free has no name.
      if (((memory.word(address + of.LINK_NAME) ?? 0) & 0xff) === 0) continue;
      const link = made(address, address, of.LINK_SIZE, (bytes) => this.#link(bytes, entry));
      if (link) found.push(link);
    }
    return found;
  }

  #link(bytes: Uint8Array, entry: number): LinkFacts {
    const of = this.#of;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const word = (field: Field): number => view.getUint32(of[field], true);
    const count = Math.min(word("LINK_COUNT"), of.LINK_MEMBERS_MAXIMUM);
    const member = (number: number): number => of.LINK_MEMBERS + number * of.MEMBER_SIZE;
    return {
      name: text(bytes.subarray(of.LINK_NAME, of.LINK_NAME + NAME_BYTES)),
      entry,
      publicDigits: packetHex(bytes, of.LINK_PUBLIC, PUBLIC_BYTES),
      isHeard: word("LINK_HEARD") === 1,
      seenMs: word("LINK_SEEN"),
      address: word("LINK_ADDRESS"),
      port: word("LINK_PORT"),
      told: word("LINK_TOLD_MEMBERS"),
      isListed: word("LINK_LISTED") !== 0 && word("LINK_LISTED") === word("LINK_LISTED_ABOUT"),
      // A member is counted before its entry is written: a look between the two finds none there.
      members: Array.from({ length: count }, (_, number) =>
        packetHex(bytes, member(number) + of.MEMBER_ID, ID_BYTES),
      ).filter((id) => id !== NO_ID),
    };
  }
}

type Making = WorldNode["made"];

function makeOf<T>(
  memory: GuestMemory,
  address: number,
  lengthBytes: number,
  make: (bytes: Uint8Array) => T,
): T | null {
  const bytes = memory.bytes(address, lengthBytes);
  return bytes && make(bytes);
}

/** Of all machines of a run. */
export class Links {
  readonly #world: World;
  readonly #reader: LinkReader;

  /** Throws a RangeError when the kernel has no such names. */
  constructor(world: World, layout: KernelLayout) {
    this.#world = world;
    this.#reader = new LinkReader(layout);
  }

  /** Whether a machine speaks for its cluster now. */
  isDelegate(index: number): boolean {
    return this.#world.isOn(index) && this.#reader.isDelegate(this.#world.nodes[index]!.memory);
  }

  /** The links of a machine; empty while its kernel has none. */
  of(index: number): readonly LinkFacts[] {
    const node = this.#world.nodes[index]!;
    return this.#world.isOn(index)
      ? node.once("links", () => this.#reader.read(node.memory, node.made.bind(node)))
      : [];
  }
}

/** 0.0.0.N: no host's, but a relay's. */
export const isRelay = (address: number): boolean => (address & 0xff) === 0;

/** By a connection of TCP. */
export const isTcp = (port: number): boolean => port > 0xffff;
