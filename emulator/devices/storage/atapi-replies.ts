/** Data that the CD drive returns to packet commands, as functions of the medium (MMC-3, chapter 5; SPC-3). */
import { holds } from "../../state/invariant.ts";

export const CD_BLOCK_BYTES = 2048;

function putBig(bytes: Uint8Array, offset: number, size: number, value: number): void {
  for (let index = 0; index < size; index++)
    bytes[offset + index] = Math.floor(value / 2 ** (8 * (size - 1 - index))) & 0xff;
}

/** Block address as minute, second, frame; the first two seconds of a disc are its lead-in. */
function minuteSecondFrame(block: number): [number, number, number] {
  const frames = block + 150;
  holds(block >= 0, "CD drive", "a block before the first one");
  return [Math.floor(frames / 4500) & 0xff, Math.floor(frames / 75) % 60, frames % 75];
}

export function inquiryData(vendor: string, product: string, revision: string): Uint8Array {
  const data = new Uint8Array(36);
  data[0] = 0x05; // CD/DVD device.
  data[1] = 0x80; // Removable.
  data[3] = 0x21; // ATAPI, response format 1.
  data[4] = 31;
  const text = vendor.padEnd(8).slice(0, 8) + product.padEnd(16).slice(0, 16) + revision.padEnd(4).slice(0, 4);
  for (let index = 0; index < text.length; index++) data[8 + index] = text.charCodeAt(index);
  return data;
}

export function capacityData(blocks: number): Uint8Array {
  const data = new Uint8Array(8);
  putBig(data, 0, 4, blocks - 1);
  putBig(data, 4, 4, CD_BLOCK_BYTES);
  return data;
}

/**
 * READ TOC formats 0 (tracks), 1 (sessions), 2 (full): one data track from block 0. Null for a field that is not valid.
 */
export function tableOfContents(format: number, startTrack: number, inMsf: boolean, blocks: number): Uint8Array | null {
  const address = (block: number): number[] => {
    if (inMsf) return [0, ...minuteSecondFrame(block)];
    const bytes = new Uint8Array(4);
    putBig(bytes, 0, 4, block);
    return Array.from(bytes);
  };
  const track = [0, 0x14, 1, 0, ...address(0)];
  const leadOut = [0, 0x16, 0xaa, 0, ...address(blocks)];
  let entries: number[];
  if (format === 0) {
    if (startTrack > 1 && startTrack !== 0xaa) return null;
    entries = startTrack === 0xaa ? leadOut : [...track, ...leadOut];
  } else if (format === 1) {
    entries = [0, 0x14, 1, 0, 0, 0, 0, 0];
  } else if (format === 2) {
    const [minute, second, frame] = minuteSecondFrame(blocks);
    entries = [
      [1, 0x14, 0, 0xa0, 0, 0, 0, 0, 1, 0, 0], // First track.
      [1, 0x14, 0, 0xa1, 0, 0, 0, 0, 1, 0, 0], // Last track.
      [1, 0x14, 0, 0xa2, 0, 0, 0, 0, minute, second, frame], // Lead-out.
      [1, 0x14, 0, 1, 0, 0, 0, 0, 0, 2, 0],
    ].flat();
  } else {
    return null;
  }
  const data = new Uint8Array([0, 0, 1, 1, ...entries]);
  putBig(data, 0, 2, data.length - 2);
  return data;
}

const PROFILE_CD = 0x08;
const PROFILE_DVD = 0x10;
/** Blocks of the largest CD; anything larger is a DVD. */
const CD_BLOCKS = 80 * 60 * 75;

export function configurationData(blocks: number): Uint8Array {
  const current = blocks === 0 ? 0 : blocks > CD_BLOCKS ? PROFILE_DVD : PROFILE_CD;
  const profile = (code: number): number[] => [0, code, code === current ? 1 : 0, 0];
  const data = new Uint8Array([
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    current,
    0,
    0,
    0x03,
    8,
    ...profile(PROFILE_DVD),
    ...profile(PROFILE_CD), // Profile list.
    0,
    1,
    0x0b,
    8,
    0,
    0,
    0,
    2,
    1,
    0,
    0,
    0, // Core: ATAPI, DBE.
    0,
    3,
    0x03,
    4,
    0x29,
    0,
    0,
    0, // Removable medium: tray, eject, lock.
  ]);
  putBig(data, 0, 4, data.length - 4);
  return data;
}

/** READ DISC INFORMATION: one complete session with one track. */
export function discInformation(): Uint8Array {
  const data = new Uint8Array(34);
  putBig(data, 0, 2, 32);
  data[2] = 0x0e;
  data[3] = 1;
  data[4] = 1;
  data[5] = 1;
  data[6] = 1;
  data[7] = 0x20;
  return data;
}

/** MODE SENSE(10) pages 01h, 0Eh and 2Ah; 3Fh is all of them. Null for a page that is not there. */
export function modePages(page: number): Uint8Array | null {
  const pages = new Map<number, number[]>([
    [0x01, [0x01, 6, 0, 5, 0, 0, 0, 0]],
    [0x0e, [0x0e, 14, 4, 0, 0, 0, 0, 75, 1, 255, 2, 255, 0, 0, 0, 0]],
    [0x2a, [0x2a, 18, 0x3b, 0, 0x70, 0x60, 0x29, 0, 0x02, 0xc2, 0, 2, 0x02, 0, 0x02, 0xc2, 0, 0, 0, 0]],
  ]);
  const wanted = page === 0x3f ? [...pages.values()].flat() : pages.get(page);
  if (wanted === undefined) return null;
  const data = new Uint8Array([0, 0, 0x70, 0, 0, 0, 0, 0, ...wanted]);
  putBig(data, 0, 2, data.length - 2);
  return data;
}

/** Events of the class "media", by their codes (MMC-3, table 94). */
export const EVENT_NONE = 0;
export const EVENT_EJECT_REQUEST = 1;
export const EVENT_NEW_MEDIUM = 2;
export const EVENT_CLASS_MEDIA = 0x10;
const TRAY_OPEN = 1;
const MEDIUM_PRESENT = 2;

/** GET EVENT STATUS NOTIFICATION, polled. */
export function eventStatus(classes: number, event: number, isOpen: boolean, hasDisc: boolean): Uint8Array {
  if (!(classes & EVENT_CLASS_MEDIA)) return new Uint8Array([0, 2, 0x80, EVENT_CLASS_MEDIA]);
  const status = isOpen ? TRAY_OPEN : hasDisc ? MEDIUM_PRESENT : 0;
  return new Uint8Array([0, 6, 0x04, EVENT_CLASS_MEDIA, event, status, 0, 0]);
}

export function mechanismStatus(isOpen: boolean): Uint8Array {
  return new Uint8Array([0, isOpen ? 0x10 : 0, 0, 0, 0, 1, 0, 0]);
}
