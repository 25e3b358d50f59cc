/** The firmware runs the expansion ROMs of PCI functions, and boots by one that can. */
import { expect, test } from "vitest";
import { makeRom, type Patch, PCI_DATA, PNP_HEADER, runRom } from "./rom.ts";

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

const rom = (...patches: readonly Patch[]): Uint8Array => makeRom(INIT_CODE, BOOT_CODE, patches);

async function run(nicRom: Uint8Array): Promise<{ told: number[]; status: number | null; check: string }> {
  const { node, close } = await runRom(nicRom);
  const told = new Uint16Array(node.readMemory(0x600, 6).slice().buffer);
  const check = new TextDecoder().decode(node.readMemory(16 * told[2]! + told[1]!, 4));
  const result = { told: [...told], status: node.exitStatus, check };
  close();
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
