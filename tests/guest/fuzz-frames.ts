/** Frames for the fuzzer of the network: what belongs to a conversation, changed so that it is nearly right. */
import { internetChecksum } from "../../emulator/ether/internet-checksum.ts";
import { get16, get32, put16 } from "../../emulator/ether/packet.ts";
import type { Random } from "../../emulator/state/random.ts";

const IP = 14;
const [ICMP, TCP, UDP] = [1, 6, 17];
const [ETHERNET_BYTES, IP_BYTES, TCP_BYTES, UDP_BYTES] = [14, 20, 20, 8];
const MOST_BYTES = 1514;
/** In so many of a hundred frames the lengths and checksums are right, so that what is wrong is looked at. */
const RIGHT = 92;

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value & 0xffff);
}

const protocolOf = (frame: Uint8Array): number =>
  frame.length >= IP + IP_BYTES && get16(frame, 12) === 0x0800 && frame[IP] === 0x45 ? frame[IP + 9]! : 0;

/**
 * The frame with which the other side of a conversation would answer one of the node's: addresses and ports change
 * sides.
 */
export function mirrored(frame: Uint8Array): Uint8Array | null {
  const protocol = protocolOf(frame);
  if (protocol !== TCP && protocol !== UDP) return null;
  const back = frame.slice(0, IP + get16(frame, IP + 2));
  back.set(frame.subarray(6, 12), 0);
  back.set(frame.subarray(0, 6), 6);
  back.set(frame.subarray(IP + 12, IP + 16), IP + 16);
  back.set(frame.subarray(IP + 16, IP + 20), IP + 12);
  const at = IP + IP_BYTES;
  put16(back, at, get16(frame, at + 2));
  put16(back, at + 2, get16(frame, at));
  if (protocol === TCP) {
    const flags = frame[at + 13]!;
    const length = frame.length - at - (frame[at + 12]! >> 4) * 4 + (flags & 1) + ((flags >> 1) & 1);
    put32(back, at + 4, get32(frame, at + 8));
    put32(back, at + 8, get32(frame, at + 4) + length);
    back[at + 13] = flags | 16;
  }
  return back;
}

/** Makes lengths and checksums right. */
function corrected(frame: Uint8Array): Uint8Array {
  const protocol = protocolOf(frame);
  if (protocol === 0) return frame;
  put16(frame, IP + 2, frame.length - IP);
  put16(frame, IP + 10, 0);
  put16(frame, IP + 10, internetChecksum(frame, IP, IP + IP_BYTES));
  const [at, length] = [IP + IP_BYTES, frame.length - IP - IP_BYTES];
  const sumAt = new Map([
    [ICMP, 2],
    [TCP, 16],
    [UDP, 6],
  ]).get(protocol);
  if (sumAt === undefined || length < sumAt + 2) return frame;
  if (protocol === UDP) put16(frame, at + 4, length);
  put16(frame, at + sumAt, 0);
  if (protocol === ICMP) put16(frame, at + 2, internetChecksum(frame, at, at + length));
  else {
    const pseudo = new Uint8Array(12 + length);
    pseudo.set(frame.subarray(IP + 12, IP + 20));
    pseudo[9] = protocol;
    put16(pseudo, 10, length);
    pseudo.set(frame.subarray(at), 12);
    put16(frame, at + sumAt, internetChecksum(pseudo, 0, pseudo.length) || 0xffff);
  }
  return frame;
}

const FLAGS = [0, 1, 2, 4, 16, 17, 18, 20, 24, 25, 49, 3, 255];
const TCP_OPTIONS: readonly (readonly number[])[] = [
  [],
  [2, 4, 0, 0],
  [2, 4, 5, 180, 4, 2, 1, 3, 3, 14, 0, 0],
  [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0],
  [1, 1, 8, 10, 255, 255, 255, 255, 255, 255, 255, 255],
  [1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 1],
  [5, 0, 0, 0],
  [5, 40, 1, 1],
  [3, 3, 255, 0],
  [8, 2, 8, 2],
  [255, 255, 255, 255],
];
const NUMBERS = [0, 1, 2, 63, 127, 128, 192, 254, 255];
const STEPS = [0, 1, -1, 2, 100, 1000, 1460, -1460, 65535, -65535, 0x7fffffff, 0x80000000];

