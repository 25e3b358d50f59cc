/** The firmware runs the expansion ROMs of PCI functions, and boots by one that can. */
import { expect, test } from "vitest";
import { LabCluster } from "../../src/index.ts";
import { codeOf } from "../emulator/cpu/assembled.ts";
import { ourFirmware } from "./packages.ts";

const ROM_BYTES = 1024;
const PCI_DATA = 0x1c;
const PNP_HEADER = 0x40;
const INIT = 0x60;
const BOOT = 0x80;
/** Leaves what it was told at 600h. */
const INIT_CODE = `
    push  ds
    xor   cx, cx
    mov   ds, cx
    mov   ds:[0x600], ax
    mov   ds:[0x602], di
    mov   ds:[0x604], es
    pop   ds
    retf`;
/** Ends the run with a status. */
const BOOT_CODE = `
    mov   al, 5
    out   0xf4, al
    hlt`;

/** A ROM with a header of Plug and Play; what is given is put in its place before the sum is made. */
function rom(...patches: readonly (readonly [at: number, ...bytes: number[]])[]): Uint8Array {
  const bytes = new Uint8Array(ROM_BYTES);
  const text = (at: number, letters: string): void => bytes.set(new TextEncoder().encode(letters), at);
  bytes.set([0x55, 0xaa, ROM_BYTES / 512, 0xeb, INIT - 5]);
  bytes.set([PCI_DATA, 0, PNP_HEADER, 0], 0x18);
  text(PCI_DATA, "PCIR");
  text(PNP_HEADER, "$PnP");
  bytes.set([BOOT, 0], PNP_HEADER + 0x1a);
  bytes.set(codeOf(INIT_CODE, 16), INIT);
  bytes.set(codeOf(BOOT_CODE, 16), BOOT);
  for (const [at, ...patch] of patches) bytes.set(patch, at);
  bytes[ROM_BYTES - 1] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return bytes;
}

async function run(nicRom: Uint8Array): Promise<{ told: number[]; status: number | null; check: string }> {
  // Of a card for which the firmware has no client of its own: it would ask for 15 s where no ROM boots.
  const nodes = [{ nic: "rtl8139", nicRom, bootOrder: "n", ramBytes: 2 ** 20 }] as const;
  const lab = new LabCluster({ firmware: ourFirmware(), nodes });
  const node = lab.nodes[0]!;
  await lab.until(() => node.isOff || node.standstill !== null, "nothing happens", { within: "2s" });
  const told = new Uint16Array(node.readMemory(0x600, 6).slice().buffer);
  const check = new TextDecoder().decode(node.readMemory(16 * told[2]! + told[1]!, 4));
  const result = { told: [...told], status: node.exitStatus, check };
  lab.close();
  return result;
}

test("a ROM is called with its function's number and Plug and Play, and boots", async () => {
  const { told, status, check } = await run(rom());
  expect(told[0]).toBe(0x18);
  expect(check).toBe("$PnP");
  expect(status).toBe(11);
});

test.each([
  ["of another kind of processor", rom([PCI_DATA + 0x14, 3])],
  ["without its signature", rom([0, 0])],
  ["without PCI's data", rom([PCI_DATA, 0])],
  ["whose data lie at its segment's end", rom([0x18, 0xff, 0xff])],
  ["of no length", rom([2, 0])],
  ["longer than there is room", rom([2, 255])],
  ["whose sum is wrong", rom().fill(1, 0x100, 0x101)],
])("a ROM %s is left alone", async (_what, bytes) => {
  const { told, status } = await run(bytes);
  expect([told[0], status]).toEqual([0, null]);
});

test("a ROM that cannot boot is called, and nothing is booted", async () => {
  const { told, status } = await run(rom([PNP_HEADER + 0x1a, 0, 0]));
  expect([told[0], status]).toEqual([0x18, null]);
});
