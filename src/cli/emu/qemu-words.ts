/**
 * QEMU's words for `qure emu`: `-cdrom FILE` is `--cdrom FILE`, and so is every word that has an option of its name.
 * Those with another name here, or another form, are in a table, as are those that change nothing here: command lines
 * in other people's Makefiles say how QEMU shows a screen and how fast it is. docs/emulator.md maps them.
 */
import { NIC_MODELS, SOUND_CARDS } from "../../../emulator/board-config.ts";
import { UsageError } from "../fail.ts";
import { EMU_OPTIONS } from "./options.ts";
import { QemuDrives } from "./qemu-drives.ts";
import { QemuLines } from "./qemu-lines.ts";
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
  ["host", "max"],
  ["core2duo", "max"],
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

/** Port F4h is where each machine has it; QEMU's own place is another one. */
function debugExit(text: string): readonly string[] {
  const at = /(?:^|,)iobase=([^,]*)/.exec(text)?.[1];
  if (at !== undefined && Number(at) === 0xf4) return [];
  throw new UsageError("-device isa-debug-exit: each machine has it, at iobase=0xf4 and nowhere else");
}

/** `-device rtl8139,netdev=...`: which cards the machines have. Their cables and addresses are the emulator's. */
function device(text: string): readonly string[] {
  const [model = "", ...properties] = text.split(",");
  if (model === "VGA") return [];
  if (model === "isa-debug-exit") return debugExit(text);
  const card = cardOf(model);
  if (card === undefined)
    throw new UsageError(
      `-device ${model}: of devices, only network cards (${NIC_MODELS.join(", ")}), sound cards (${SOUND_CARDS.join(", ")}) and drives are chosen so; docs/emulator.md maps QEMU's words`,
    );
  const rom = properties.find((property) => property.startsWith("romfile="))?.slice("romfile=".length);
  return ["--nic", card, ...(rom ? ["--romfile", rom] : [])];
}

/** What `-machine` may say besides the machine's type. */
const MACHINE_PROPERTIES: ReadonlyMap<string, readonly string[]> = new Map([
  ["hpet=on", []],
  ["hpet=off", ["--no-hpet"]],
  ["accel=tcg", []],
  ["acpi=on", []],
  ["usb=off", []],
]);
/** How code is executed changes nothing that a guest sees. */
const ACCELERATOR = /^accel=[\w:]+$/;

/** `-machine pc,hpet=off`: ours is QEMU's `pc`, a PC with the i440FX, in each of its versions. */
function machine(text: string): readonly string[] {
  const words = text.split(",");
  return words.flatMap((word, index) => {
    const name = word.replace(/^type=/, "");
    if (index === 0 && /^(?:pc|pc-i440fx-[\w.]+)$/.test(name)) return [];
    const said = ACCELERATOR.test(word) ? [] : MACHINE_PROPERTIES.get(word);
    if (said !== undefined) return said;
    throw new UsageError(
      `-machine ${word}: expected pc, perhaps with ${[...MACHINE_PROPERTIES.keys()].join(", ")}; docs/emulator.md maps QEMU's words`,
    );
  });
}

/** `-smp 2`, `-smp cpus=4,cores=2`, `-smp cores=2,threads=1`: of the last, as many as there are places. */
function processors(text: string): readonly string[] {
  const words = text.split(",").map((word) => (/=/.test(word) ? word : `cpus=${word}`));
  const counts = new Map(words.map((word) => [word.replace(/=.*/, ""), word.replace(/^.*=/, "")]));
  const places = ["sockets", "dies", "cores", "threads"].map((name) => Number(counts.get(name) ?? 1));
  return ["--cpus", counts.get("cpus") ?? `${places.reduce((product, count) => product * count, 1)}`];
}

/** `-boot ac`, `-boot order=ac,menu=off`: there is no menu to ask for. What is for once is for each boot here. */
function bootOrder(text: string): readonly string[] {
  const words = text.split(",").map((word) => (/=/.test(word) ? word : `order=${word}`));
  const said = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const [unknown] = words.filter((word) => !/^(?:order|once|menu|strict)=/.test(word));
  if (unknown !== undefined) throw new UsageError(`-boot ${unknown}: there are order, once, menu and strict`);
  const order = said("once") ?? said("order");
  return order === undefined ? [] : ["--boot", order];
}

