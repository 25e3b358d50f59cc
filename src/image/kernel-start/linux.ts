/**
 * Linux as a bzImage: the x86 boot protocol, 2.02 and later. Its setup code runs in real mode and asks the BIOS itself.
 */
import { ImageError, SECTOR_BYTES } from "../kernel-image.ts";
import { latin1Into } from "../table-bytes.ts";
import type { Module } from "./multiboot1.ts";
import { HIGH_MEMORY, PAGE_BYTES, type Piece, type Plan } from "./plan.ts";

/** Fields of the setup header, by their offsets in the file. */
const FIELD = {
  setupSectors: 0x1f1,
  paragraphs: 0x1f4,
  magic: 0x202,
  version: 0x206,
  loader: 0x210,
  flags: 0x211,
  initrdAddress: 0x218,
  initrdBytes: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
  initrdMost: 0x22c,
  commandLineMost: 0x238,
  preferredAddress: 0x258,
  initialBytes: 0x260,
} as const;
const MAGIC = 0x53726448; // "HdrS"
const LOADED_HIGH = 1;
const CAN_USE_HEAP = 0x80;
const UNKNOWN_LOADER = 0xff;
const LEAST_VERSION = 0x202;
/** Where the setup code goes, with its heap and stack after it, and the command line. */
const SETUP_SEGMENT = 0x2000;
const HEAP_END = 0xde00;
const STACK_TOP = 0xe000;
const COMMAND_LINE_ADDRESS = 0x30000;
const OLD_INITRD_MOST = 0x37ffffff;
const OLD_COMMAND_LINE_MOST = 255;
/** At the top of memory the BIOS keeps its ACPI tables. */
const BIOS_BYTES = 0x100000;

export function isLinux(bytes: Uint8Array): boolean {
  return (
    bytes.length > FIELD.magic + 4 &&
    new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(FIELD.magic, true) === MAGIC
  );
}

export function planLinux(
  bytes: Uint8Array,
  name: string,
  append: string,
  modules: readonly Module[],
  ramBytes: number,
): Plan {
  const fail = (problem: string): never => {
    throw new ImageError(`${name}: ${problem}`);
  };
  const setupBytes = ((bytes[FIELD.setupSectors] || 4) + 1) * SECTOR_BYTES;
  if (bytes.length < setupBytes || setupBytes > HEAP_END) fail("its setup code is cut off");
  const setup = new Uint8Array(bytes.subarray(0, setupBytes));
  const view = new DataView(setup.buffer);
  const version = view.getUint16(FIELD.version, true);
  if (version < LEAST_VERSION)
    fail(`it has version ${version.toString(16)}h of the boot protocol; 202h and later are booted`);
  if ((setup[FIELD.flags]! & LOADED_HIGH) === 0) fail("it is a zImage, which is loaded low; bzImages are booted");
  if (modules.length > 1) fail("it takes one initial RAM disk");
  const lineMost = version >= 0x206 ? view.getUint32(FIELD.commandLineMost, true) : OLD_COMMAND_LINE_MOST;
  if (append.length > lineMost) fail(`its command line has at most ${lineMost} characters`);
  const kernel = bytes.subarray(setupBytes);
  const isNew = version >= 0x20a;
  const begin = isNew ? view.getUint32(FIELD.preferredAddress, true) : HIGH_MEMORY;
  const kernelEnd = Math.max(
    HIGH_MEMORY + kernel.length,
    begin + (isNew ? view.getUint32(FIELD.initialBytes, true) : 4 * kernel.length),
  );
  setup[FIELD.loader] = UNKNOWN_LOADER;
  setup[FIELD.flags]! |= CAN_USE_HEAP;
  view.setUint16(FIELD.heapEnd, HEAP_END - SECTOR_BYTES, true);
  view.setUint32(FIELD.commandLine, COMMAND_LINE_ADDRESS, true);
  const line = new Uint8Array(append.length + 1);
  latin1Into(line, 0, append);
  const pieces: Piece[] = [
    { what: name, address: SETUP_SEGMENT * 16, content: setup, zeroBytes: 0 },
    { what: "the command line", address: COMMAND_LINE_ADDRESS, content: line, zeroBytes: 0 },
    { what: name, address: HIGH_MEMORY, content: kernel, zeroBytes: 0 },
  ];
  const [initrd] = modules;
  if (initrd) {
    const most = version >= 0x203 ? view.getUint32(FIELD.initrdMost, true) : OLD_INITRD_MOST;
    const room = Math.min(ramBytes - BIOS_BYTES, most + 1) - initrd.content.length;
    const address = Math.floor(room / PAGE_BYTES) * PAGE_BYTES;
    if (address < kernelEnd)
      fail(`with its initial RAM disk it needs ${Math.ceil((kernelEnd + ramBytes - address) / 2 ** 20)} MiB of memory`);
    view.setUint32(FIELD.initrdAddress, address, true);
    view.setUint32(FIELD.initrdBytes, initrd.content.length, true);
    pieces.push({ what: initrd.text, address, content: initrd.content, zeroBytes: 0 });
  }
  return {
    name,
    pieces,
    entry: {
      mode: "real",
      segment: SETUP_SEGMENT + 0x20,
      offset: 0,
      stackSegment: SETUP_SEGMENT,
      stackOffset: STACK_TOP,
      dataSegment: SETUP_SEGMENT,
    },
    information: null,
    topAddress: HIGH_MEMORY + kernel.length,
  };
}
