/** An expansion ROM of our own, at a network card for which the firmware has no client. */
import { LabCluster, type LabNode } from "../../src/index.ts";
import { codeOf } from "../emulator/cpu/assembled.ts";
import { ourFirmware } from "./packages.ts";

const ROM_BYTES = 2048;
export const PCI_DATA = 0x1c;
export const PNP_HEADER = 0x40;
const BOOT = 0x80;
const INIT = 0x180;

/** Bytes, and where they go. */
export type Patch = readonly [at: number, ...bytes: number[]];

/** A ROM with a header of Plug and Play, of 16-bit code; what is given is put in its place before the sum is made. */
export function makeRom(initCode: string, bootCode: string, patches: readonly Patch[] = []): Uint8Array {
  const bytes = new Uint8Array(ROM_BYTES);
  const text = (at: number, letters: string): void => bytes.set(new TextEncoder().encode(letters), at);
  bytes.set([0x55, 0xaa, ROM_BYTES / 512, 0xe9, (INIT - 6) & 0xff, (INIT - 6) >> 8]);
  bytes.set([PCI_DATA, 0, PNP_HEADER, 0], 0x18);
  text(PCI_DATA, "PCIR");
  text(PNP_HEADER, "$PnP");
  bytes.set([BOOT, 0], PNP_HEADER + 0x1a);
  const boot = codeOf(bootCode, 16);
  if (boot.length > INIT - BOOT) throw new Error(`the code that boots is ${boot.length} bytes long`);
  bytes.set(boot, BOOT);
  bytes.set(codeOf(initCode, 16), INIT);
  for (const [at, ...patch] of patches) bytes.set(patch, at);
  bytes[ROM_BYTES - 1] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return bytes;
}

/** A machine that boots by a ROM, until it is off or stands still. */
export async function runRom(nicRom: Uint8Array, ramBytes = 2 ** 20): Promise<{ node: LabNode; close(): void }> {
  // Of a card for which the firmware has no client of its own: it would ask for 15 s where no ROM boots.
  const nodes = [{ nic: "rtl8139", nicRom, bootOrder: "n", ramBytes }] as const;
  const lab = new LabCluster({ firmware: ourFirmware(), nodes });
  const node = lab.nodes[0]!;
  await lab.until(() => node.isOff || node.standstill !== null, "nothing happens", { within: "2s" });
  return { node, close: () => lab.close() };
}