/** What QEMU logs and the machines tell anyway, in the log or where a triple fault is explained. */
const LOGGED_ANYWAY = /^(?:cpu_reset|guest_errors|unimp|mmu|page|pcall|nochain)$/;

/** The kinds of `-d`, without those that mean nothing here. */
function traceKinds(text: string): string {
  const kinds = text.split(",").filter((kind) => !LOGGED_ANYWAY.test(kind));
  return [...new Set(kinds.map((kind) => (kind === "in_asm" || kind === "cpu" ? "exec" : kind)))].join(",");
}

/** A network of QEMU's: its time is the host's. */
const network = (way: string): readonly string[] => ["--netdev", way, "--realtime"];
const ALONE_ON_THE_NETWORK = ["--no-gateway"];

/** `-nic user,model=rtl8139,hostfwd=...`; `-net nic,model=...` and `-net user,...` say the same in two words. */
function nic(text: string): readonly string[] {
  const [kind = "", ...words] = text.split(",");
  if (kind === "none") return ALONE_ON_THE_NETWORK;
  const model = words.find((word) => word.startsWith("model="))?.slice("model=".length);
  const card = model === undefined ? [] : ["--nic", cardOf(model) ?? model];
  const others = words.filter((word) => !/^(?:model|macaddr|mac|name|vlan|netdev)=/.test(word));
  return kind === "nic" ? card : [...card, ...network([kind, ...others].join(","))];
}

/** A sound card of old command lines; the PC's own speaker is silent here. */
function soundHardware(text: string): readonly string[] {
  return text.split(",").flatMap((name) => {
    if (name === "pcspk") return [];
    const card = SOUND_CARDS.find((model) => model.toLowerCase() === name);
    if (card !== undefined) return ["--sound", `none,card=${card}`];
    throw new UsageError(`-soundhw ${name}: there are pcspk, ac97 and sb16`);
  });
}

/** Nothing, if the argument is one of these words; a refusal that says why, if not. */
const only =
  (word: string, pattern: RegExp, why: string): Rewrite =>
  (argument) => {
    if (pattern.test(argument)) return [];
    throw new UsageError(`${word} ${argument}: ${why}`);
  };

const nothing: Rewrite = () => [];

const WITH_ARGUMENT: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  ["-m", (size) => ["--memory", memory(size)]],
  ["-hdb", drive(1)],
  ["-hdc", drive(2)],
  ["-hdd", drive(3)],
  ["-cpu", (text) => ["--cpu", model(text.replace(/,.*/, ""))]],
  ["-smp", processors],
  ["-machine", machine],
  ["-M", machine],
  ["-bios", (file) => ["--firmware", file]],
  ["-boot", bootOrder],
  ["-gdb", (where) => ["--gdb", where.replace(/^tcp:.*:/, "")]],
  ["-nic", nic],
  ["-net", nic],
  ["-netdev", network],
  ["-soundhw", soundHardware],
  ["-vga", only("-vga", /^std$/, "the display adapter is QEMU's std, and no other")],
  [
    "-global",
    only(
      "-global",
      /^isa-debugcon\.iobase=(?:0x402|0xe9)$/i,
      "no device has properties here but isa-debugcon, whose iobase is 0xe9 and 0x402",
    ),
  ],
  ["-rtc", (text) => ["--rtc", text]],
  // How QEMU shows a screen, how fast it is and what it is called.
  ["-accel", nothing],
  ["-display", nothing],
  ["-k", nothing],
  ["-name", nothing],
]);

const ALONE: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["-s", ["--gdb", GDB_PORT]],
  ["-help", ["--help"]],
  ["-localtime", ["--rtc", "localtime"]],
  // Files are never changed unless --dir keeps disks.
  ["-snapshot", []],
  ...["-enable-kvm", "-curses", "-full-screen", "-show-cursor", "-no-shutdown", "-nodefaults", "-no-user-config"].map(
    (word) => [word, []] as const,
  ),
  // QuRe's firmware starts a diskette without a signature.
  ["-no-fd-bootchk", []],
]);

