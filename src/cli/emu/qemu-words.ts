/**
 * QEMU's words for `qure emu`: `-cdrom FILE` is `--cdrom FILE`, and so is every word that has an option of its name. Those
 * with another name here, or another form, are in a table; docs/emulator.md maps them.
 */
import { NIC_MODELS, SOUND_CARDS } from "../../../emulator/board-config.ts";
import { UsageError } from "../fail.ts";
import { EMU_OPTIONS } from "./options.ts";
import { QemuDrives } from "./qemu-drives.ts";
import { QemuSound } from "./qemu-sound.ts";

/** Of a word that takes an argument: what stands for it here. */
type Rewrite = (argument: string) => readonly string[];

/** QEMU counts memory in MiB where no unit is given; more than this are bytes. */
const MOST_MIB = 65_536;
const GDB_PORT = "1234";

function drive(index: number): Rewrite {
  return (file) => ["--drive", `file=${file},index=${index}`];
}

/** QEMU's names of processors that have others here. */
const MODELS_OF_QEMU: ReadonlyMap<string, string> = new Map([
  ["qemu32", "max"],
  ["coreduo", "pentium4"],
  ["kvm32", "pentium4"],
  ["n270", "max"],
]);

/** QEMU's names of network cards, where they are other ones than ours. */
const CARDS_OF_QEMU: ReadonlyMap<string, string> = new Map([
  ["virtio-net-pci", "virtio"],
  ["virtio-net", "virtio"],
  ["e1000-82540em", "e1000"],
]);

/** A network card of ours by the name that QEMU has for it; undefined for any other device. */
function cardOf(model: string): string | undefined {
  const name = CARDS_OF_QEMU.get(model) ?? model;
  return NIC_MODELS.find((known) => known === name);
}

/** `-device rtl8139,netdev=...`: which cards the machines have. Their cables and addresses are the emulator's. */
function device(text: string): readonly string[] {
  const [model = "", ...properties] = text.split(",");
  const card = cardOf(model);
  if (card === undefined)
    throw new UsageError(
      `-device ${model}: of devices, only network cards (${NIC_MODELS.join(", ")}), sound cards (${SOUND_CARDS.join(", ")}) and drives are chosen so; docs/emulator.md maps QEMU's words`,
    );
  const rom = properties.find((property) => property.startsWith("romfile="))?.slice("romfile=".length);
  return ["--nic", card, ...(rom ? ["--romfile", rom] : [])];
}

/** What `-machine` may say besides the machine's type. How code is executed changes nothing that a guest sees. */
const MACHINE_PROPERTIES: ReadonlyMap<string, readonly string[]> = new Map([
  ["hpet=on", []],
  ["hpet=off", ["--no-hpet"]],
  ["accel=tcg", []],
]);

/** `-machine pc,hpet=off`: ours is QEMU's `pc`, a PC with the i440FX, in each of its versions. */
function machine(text: string): readonly string[] {
  const words = text.split(",");
  return words.flatMap((word, index) => {
    const name = word.replace(/^type=/, "");
    if (index === 0 && /^(?:pc|pc-i440fx-[\w.]+)$/.test(name)) return [];
    const said = MACHINE_PROPERTIES.get(word);
    if (said !== undefined) return said;
    throw new UsageError(
      `-machine ${word}: expected pc, perhaps with ${[...MACHINE_PROPERTIES.keys()].join(", ")}; docs/emulator.md maps QEMU's words`,
    );
  });
}

const WITH_ARGUMENT: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  ["-m", (size) => ["--memory", memory(size)]],
  ["-hdb", drive(1)],
  ["-hdc", drive(2)],
  ["-hdd", drive(3)],
  ["-cpu", (model) => ["--cpu", MODELS_OF_QEMU.get(model) ?? model]],
  ["-smp", (count) => ["--cpus", count.replace(/^cpus=/, "").replace(/,.*/, "")]],
  ["-machine", machine],
  ["-M", machine],
  ["-bios", (file) => ["--firmware", file]],
  ["-boot", (order) => ["--boot", order.replace(/^order=/, "")]],
  ["-gdb", (where) => ["--gdb", where.replace(/^tcp:.*:/, "")]],
]);

const ALONE: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["-s", ["--gdb", GDB_PORT]],
  ["-nographic", ["--serial", "stdio"]],
  // Files are never changed unless --dir keeps disks.
  ["-snapshot", []],
]);

const UNKNOWN = /^-(?:accel|display|mon|net|netdev|nic|rtc|usb|vga|vnc|enable-kvm|daemonize)$/;
const LONG_NAMES = new Set(Object.values(EMU_OPTIONS).map(({ flags }) => /--[\w-]+/.exec(flags)![0]));

function memory(size: string): string {
  const text = size.replace(/^size=/, "");
  return /^\d+$/.test(text) && Number(text) <= MOST_MIB ? `${text}M` : text;
}

/** The arguments of `qure emu` in its own words. Throws a UsageError for a word of QEMU's that has no counterpart. */
export function rewriteQemuWords(given: readonly string[]): string[] {
  const args: string[] = [];
  const drives = new QemuDrives(given);
  const sound = new QemuSound(given);
  const rewrites = new Map<string, Rewrite>([
    ...WITH_ARGUMENT,
    ["-drive", (text) => drives.drive(text)],
    ["-device", (text) => drives.device(text) ?? sound.device(text) ?? device(text)],
    ...["-audiodev", "--audiodev"].map((word) => [word, () => []] as const),
    ["-audio", (text) => sound.audio(text)],
  ]);
  for (let index = 0; index < given.length; index++) {
    const word = given[index]!;
    const rewrite = rewrites.get(word);
    const argument = given[index + 1];
    if (rewrite && argument !== undefined) {
      args.push(...rewrite(argument));
      index++;
    } else if (ALONE.has(word)) args.push(...ALONE.get(word)!);
    else if (/^-[a-z][\w-]+$/.test(word) && LONG_NAMES.has(`-${word}`)) args.push(`-${word}`);
    else if (UNKNOWN.test(word))
      throw new UsageError(
        `${word}: this word of QEMU's has no counterpart in qure emu; docs/emulator.md maps those that have`,
      );
    else args.push(word);
  }
  sound.checkUsed();
  return args;
}
