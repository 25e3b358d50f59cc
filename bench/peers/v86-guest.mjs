// Runs one image in v86, a diskette or a CD; its COM1 is standard input and output:
// node v86-guest.mjs IMAGE [cd [MEGABYTES]]
import { readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { V86 } from "v86";

const FIRMWARE = "/usr/share/seabios"; // Debian's package `seabios`
const [path, kind = "diskette", megabytes = "32"] = process.argv.slice(2);
const BOOT_FROM_DISKETTE = 0x321;
const BOOT_FROM_CD = 0x213;

const image = (path) => {
  const { buffer, byteOffset, length } = readFileSync(path);
  return { buffer: buffer.slice(byteOffset, byteOffset + length) };
};

const machine = new V86({
  wasm_path: join(dirname(fileURLToPath(import.meta.resolve("v86"))), "v86.wasm"),
  memory_size: Number(megabytes) << 20,
  vga_memory_size: 2 << 20,
  bios: image(join(FIRMWARE, "bios.bin")),
  vga_bios: image(join(FIRMWARE, "vgabios-stdvga.bin")),
  ...(kind === "cd"
    ? { cdrom: image(path), boot_order: BOOT_FROM_CD }
    : { fda: image(path), boot_order: BOOT_FROM_DISKETTE }),
  disable_speaker: true,
  autostart: true,
});
machine.add_listener("serial0-output-byte", (byte) => void writeSync(1, Uint8Array.of(byte)));
process.stdin.on("data", (bytes) => machine.serial_send_bytes(0, bytes));
