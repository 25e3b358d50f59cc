/**
 * Debian's kernel plays by its own drivers for both sound cards: what leaves the machine is what was written to
 * /dev/dsp, sample by sample, as it is in the file that QEMU makes of it.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LabCluster } from "../../src/index.ts";
import { requireOracle, type SkippableContext } from "../oracle.ts";
import { guest } from "./guest.ts";
import { LINUX_PROMPT, linuxIso, linuxShell, type RootFile } from "./linux.ts";
import { ourFirmware, packageFile, systemsFolder } from "./packages.ts";

const MIB = 1024 * 1024;
/** What OSS takes for a rate, where nothing is said, of samples of eight bits. */
const RATE = 8000;
/** Never silence, and nowhere the same for long. */
const TONE = Uint8Array.from({ length: 2 * RATE }, (_, at) => 1 + ((at * 7 + (at >> 5)) % 126));
const PLAYED = Int16Array.from({ length: 2 * TONE.length }, (_, at) => (TONE[at >> 1]! ^ 0x80) << 8);

const PLAY = `for m in /modules/*; do
  case $m in
    *sb16.ko) insmod $m isapnp=0 port=0x220 irq=5 dma8=1 dma16=5 mpu_port=0 ;;
    *) insmod $m ;;
  esac || exit 1
done
/mixer && cat /tone >/dev/dsp
`;

/** A CD whose /play.sh plays. */
function playingIso(folderName: string, context: SkippableContext): Uint8Array {
  const folder = join(systemsFolder, folderName);
  const names = existsSync(folder) ? readdirSync(folder) : ["snd.ko"];
  const modules = names.map((name): RootFile => {
    return [`modules/${name}`, packageFile(join(folderName, name), "linux-image-686:i386", context)];
  });
  return linuxIso("console=ttyS0", context, [
    ["modules", null],
    ...modules,
    ["mixer", guest("tests/guest/programs/mixer.s")],
    ["tone", TONE],
    ["play.sh", new TextEncoder().encode(PLAY)],
  ]);
}

/** What was played, without silence before and after it. */
function withoutSilence(samples: Int16Array): Int16Array {
  const first = samples.findIndex((sample) => sample !== 0) & ~1;
  const last = samples.findLastIndex((sample) => sample !== 0) | 1;
  return samples.subarray(first, last + 1);
}

const CARDS = [
  ["AC97", "ac97"],
  ["sb16", "sb16"],
] as const;

test.for(CARDS)("Linux plays by %s", { timeout: 900_000 }, async ([model, folderName], context) => {
  const lab = new LabCluster({
    firmware: ourFirmware(),
    nodes: [{ name: "linux", cdrom: playingIso(folderName, context), ramBytes: 128 * MIB, sound: [{ model }] }],
  });
  try {
    const node = lab.nodes[0]!;
    await node.waitFor(LINUX_PROMPT, { within: "200s" });
    const shell = linuxShell(node);
    expect(await shell("sh /play.sh")).toContain("status-0");
    const track = node.sounds[0]!;
    expect(track.rateHertz).toBe(RATE);
    expect(withoutSilence(track.samples)).toEqual(PLAYED);
    // It takes the time that it takes.
    const [start, end] = [lab.nowNs, await shell("cat /tone /tone >/dev/dsp").then(() => lab.nowNs)];
    expect((end - start) / 1e9).toBeCloseTo(4, 0);
    expect(withoutSilence(track.samples).subarray(-PLAYED.length)).toEqual(PLAYED);
    expect(await shell("cat /proc/interrupts")).toMatch(
      model === "AC97" ? /: +[1-9]\d* .*snd_intel8x0/ : /5: +[1-9]\d* /,
    );
  } finally {
    lab.close();
  }
});

/** Boots a CD in QEMU, has it play, and returns what its file holds. */
async function playedInQemu(qemu: string, model: string, iso: Uint8Array, signal: AbortSignal): Promise<Int16Array> {
  const folder = mkdtempSync(join(tmpdir(), "qure-sound-"));
  try {
    writeFileSync(join(folder, "x.iso"), iso);
    const path = join(folder, "x.wav");
    const audio = ["-audiodev", `wav,id=a,path=${path},out.frequency=${RATE}`, "-device", `${model},audiodev=a`];
    const args = ["-M", "pc", "-m", "128", "-display", "none", "-net", "none", "-serial", "stdio", "-monitor", "none"];
    const child = spawn(qemu, [...args, ...audio, "-cdrom", join(folder, "x.iso"), "-no-reboot"], {
      stdio: ["pipe", "pipe", "ignore"],
      killSignal: "SIGKILL",
      signal,
    });
    child.on("error", () => {});
    let said = "";
    child.stdout.on("data", (data: Buffer) => {
      // Its shell asks the terminal where the cursor is.
      said += data.toString("latin1").replaceAll("\x1b[6n", "");
      if (!LINUX_PROMPT.test(said)) return;
      said = "";
      child.stdin.write("sh /play.sh; sleep 1; poweroff -f\n");
    });
    await new Promise((resolve) => child.on("exit", resolve));
    const file = readFileSync(path);
    const samples = new Int16Array(Math.floor((file.length - 44) / 2));
    for (let index = 0; index < samples.length; index++) samples[index] = file.readInt16LE(44 + 2 * index);
    return withoutSilence(samples);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("QEMU makes the same of it, but for the end that its mixer holds when the driver stops", {
  timeout: 900_000,
}, async (context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const found = await playedInQemu(qemu, "AC97", playingIso("ac97", context), context.signal);
  expect(found.length).toBeGreaterThan(PLAYED.length - (2 * RATE) / 4);
  expect(found).toEqual(PLAYED.subarray(0, found.length));
});
