/** Calls of INT 10h that a guest makes, and what QuRe's firmware answers, or SeaBIOS with its video BIOS. */
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import type { SkippableContext } from "../oracle.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { MIB, System, type SystemConfig } from "./system.ts";

/** Registers of INT 10h, and how many bytes at ES:DI are wanted back. */
export interface Call {
  readonly ax: number;
  readonly bx?: number;
  readonly cx?: number;
  readonly dx?: number;
  readonly seen?: number;
}

export interface Reply {
  readonly ax: number;
  readonly bx: number;
  readonly cx: number;
  readonly dx: number;
  readonly bytes: Buffer;
}

export interface Answers {
  readonly replies: readonly Reply[];
  readonly system: System;
}

const SECTOR = 512;
const INPUT_SECTOR = 16;

/** What a firmware answers; `input` is at ES:DI before each call. */
function ask(config: SystemConfig, calls: readonly Call[], input = ""): Answers {
  const disk = new Uint8Array(MIB);
  disk.set(guest("tests/guest/programs/video-calls.s"));
  const words = new DataView(disk.buffer);
  let at = SECTOR;
  for (const { ax, bx = 0, cx = 0, dx = 0, seen = 0 } of calls)
    for (const word of [ax, bx, cx, dx, seen]) words.setUint16((at += 2) - 2, word, true);
  words.setUint16(at, 0xffff, true);
  disk.set(Buffer.from(input, "latin1"), INPUT_SECTOR * SECTOR);
  const system = new System({ ...config, disk });
  system.untilSerial(/done/, 20);
  const lines = system.serial[0].matchAll(/^([0-9a-f]{4}) ([0-9a-f]{4}) ([0-9a-f]{4}) ([0-9a-f]{4}) ([0-9a-f]*)$/gm);
  return {
    system,
    replies: [...lines].map(([, ...words]) => {
      const [ax, bx, cx, dx] = words.map((word) => Number.parseInt(word, 16));
      return { ax: ax!, bx: bx!, cx: cx!, dx: dx!, bytes: Buffer.from(words[4]!, "hex") };
    }),
  };
}

export const ours = (calls: readonly Call[], input?: string): Answers => ask({ firmware: ourFirmware() }, calls, input);

/** The same by SeaBIOS and its video BIOS. */
export function theirs(context: SkippableContext, calls: readonly Call[], input?: string): Answers {
  const firmware = seabios("bios.bin");
  const videoRom = seabios("vgabios-stdvga.bin");
  if (firmware && videoRom) return ask({ firmware, videoRom }, calls, input);
  context.skip("seabios is not installed");
  throw new Error("unreachable: skip ends the test");
}