/** Puts other bytes in the place of some. */
function spliced(bytes: Uint8Array, at: number, without: number, inserted: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - without + inserted.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(bytes.subarray(at + without), at + inserted.length);
  return result;
}

function changedTcp(random: Random, frame: Uint8Array): Uint8Array {
  const at = IP + IP_BYTES;
  const step = (field: number): void => {
    const by = random.chance(70)
      ? random.pick(STEPS)
      : random.chance(50)
        ? random.below(20_000) - 10_000
        : random.u32();
    put32(frame, at + field, get32(frame, at + field) + by);
  };
  const header = Math.min(Math.max(frame[at + 12]! >> 4, 5) * 4, frame.length - at);
  switch (random.below(7)) {
    case 0:
      frame[at + 13] = random.pick(FLAGS);
      return frame;
    case 1:
      step(4);
      return frame;
    case 2:
      step(8);
      return frame;
    case 3:
      put16(frame, at + 14, random.pick([0, 1, 63, 1460, 65535, random.below(65536)]));
      return frame;
    case 4: {
      const options = Uint8Array.from(random.pick(TCP_OPTIONS));
      const made = spliced(frame, at + TCP_BYTES, header - TCP_BYTES, options);
      made[at + 12] = ((TCP_BYTES + options.length) / 4) << 4;
      // Ranges near what was acknowledged are worth more than any others.
      if (options[2] === 5)
        for (let place = 4; place < options.length; place += 4)
          put32(made, at + TCP_BYTES + place, get32(frame, at + 8) + (random.below(9) - 3) * 1000);
      return made;
    }
    case 5: {
      const data = new Uint8Array(random.pick([0, 1, 10, 536, 1400, random.below(1400)])).fill(0x78);
      return spliced(frame, at + header, frame.length - at - header, data);
    }
    default:
      frame[at + 12] = random.below(16) << 4;
      return frame;
  }
}

/** Changes bytes behind a place, cuts them off, or adds some. */
export function changedBytes(random: Random, frame: Uint8Array, from: number): Uint8Array {
  if (from >= frame.length) return frame;
  const at = from + random.below(frame.length - from);
  switch (random.below(6)) {
    case 0:
      return frame.slice(0, at);
    case 1:
      return spliced(frame, at, 0, frame.subarray(from, from + random.below(frame.length - from + 1)));
    case 2:
      return spliced(frame, at, 0, new Uint8Array(random.below(600)).fill(random.pick(NUMBERS)));
    case 3:
      frame[at]! ^= 1 << random.below(8);
      return frame;
    case 4:
      frame[at] = random.below(256);
      return frame;
    default:
      frame[at] = random.pick(NUMBERS);
      return frame;
  }
}

/** A frame like this one: as it is, or with up to four changes. */
export function changed(random: Random, original: Uint8Array): Uint8Array {
  let frame: Uint8Array = original.slice();
  for (let changes = random.below(5); changes > 0; changes--) {
    const protocol = protocolOf(frame);
    const from = protocol === UDP ? IP + IP_BYTES + UDP_BYTES : protocol === 0 ? ETHERNET_BYTES : IP + IP_BYTES;
    if (protocol === TCP && frame.length >= IP + IP_BYTES + TCP_BYTES && random.chance(85))
      frame = changedTcp(random, frame);
    else if (random.chance(93)) frame = changedBytes(random, frame, from);
    else frame = changedBytes(random, frame, ETHERNET_BYTES);
    if (frame.length > MOST_BYTES) frame = frame.slice(0, MOST_BYTES);
  }
  return random.chance(RIGHT) ? corrected(frame) : frame;
}
