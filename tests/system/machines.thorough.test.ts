/**
 * The same image on other machines: QEMU's `-cpu 486` to `max`, 16 MiB to 3.5 GiB of memory, IDE and virtio disks. The
 * tests that run inside a machine pass there as they do in the emulator, and so do programs and files. What is too
 * small or too old is refused with a sentence (qemu.test.ts).
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { isoOf, sources } from "./images.ts";
import { inQemu } from "./in-qemu.ts";
import { treeWith } from "./tree-with.ts";

const GUEST_TESTS = [
  ["kernel", "selftest"],
  ["handles", "handletest"],
  ["heap", "heaptest"],
] as const;
const VOLUME_TEST = ["stale", "staletest"] as const;
const DISK_BYTES = 32 << 20;

const folder = mkdtempSync(join(tmpdir(), "qure-machines-"));
beforeAll(() => {
  const tree = [...GUEST_TESTS, VOLUME_TEST].reduce(
    (rest, [name]) => treeWith(rest, `tests/guest/programs/${name}.s`, `asm/kernel/${name}-test.s`),
    sources(),
  );
  writeFileSync(join(folder, "test.iso"), isoOf(tree));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Processor, MiB of memory, QEMU's interface of the disk, and the disk's name. */
const MACHINES = [
  ["486", 16, "ide", "hda"],
  ["486", 3584, "ide", "hda"],
  ["pentium", 64, "ide", "hda"],
  ["pentium3", 512, "virtio", "vda"],
  ["max", 16, "ide", "hda"],
  ["max", 3584, "virtio", "vda"],
] as const;

/** Where the machine's time is counted in instructions, what measures it does not measure the host; disks do. */
const COUNTED = ["-icount", "shift=2,sleep=off"];

const commandsOf = (tests: readonly (readonly [string, string])[]): string[] => tests.map(([, command]) => command);

async function run(options: readonly string[], commands: readonly string[]): Promise<string> {
  const qemu = requireOracle("qemu-system-i386", { skip: (reason) => expect.fail(reason) });
  const iso = join(folder, "test.iso");
  const text = await inQemu(qemu, ["-boot", "d", "-cdrom", iso, ...options], [...commands, "echo the end"]);
  expect(text).toMatch(/^the end$/m);
  expect(text).not.toMatch(/^FAIL |PANIC/m);
  return text;
}

const PASSED = "(?:[1-9]\\d* passed, 0 failed|passed)";

test.each(rowsOf(MACHINES, [0, 2]))(
  "a %s with %i MiB passes the guest tests",
  { timeout: 60_000 },
  async (cpu, mib) => {
    const commands = ["sleep 6000; cloud graph", "service stop network", ...commandsOf(GUEST_TESTS), "mem check"];
    const text = await run([...COUNTED, "-cpu", cpu, "-m", `${mib}`], commands);
    expect(text).toMatch(/^cloud: .* era 1 age 1 peers 0$/m); // so that the service is stopped in the middle of a life
    for (const command of commandsOf(GUEST_TESTS)) expect(text).toMatch(new RegExp(`^${command}: ${PASSED}$`, "m"));
    expect(text).toMatch(/all headers agree/);
  },
);

test.each(rowsOf(MACHINES, [0, 2]))(
  "a %s with %i MiB and a disk at %s has files and programs",
  {
    timeout: 60_000,
  },
  async (cpu, mib, at, disk) => {
    const image = join(folder, `${cpu}-${mib}.img`);
    writeFileSync(image, "");
    truncateSync(image, DISK_BYTES);
    const text = await run(
      ["-cpu", cpu, "-m", `${mib}`, "-drive", `format=raw,if=${at},cache=unsafe,file=${image}`],
      [
        ...["service stop network", `fdisk ${disk} init`, "Yes", "Yes", `mkfs -t oofs ${disk}0`, `mount ${disk}0 /a`],
        ...["echo text > /a/file", "seq 300 > /a/numbers; wc /a/numbers; primes 100", "hostile 300 3"],
        ...["service start network; sleep 2000", ...commandsOf([VOLUME_TEST]), "service stop network"],
        ...["umount /a", `mount ${disk}0 /a; fsck /a`],
      ],
    );
    expect(text).toMatch(/^ +300 +300 +1092 /m);
    expect(text).toMatch(/^25$/m);
    expect(text).toMatch(/^\d+ calls by \d+ programs/m);
    for (const command of commandsOf([VOLUME_TEST])) expect(text).toMatch(new RegExp(`^${command}: ${PASSED}$`, "m"));
    expect(text).toMatch(/no problem was found/);
  },
);
