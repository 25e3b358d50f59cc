/** Bursts of steps (bursts.ts) for the sound cards, where the windows of places.ts are mapped. */
import type { Random } from "../../../emulator/state/random.ts";
import { hex, range } from "./places.ts";

const WAITS_NS = [10, 10_000, 600_000, 2_000_000, 40_000_000, 700_000_000] as const;
const CODEC_REGISTERS = [0x02, 0x18, 0x1a, 0x1c, 0x26, 0x2a, 0x2c, 0x32, 0x34, 0x36, 0x5a] as const;
const SOUND_RATES = [0x1f40, 0x2b11, 0xac44, 0xbb80, 1, 0] as const;

/** The codec: volumes and rates. */
function codecBurst(random: Random): string {
  return [
    ...range(4).map(() => `outw ${hex(0xc800 + random.pick(CODEC_REGISTERS))} ${hex(random.below(0x10000))}`),
    "outw c82a 9",
    ...[0x2c, 0x32, 0x34].map((register) => `outw ${hex(0xc800 + register)} ${hex(random.pick(SOUND_RATES))}`),
  ].join(";");
}

/** A list of the sound controller's, some of it empty or nowhere, begun, paused or gone on with. */
function soundBurst(random: Random): string {
  const stream = 0xc400 + 16 * random.below(3);
  return [
    `outl ${hex(stream)} ${hex(random.pick([0x92000, 0x92008, 0xfffffff8]))}`,
    ...range(3).map(
      (index) =>
        `ram ${hex(0x92000 + 8 * random.pick([index, index + 1]))} 0 ${hex(random.below(64))} ${random.pick(["a", "ff"])} ${random.pick(["0", "ff"])} ${hex(random.below(256))} 0 0 ${random.pick(["0", "80", "c0"])}`,
    ),
    `out ${hex(stream + 5)} ${hex(random.below(34))}`,
    `out ${hex(stream + 11)} ${hex(random.pick([0x1d, 0x15, 0x01, 0x00, 0x1c, 0x02]))}`,
    `wait ${random.pick(WAITS_NS)}ns`,
    ...(random.chance(50) ? [`in c434; inl c430; outw ${hex(stream + 6)} ${hex(random.below(32))}`] : []),
    `outl c42c ${hex(random.below(64))}`,
  ].join(";");
}

const SOUND_COMMANDS = [
  ...[[0x41, 0x2b, 0x11] as const, [0x40, 0xa5] as const, [0x48, 40, 0] as const, [0x14, 20, 0] as const],
  ...[[0x1c] as const, [0x2c] as const, [0x24, 9, 0] as const, [0x80, 200, 1] as const, [0xd0] as const],
  ...[[0xd4] as const, [0xd5] as const, [0xd6] as const, [0xd9] as const, [0xda] as const, [0xd1] as const],
  ...[[0xe0, 1] as const, [0xe1] as const, [0xe3] as const, [0xe4, 7] as const, [0xf2] as const, [0xf3] as const],
  ...[[0xb6, 0x30, 60, 0] as const, [0xbe, 0x10, 7, 0] as const, [0xc0, 0x20, 9, 0] as const, [0xce, 0, 9, 0] as const],
  ...[[0xb0] as const, [0x90] as const, [0x45] as const, [0x47] as const, [0x99] as const],
] as const;

/** A Sound Blaster with its channels, and commands, some of which wait for more. */
function soundBlasterBurst(random: Random): string {
  const address = random.below(256);
  return [
    ...(random.chance(20) ? ["out 226 1", ...(random.chance(80) ? ["out 226 0"] : [])] : []),
    `out 224 e; out 225 ${random.below(4)}; out 224 ${hex(random.below(256))}`,
    `out d4 0; out b ${random.pick(["59", "49", "55", "45"])}; out c 0; out 2 0; out 2 ${hex(address)}; out 83 a; out 3 3f; out 3 0; out a 1`,
    `out d6 ${random.pick(["59", "49", "55", "45"])}; out d8 0; out c4 0; out c4 ${hex(address)}; out 8b a; out c6 3f; out c6 0; out d4 1`,
    ...range(4).flatMap(() => random.pick(SOUND_COMMANDS).map((byte) => `out 22c ${hex(byte)}`)),
    `wait ${random.pick(WAITS_NS)}ns`,
    ...(random.chance(50) ? ["in 22a; in 22e; in 22f"] : []),
  ].join(";");
}

export const SOUND_BURSTS: readonly ((random: Random) => string)[] = [codecBurst, soundBurst, soundBlasterBurst];
