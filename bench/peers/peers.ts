/**
 * The emulators that a benchmark sets side by side, ours among them: how each is told to boot a diskette image without
 * a display and to send the guest's COM1 to standard output. Every one runs as its users run it, as a process of its
 * own with a whole PC and its firmware, so that what is compared is what people get.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

/** 80 cylinders, 2 heads, 18 sectors. */
const DISKETTE_BYTES = 1_474_560;
/** A guest that says nothing new for so long hangs. */
const SILENCE_MS = 40_000;
/** From here as a bundle in build/, and from the sources, the tree is one level up or two. */
const here = dirname(fileURLToPath(import.meta.url));
const ROOT = [join(here, ".."), join(here, "../..")].find((folder) => existsSync(join(folder, "package.json"))) ?? here;

export interface Peer {
  readonly name: string;
  /** Whether it is installed here. */
  readonly installed: () => boolean;
  /** The command that boots the image; it may leave files of its own in the folder. */
  readonly command: (image: string, folder: string) => readonly [program: string, ...options: string[]];
}

const runs = (program: string): boolean => spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;

const qure = (name: string, ...options: string[]): Peer => ({
  name,
  installed: () => existsSync(join(ROOT, "dist/qure.cjs")),
  command: (image) => ["node", join(ROOT, "dist/qure.cjs"), "emu", "--hda", image, "--serial", "stdio", ...options],
});

const qemu = (name: string, ...options: string[]): Peer => ({
  name,
  installed: () => runs("qemu-system-i386"),
  command: (image) => [
    ...([
      "qemu-system-i386",
      "-M",
      "pc",
      "-m",
      "32",
      "-display",
      "none",
      "-nodefaults",
      "-vga",
      "none",
      "-no-reboot",
      "-monitor",
      "none",
    ] as const),
    ...["-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-boot", "a", "-accel", "tcg"],
    ...["-drive", `if=none,id=f,format=raw,file=${image}`, "-device", "floppy,drive=f", ...options],
  ],
});

const BOCHS_FIRMWARE = "/usr/share/bochs"; // Debian's package `bochsbios`

/**
 * Bochs draws into a VNC server that nobody has to look at; Debian's build starts in its debugger, which is told to go
 * on. Its COM1 goes to files only, so a pipe with a name stands in for one.
 */
const bochs: Peer = {
  name: "Bochs",
  installed: () => existsSync("/usr/bin/bochs") && existsSync(BOCHS_FIRMWARE),
  command: (image, folder) => {
    const settings = [
      "megs: 32",
      `romimage: file=${BOCHS_FIRMWARE}/BIOS-bochs-legacy`,
      `vgaromimage: file=${BOCHS_FIRMWARE}/VGABIOS-lgpl-latest`,
      "cpu: model=pentium, count=1, ips=1000000000, reset_on_triple_fault=1",
      "clock: sync=none",
      `floppya: 1_44=${image}, status=inserted`,
      "boot: floppy",
      "com1: enabled=1, mode=file, dev=com1",
      `display_library: rfb, options="timeout=0"`,
      `log: ${join(folder, "bochs.log")}`,
      ...["sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy", "plugin_ctrl: speaker=0"],
      ...["panic: action=fatal", "error: action=ignore", "info: action=ignore", "debug: action=ignore"],
    ];
    writeFileSync(join(folder, "bochsrc"), `${settings.join("\n")}\n`);
    writeFileSync(join(folder, "debugger"), "c\n");
    return ["sh", "-c", "mkfifo com1; bochs -q -f bochsrc -rc debugger </dev/null >/dev/null & exec cat com1"];
  },
};

const v86: Peer = {
  name: "v86",
  installed: () => existsSync(join(ROOT, "node_modules/v86")) && existsSync("/usr/share/seabios/bios.bin"),
  command: (image) => ["node", join(ROOT, "bench/peers/v86-guest.mjs"), image],
};

export const OURS = qure("QuRe");
export const INTERPRETER = qure("interpreter", "--jit", "off");
export const QEMU = qemu("QEMU");
const QEMU_ICOUNT = qemu("-icount", "-icount", "shift=0");
const V86 = v86;
const BOCHS = bochs;
/** An emulator that boots somebody's whole system from a CD, with so much memory and COM1 as its terminal. */
export interface SystemPeer {
  readonly name: string;
  readonly installed: () => boolean;
  readonly command: (iso: string, megabytes: number) => readonly [program: string, ...options: string[]];
  /** Boots the first of two disks instead; what is written to them is lost. Not there where that cannot be. */
  readonly disks?: (first: string, second: string) => readonly [program: string, ...options: string[]];
}

