/** `--sound`: what machines play, in WAV files. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { rewriteQemuWords } from "../../src/cli/emu/qemu-words.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { checkSound } from "../../src/cli/emu/sound.ts";
import { WavFile } from "../../src/cli/emu/wav-file.ts";
import { declareOptions, readOptions } from "../../src/cli/option-table.ts";
import { Resampler } from "../../src/lab/wav.ts";
import { parseSound } from "../../src/plan/sound-wish.ts";
import { guest } from "../systems/guest.ts";
import { Person } from "./person.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-sound-"));
  for (const name of ["ac97", "sb16"]) {
    const disk = new Uint8Array(1 << 20);
    disk.set(guest(`tests/guest/programs/${name}.s`));
    writeFileSync(join(folder, `${name}.img`), disk);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

const at = (name: string): string => join(folder, name);

/** The guests end with 1, by the debug exit port, when all was as they expect. */
async function run(disk: string, ...args: readonly string[]): Promise<void> {
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  const person = new Person();
  person.stdin.isTTY = false;
  const command = declareOptions(new Command().exitOverride(), EMU_OPTIONS);
  command.parse(["--hda", at(disk), ...rewriteQemuWords(args)], { from: "user" });
  const running = runEmu(readOptions(EMU_OPTIONS, command.opts()), null, person);
  await expect(running).rejects.toMatchObject({ exitCode: 1, message: "" });
}

/** A file's rate, channels, bits, and bytes of samples, once its sizes fit it. */
function wav(name: string): { form: readonly number[]; data: Buffer } {
  const file = readFileSync(at(name));
  expect(file.toString("latin1", 0, 4) + file.toString("latin1", 8, 16)).toBe("RIFFWAVEfmt ");
  expect([file.readUInt32LE(4), file.readUInt32LE(40)]).toEqual([file.length - 8, file.length - 44]);
  const [rate, channels, bits] = [file.readUInt32LE(24), file.readUInt16LE(22), file.readUInt16LE(34)];
  expect([file.readUInt16LE(20), file.readUInt32LE(28), file.readUInt16LE(32)]).toEqual([
    1,
    (rate * channels * bits) / 8,
    (channels * bits) / 8,
  ]);
  return { form: [rate, channels, bits], data: file.subarray(44) };
}

/** What tests/guest/programs/ac97.s plays. */
const FRAMES = 3000;
const frame = (index: number): number => ((index * 97) << 16) >> 16;
const PLAYED = Buffer.from(
  Int16Array.from({ length: 2 * FRAMES }, (_, at) => (at & 1 ? ~frame(at >> 1) : frame(at >> 1))).buffer,
);

test("each machine has a file, which holds what was played and nothing else, also from other threads", async () => {
  await run("ac97.img", "--nodes", "2", "--threads", "2", "--for", "2s", "--sound", at("a/two.wav"));
  expect(readdirSync(at("a"))).toEqual(["two-2.wav", "two.wav"]);
  for (const name of ["a/two.wav", "a/two-2.wav"]) expect(wav(name)).toEqual({ form: [11025, 2, 16], data: PLAYED });
});

test("in another form, where that is asked for", async () => {
  await run("ac97.img", "--sound", `${at("other.wav")},frequency=22050,channels=1,format=u8`);
  const { form, data } = wav("other.wav");
  expect(form).toEqual([22050, 1, 8]);
  // Left and right are each other's complement.
  expect(data).toEqual(Buffer.alloc(2 * FRAMES, 0x7f));
});

test("QEMU's words: its rate, a card for each backend", async () => {
  const backends = ["-audiodev", `wav,id=a,path=${at("q.wav")}`, "-audiodev", `wav,id=b,path=${at("b.wav")}`];
  await run("sb16.img", ...backends, "-device", "sb16,audiodev=b", "-device", "AC97,audiodev=a");
  expect(wav("q.wav")).toEqual({ form: [44100, 2, 16], data: Buffer.alloc(0) });
  const { form, data } = wav("b.wav");
  expect(form).toEqual([44100, 2, 16]);
  expect(data.length).toBe(4 * (4 * 4 * 0x300 + 2 * 250));
  expect([0, 4, 8, 16, 20, 32].map((byte) => data.readInt16LE(byte))).toEqual([
    -32768, -32704, -32640, -32512, -32448, -32256,
  ]);
});