/** The names of our own options, each with the number of arguments that are not words of QEMU's. */
const OWN = new Map<string, "none" | "one" | "several">(
  Object.values(EMU_OPTIONS).flatMap(({ flags }) => {
    const count = flags.includes("...>") && !flags.includes(",...>") ? "several" : flags.includes("<") ? "one" : "none";
    return [...flags.matchAll(/--?[\w-]+/g)].map(([name]) => [name, count] as const);
  }),
);
/** A short option with its argument in one word: -n3. */
const ATTACHED = /^-(?:[nm]\d|d(?:int|exec|io|pci|net)\b|D.)/;
const ATTACHED_TRACE = /^-d./;

function memory(size: string): string {
  const text = size.replace(/^size=/, "");
  return /^\d+$/.test(text) && Number(text) <= MOST_MIB ? `${text}M` : text;
}

function model(name: string): string {
  return MODELS_OF_QEMU.get(name) ?? name;
}

/** Words of QEMU's that are understood together with others. */
const TOGETHER = new Set(["-nographic", "-audio", "-chardev", "-mon"]);

/** QEMU's own words may have two dashes as well, where no option of ours has that name. */
function withOneDash(word: string): string {
  const one = word.slice(1);
  return word.startsWith("--") && !OWN.has(word) && (WITH_ARGUMENT.has(one) || ALONE.has(one) || TOGETHER.has(one))
    ? one
    : word;
}

/** The arguments of `qure emu` in its own words. Throws a UsageError for a word of QEMU's that has no counterpart. */
export function rewriteQemuWords(words: readonly string[]): string[] {
  const given = words.map(withOneDash);
  const args: string[] = [];
  const drives = new QemuDrives(given);
  const sound = new QemuSound(given);
  const lines = new QemuLines(given);
  const isTraced = given.some((word, index) =>
    /^(?:-d|--trace)$/.test(word)
      ? traceKinds(given[index + 1] ?? "") !== ""
      : ATTACHED.test(word) && ATTACHED_TRACE.test(word),
  );
  const rewrites = new Map<string, Rewrite>([
    ...WITH_ARGUMENT,
    ["-drive", (text) => drives.drive(text)],
    ["-device", (text) => drives.device(text) ?? sound.device(text) ?? lines.device(text) ?? device(text)],
    ...["-audiodev", "--audiodev"].map((word) => [word, nothing] as const),
    ["-audio", (text) => sound.audio(text)],
    ["-serial", (text) => lines.line("serial", text)],
    ["-parallel", (text) => lines.line("parallel", text)],
    ["-debugcon", (text) => lines.line("debugcon", text)],
    ["-monitor", (text) => lines.monitor(text)],
    ["-chardev", nothing],
    ["-mon", (text) => lines.mon(text)],
    ["-d", (text) => (traceKinds(text) === "" ? [] : ["-d", traceKinds(text)])],
    // QEMU keeps its own messages there, and makes the file although nobody asked for any.
    ["-D", (file) => (isTraced ? ["-D", file] : [])],
  ]);
  let hasFile = false;
  for (let index = 0; index < given.length; index++) {
    const word = given[index]!;
    const rewrite = rewrites.get(word);
    const argument = given[index + 1];
    const own = OWN.has(word) ? word : /^-[a-z][\w-]+$/.test(word) && OWN.has(`-${word}`) ? `-${word}` : null;
    if (rewrite && argument !== undefined) {
      args.push(...rewrite(argument));
      index++;
    } else if (ALONE.has(word)) args.push(...ALONE.get(word)!);
    else if (word === "-nographic") args.push(...lines.noGraphic());
    else if (own !== null) {
      args.push(own);
      const count = OWN.get(own);
      if (count === "one" && argument !== undefined) args.push(given[++index]!);
      while (count === "several" && index + 1 < given.length && !given[index + 1]!.startsWith("-"))
        args.push(given[++index]!);
    } else if (/^-[A-Za-z][\w-]*$/.test(word) && !/^-[hV]$/.test(word) && !ATTACHED.test(word))
      throw new UsageError(
        `${word}: this word of QEMU's has no counterpart in qure emu; docs/emulator.md maps those that have`,
      );
    else if (word.startsWith("--") && !OWN.has(word.replace(/=.*/, ""))) {
      // What follows may be its argument: that there is no such option is what is to be said.
      hasFile = true;
      args.push(word);
    } else if (!word.startsWith("-") && !hasFile) {
      hasFile = true;
      args.push(given.some((other) => /^--?cdrom$/.test(other)) ? "--hda" : "--image", word);
    } else args.push(word);
  }
  sound.checkUsed();
  return args;
}
