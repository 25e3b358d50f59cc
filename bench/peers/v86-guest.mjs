// Runs one diskette image in v86 and copies what its COM1 sends to standard output: node v86-guest.mjs IMAGE
import { readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { V86 } from "v86";

const FIRMWARE = "/usr/share/seabios"; // Debian's package `seabios`
const MEMORY_BYTES = 32 << 20;
const BOOT_FROM_DISKETTE = 0x321;

const image = (path) => {
  const { buffer, byteOffset, length } = readFileSync(path);
  return { buffer: buffer.slice(byteOffset, byteOffset + length) };
};

const machine = new V86({
  wasm_path: join(dirname(fileURLToPath(import.meta.resolve("v86"))), "v86.wasm"),
  memory_size: MEMORY_BYTES,
  vga_memory_size: 2 << 20,
  bios: image(join(FIRMWARE, "bios.bin")),
  vga_bios: image(join(FIRMWARE, "vgabios-stdvga.bin")),
  fda: image(process.argv[2]),
  boot_order: BOOT_FROM_DISKETTE,
  disable_speaker: true,
  autostart: true,
});
machine.add_listener("serial0-output-byte", (byte) => void writeSync(1, Uint8Array.of(byte)));