test("a card that nobody hears", async () => {
  await run("ac97.img", "--sound", "none");
  expect(readdirSync(folder).filter((name) => name.endsWith(".wav"))).not.toContain("none");
});

test("a file is a whole one while it grows", () => {
  const file = new WavFile(at("grows.wav"), { rateHertz: null, channels: 2, format: "s32" });
  expect(wav("grows.wav").data.length).toBe(0);
  for (let piece = 0; piece < 300; piece++) file.append(8000, new Int16Array(64).fill(piece));
  const { form, data } = wav("grows.wav");
  expect(form).toEqual([8000, 2, 32]);
  expect(data.length).toBeGreaterThanOrEqual(1 << 16);
  file.close();
  expect(wav("grows.wav").data.length).toBe(300 * 64 * 4);
  expect(wav("grows.wav").data.readInt32LE(4 * 64 * 200)).toBe(200 * 65536);
});

describe("another rate", () => {
  const ramp = Int16Array.from({ length: 20 }, (_, at) => (at >> 1) * (at & 1 ? -90 : 90));

  test.each([
    { from: 8000, to: 24_000, frames: 30, some: [0, 30, 60, 90] },
    { from: 24_000, to: 8000, frames: 4, some: [0, 270, 540, 810] },
    { from: 44_100, to: 44_100, frames: 10, some: [0, 90, 180, 270] },
    { from: 3, to: 2, frames: 7, some: [0, 135, 270, 405] },
  ])("from $from to $to, in pieces of any size", ({ from, to, frames, some }) => {
    const whole = new Resampler(to);
    const all = [...whole.take(from, ramp), ...whole.end()];
    expect(all.length).toBe(2 * frames);
    expect([0, 1, 2, 3].map((index) => all[2 * index])).toEqual(some);
    expect(all.every((value, index) => (index & 1 ? Math.abs(value + all[index - 1]!) === 0 : true))).toBe(true);
    const pieces = new Resampler(to);
    const one = [0, 2, 6, 16].flatMap((first, index, firsts) => [
      ...pieces.take(from, ramp.subarray(first, firsts[index + 1])),
    ]);
    expect([...one, ...pieces.end()]).toEqual(all);
  });

  test("from one rate to the next, nothing is lost", () => {
    const both = new Resampler(200);
    const all = [...both.take(100, ramp), ...both.take(200, ramp), ...both.take(100, ramp), ...both.end()];
    expect(all.length).toBe(2 * (20 + 10 + 20));
    expect(all.slice(40, 60)).toEqual([...ramp]);
  });
});

test.each([
  ["", "write FILE.wav, or none"],
  ["x.wav,card=hda", "card=hda: there are AC97, sb16"],
  ["x.wav,irq=5", "irq is for card=sb16"],
  ["x.wav,card=sb16,irq=6", "irq is 6, expected 9, 5, 7, 10"],
  ["x.wav,card=sb16,iobase=x", "iobase is NaN"],
  ["x.wav,card=sb16,dma=2", "dma is 2, expected 0, 1, 3"],
  ["x.wav,frequency=10", "frequency=10: expected 1000 to 192000"],
  ["x.wav,channels=3", "channels=3: there are 2, 1"],
  ["x.wav,format=f32", "format=f32: there are s16, u8, s32"],
  ["x.wav,format=u8,format=u8", "format is there twice"],
  ["x.wav,volume=3", 'and got "volume=3"'],
])("--sound %s", (text, reason) => {
  expect(() => parseSound(text)).toThrow(reason);
});

test("a comma in a name, and where a card is", () => {
  expect(parseSound("a,b.wav,card=sb16,iobase=0x240,irq=7,dma=3,dma16=6")).toEqual({
    card: { model: "sb16", iobase: 0x240, irq: 7, dma: 3, dma16: 6 },
    path: "a,b.wav",
    wav: { rateHertz: null, channels: 2, format: "s16" },
  });
});

test("a machine has one card of each model, and a snapshot's has what it has", () => {
  const [ac97, blaster] = [parseSound("x"), parseSound("y,card=sb16")];
  expect(() => checkSound([ac97, ac97], [{ model: "AC97" }])).toThrow(
    "--sound: a machine has one AC97; write card=sb16",
  );
  expect(() => checkSound([blaster], [{ model: "AC97" }])).toThrow("--sound: the machine has no sb16");
  expect(() => checkSound([blaster, ac97], [{ model: "AC97" }, { model: "sb16" }])).not.toThrow();
});
