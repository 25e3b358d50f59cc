/** Guests that play by a sound card: what leaves it is what they played, sample by sample. */
import { expect, test } from "vitest";
import type { MachineConfig } from "../../emulator/machine.ts";
import { LabCluster, restoreCluster } from "../../src/index.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

interface Played {
  readonly card: number;
  readonly rateHertz: number;
  readonly samples: number[];
}

/** What a boot sector has played, each rate for itself, and how long its machine ran. */
function play(source: string, sound: NonNullable<MachineConfig["sound"]>): { played: Played[]; nowNs: number } {
  const played: Played[] = [];
  const { machine } = new System({
    firmware: ourFirmware(),
    disk: guest(source),
    diskBytes: 1 << 20,
    sound,
    soundOutput: (card, rateHertz, samples) => {
      const last = played.at(-1);
      if (last?.rateHertz === rateHertz) last.samples.push(...samples);
      else played.push({ card, rateHertz, samples: [...samples] });
    },
  });
  machine.runUntil(10e9);
  expect(machine.exitStatus).toBe(1);
  return { played, nowNs: machine.nowNs };
}

const signed = (value: number): number => (value << 16) >> 16;

test("by an AC97, at a rate of its own", () => {
  const { played } = play("tests/guest/programs/ac97.s", [{ model: "AC97" }]);
  const samples = Array.from({ length: 3000 }, (_, frame) => [signed(frame * 97), signed(~(frame * 97))]).flat();
  expect(played).toEqual([{ card: 0, rateHertz: 11025, samples }]);
});

test("by a Sound Blaster 16: 8 bits in a buffer that repeats, and 16 bits stereo", () => {
  const { played } = play("tests/guest/programs/sb16.s", [{ model: "AC97" }, { model: "sb16" }]);
  const narrow = Array.from({ length: 4 * 0x300 }, (_, at) => signed((at << 8) ^ 0x8000));
  const wide = Array.from({ length: 500 }, (_, at) => signed(at * 111));
  expect(played).toEqual([
    { card: 1, rateHertz: 11025, samples: narrow.flatMap((sample) => [sample, sample]) },
    { card: 1, rateHertz: 22050, samples: wide },
  ]);
});

test("a snapshot in the middle of a tune goes on with the next sample", async () => {
  const disk = new Uint8Array(1 << 20);
  disk.set(guest("tests/guest/programs/ac97.s"));
  const lab = new LabCluster({ firmware: ourFirmware(), nodes: [{ disk, sound: [{ model: "AC97" }] }] });
  const first = lab.nodes[0]!.sounds[0]!;
  await lab.until(() => first.samples.length > 1500, "nothing is played");
  const copy = restoreCluster(lab.save());
  const before = first.samples;
  for (const one of [lab, copy]) await one.until(() => one.nodes[0]!.isOff, "it goes on");
  expect(lab.digest()).toBe(copy.digest());
  const after = copy.nodes[0]!.sounds[0]!;
  expect([...before, ...after.samples]).toEqual([...first.samples]);
  expect([after.rateHertz, first.samples.length]).toEqual([11025, 6000]);
  lab.close();
  copy.close();
});
