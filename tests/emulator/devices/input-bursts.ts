/** Random steps for keyboard and mouse. */
import type { Random } from "../../../emulator/state/random.ts";
import { hex, range } from "./places.ts";

export const MOUSE_COMMANDS = [
  0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xee, 0xf0, 0xf2, 0xf3, 0xf4, 0xf6, 1, 2, 40,
] as const;

/** Sample rates that give the mouse a wheel, or five buttons. */
const KNOCKS = [
  [0xc8, 0x64, 0x50],
  [0xc8, 0xc8, 0x50],
].map((rates) =>
  rates
    .flatMap((rate) => [0xf3, rate])
    .map((byte) => `out 64 d4; out 60 ${hex(byte)}; wait 1ms; in 60`)
    .join("; "),
);

/** What a keyboard and a mouse are told, read or not; a key that is half on its way. */
export function inputBurst(random: Random): string {
  return [
    ...range(2).map(
      () => `out 64 d4; out 60 ${hex(random.pick(MOUSE_COMMANDS))}; wait 600us${random.chance(50) ? "; in 60" : ""}`,
    ),
    ...(random.chance(50) ? ["out 64 60; out 60 47", "in 60; wait 1ms; in 60; wait 1ms; in 60; wait 1ms; in 60"] : []),
    `key ${hex(1 + random.below(0x50))}; wait 600us; in 60; keyup 1e; wait ${random.pick([400, 600, 1100])}us`,
    ...(random.chance(50) ? [`out 64 d4; out 60 f4; wait 1ms; in 60`] : []),
    ...(random.chance(30) ? [KNOCKS[random.below(KNOCKS.length)]!] : []),
    `mouse ${range(3)
      .map(() => hex(random.below(256)))
      .join(" ")}; buttons ${hex(random.below(32))}`,
    `out 64 ${hex(random.pick([0xd1, 0xd3, 0x65, 0x7f, 0xd2]))}; out 60 ${hex(1 | random.below(256))}`,
  ].join(";");
}
