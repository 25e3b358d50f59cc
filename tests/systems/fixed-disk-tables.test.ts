/** The tables of parameters at INT 41h and 46h, by which old systems know their disks: SeaBIOS's, on the same board. */
import { expect, test } from "vitest";
import type { DriveConfig } from "../../emulator/board-config.ts";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { Machine } from "../../emulator/machine.ts";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { ourFirmware } from "./packages.ts";

const TABLE_BYTES = 16;
/** It stands still. */
const BOOT_SECTOR = Uint8Array.of(0xfa, 0xf4);

/** Cylinders; heads; no precompensation; more than eight heads, no retries; landing zone; sectors of a track. */
function table(cylinders: number, heads: number): number[] {
  const [low, high] = [cylinders & 0xff, cylinders >> 8];
  return [low, high, heads, 0, 0, 0xff, 0xff, 0, 0xc8, 0, 0, 0, low, high, 63, 0];
}

test.for(rowsOf(["our firmware", "SeaBIOS"], 1))("%s has tables of both disks' parameters", (name, context) => {
  const firmware = name === "our firmware" ? ourFirmware() : seabios("bios.bin");
  if (firmware === null) return context.skip("seabios is not installed");
  const sector = new Uint8Array(512);
  sector.set(BOOT_SECTOR);
  sector.set([0x55, 0xaa], 510);
  const disk = (sizeBytes: number): DriveConfig => ({
    kind: "disk",
    medium: new SparseDisk(sizeBytes, { content: sector }),
  });
  const machine = new Machine({
    name: "machine",
    ramBytes: 16 << 20,
    firmware,
    rtcStartSeconds: 0,
    network: [],
    ide: [disk(64 << 20), disk(200 << 20), null, null],
  });
  machine.runUntil(3e9);
  const { dma } = machine.memory;
  const read = (address: number, bytes: number): Uint8Array => {
    const target = new Uint8Array(bytes);
    dma.read(address, target);
    return target;
  };
  const tableAt = (vector: number): number[] => {
    const pointer = new DataView(read(4 * vector, 4).buffer);
    return [...read(16 * pointer.getUint16(2, true) + pointer.getUint16(0, true), TABLE_BYTES)];
  };
  expect(tableAt(0x41)).toEqual(table(130, 16));
  expect(tableAt(0x46)).toEqual(table(406, 16));
});
