/** Machines that are suspended where there is hardly any space: their disks, and the seals of their memory. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { VolumeDisk } from "../../src/host/volume-disk.ts";
import { openHostVolumes } from "../../src/host/volume-host.ts";
import { openStore } from "../../src/host/volume-place.ts";
import { readSealed, reserveSeal, seal } from "../../src/vm/host/machine-disk.ts";

const folder = mkdtempSync(join(tmpdir(), "qvs-"));
const env = { QURE_STORE: join(folder, "volumes"), XDG_STATE_HOME: join(folder, "state") };

beforeAll(() => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test("a seal has its room before the memory is written", async (context) => {
  const full = join(folder, "full");
  mkdirSync(full);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", full]).status !== 0) {
    context.skip("only root may mount a file system that is small");
    return;
  }
  try {
    const memory = join(full, "memory");
    reserveSeal(memory);
    expect(() => writeFileSync(memory, new Uint8Array(1 << 17))).toThrow(/ENOSPC/);
    await expect(seal(join(full, "other"), "a", null)).rejects.toThrow(/ENOSPC/);
    await seal(memory, "a", null);
    expect(readSealed(memory, "a")).toEqual({ machine: "a", disk: null });
  } finally {
    spawnSync("umount", [full]);
  }
});

test("what is read and written after a seal is the same disk's, and changes what it is", async () => {
  await openHostVolumes(await openStore(null, process.env), process.env).create("disk", { sizeBytes: 1 << 20 });
  const disk = new VolumeDisk("volume:disk", { readOnly: false, machine: "a" });
  disk.write(0, new Uint8Array(512).fill(1));
  disk.seal();
  const sealed = disk.identity;
  const piece = new Uint8Array(512);
  disk.read(0, piece);
  expect(piece[0]).toBe(1);
  disk.write(512, new Uint8Array(512).fill(2));
  disk.flush();
  disk.seal();
  expect(disk.identity).not.toBe(sealed);
  disk.read(512, piece);
  expect(piece[511]).toBe(2);
  disk.close();
});