export const SYSTEM_PEERS: readonly SystemPeer[] = [
  {
    name: OURS.name,
    installed: OURS.installed,
    command: (iso, megabytes) => [
      ...(["node", join(ROOT, "dist/qure.cjs"), "emu", "--cdrom", iso] as const),
      ...["--memory", `${megabytes}M`, "--serial", "stdio"],
    ],
    disks: (first, second) => [
      ...(["node", join(ROOT, "dist/qure.cjs"), "emu", "--hda", first] as const),
      ...["--drive", `file=${second},index=1`, "--memory", "512M", "--serial", "stdio"],
    ],
  },
  {
    name: QEMU.name,
    installed: QEMU.installed,
    command: (iso, megabytes) => [
      ...(["qemu-system-i386", "-M", "pc", "-accel", "tcg", "-m", `${megabytes}`, "-display", "none"] as const),
      ...["-monitor", "none", "-nic", "none", "-serial", "stdio", "-cdrom", iso],
    ],
    disks: (first, second) => [
      ...(["qemu-system-i386", "-M", "pc", "-accel", "tcg", "-m", "512", "-display", "none"] as const),
      ...["-monitor", "none", "-nic", "none", "-serial", "stdio", "-snapshot"],
      ...[first, second].flatMap((file, index) => ["-drive", `file=${file},format=raw,index=${index}`]),
    ],
  },
  {
    name: V86.name,
    installed: V86.installed,
    command: (iso, megabytes) => ["node", join(ROOT, "bench/peers/v86-guest.mjs"), iso, "cd", `${megabytes}`],
  },
];

/** Whom we want to be ahead of. */
export const OTHERS: readonly Peer[] = [QEMU, QEMU_ICOUNT, V86, BOCHS];

/** One byte that the guest sent, and when it came, in milliseconds since the launch. */
export interface Arrival {
  readonly text: string;
  readonly timeMs: number;
}

/** Ends a process that leads a group, with all that it has started. */
function endGroup(leader: ChildProcess | null): void {
  if (leader?.pid === undefined) return;
  try {
    process.kill(-leader.pid, "SIGKILL");
  } catch {
    // The whole group has ended by itself.
  }
}

/**
 * Boots a diskette image and listens to its COM1 until `isDone` says so of all the text so far, or the emulator ends.
 * @throws Error when the guest falls silent.
 */
export async function listen(peer: Peer, image: Uint8Array, isDone: (text: string) => boolean): Promise<Arrival[]> {
  const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
  let child: ChildProcess | null = null;
  try {
    const diskette = new Uint8Array(DISKETTE_BYTES);
    diskette.set(image);
    const path = join(folder, "diskette.img");
    writeFileSync(path, diskette);
    const [program, ...options] = peer.command(path, folder);
    const arrivals: Arrival[] = [];
    let text = "";
    const launch = performance.now();
    const emulator = (child = spawn(program, options, {
      stdio: ["pipe", "pipe", "ignore"],
      cwd: folder,
      detached: true,
    }));
    await new Promise<void>((resolve, reject) => {
      let watchdog: NodeJS.Timeout;
      const wait = (): void => {
        clearTimeout(watchdog);
        watchdog = setTimeout(
          () => reject(new Error(`${peer.name} fell silent after ${JSON.stringify(text.slice(-80))}`)),
          SILENCE_MS,
        );
      };
      const end = (): void => {
        clearTimeout(watchdog);
        resolve();
      };
      wait();
      emulator.on("error", reject);
      emulator.on("close", end);
      emulator.stdout.on("data", (bytes: Buffer) => {
        const chunk = bytes.toString("latin1");
        text += chunk;
        arrivals.push({ text: chunk, timeMs: performance.now() - launch });
        wait();
        if (isDone(text)) end();
      });
    });
    return arrivals;
  } finally {
    endGroup(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** When the text so far first held what is sought, in milliseconds since the launch; NaN where it never did. */
export function arrivalOf(arrivals: readonly Arrival[], sought: string): number {
  let text = "";
  for (const arrival of arrivals) {
    text += arrival.text;
    if (text.includes(sought)) return arrival.timeMs;
  }
  return NaN;
}

/** The machine that the figures come from, to be named beside them. */
export function machineName(): string {
  const [processor] = cpus();
  return `${cpus().length} × ${processor?.model.trim() ?? "unknown processor"}, Node ${process.version.slice(1)}`;
}
