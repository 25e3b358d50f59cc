/** Whole machines: SeaBIOS on our board, exact virtual time, power, digests. */
import { describe, expect, test } from "vitest";
import { DEBUG_CONSOLE } from "../../emulator/board-config.ts";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { CableEnd } from "../../emulator/ether/cable-end.ts";
import { Machine, type MachineConfig } from "../../emulator/machine.ts";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { seabios } from "./devices/firmware-oracle.ts";
import { MIB } from "./devices/harness.ts";
import { romOf, tickingRom } from "./ticking.ts";

function machine(code: readonly number[] | Uint8Array, config: Partial<MachineConfig> = {}): Machine {
  return new Machine({
    name: "test",
    ramBytes: 2 * MIB,
    firmware: code instanceof Uint8Array ? code : romOf(code),
    ide: [],
    network: [],
    rtcStartSeconds: 0,
    ...config,
  });
}

/** Counts interrupts, halted in between. */
const ticking = (): Uint8Array => tickingRom("sti; hlt");

describe("time", () => {
  test("a run ends exactly where it was told to", () => {
    const busy = machine([0xeb, 0xfe]);
    for (const end of [10, 1_000, 123_450, 10_000_000]) {
      busy.runUntil(end);
      expect(busy.nowNs).toBe(end);
      expect(busy.instructions).toBe(end / 10);
    }
  });

  test("a halted machine jumps from event to event and gets every interrupt", () => {
    const idle = machine(ticking());
    idle.runUntil(1_000_000_000);
    expect(idle.nowNs).toBe(1_000_000_000);
    expect(new DataView(idle.readMemory(0x500, 2).buffer).getUint16(0, true)).toBe(1000);
    expect(idle.instructions).toBeLessThan(20_000);
    expect(idle.nextEventNs).toBeGreaterThan(1_000_000_000);
    expect(idle.nextEventNs).toBeLessThan(1_001_000_000);
  });

  test("cutting a run into pieces changes nothing", () => {
    const whole = machine(ticking());
    const pieces = machine(ticking());
    whole.runUntil(50_000_000);
    for (let time = 0; time < 50_000_000; time += 33_330) pieces.runUntil(time);
    pieces.runUntil(50_000_000);
    expect(pieces.digest()).toBe(whole.digest());
  });

  test("different states have different digests", () => {
    const one = machine(ticking());
    const other = machine(ticking());
    one.runUntil(5_000_000);
    other.runUntil(5_000_000);
    expect(other.digest()).toBe(one.digest());
    other.writeMemory(0x12345, Uint8Array.of(1));
    expect(other.digest()).not.toBe(one.digest());
  });
});

describe("power", () => {
  test("the debug exit port ends the machine with a status", () => {
    const exiting = machine([0xb0, 0x15, 0xe6, 0xf4, 0xf4]);
    exiting.runUntil(1_000_000);
    expect([exiting.power, exiting.exitStatus, exiting.nextEventNs]).toEqual(["off", 0x2b, Infinity]);
    expect(exiting.nowNs).toBe(1_000_000);
  });

  test("memory survives a reset and not the loss of power", () => {
    const lines: string[] = [];
    const resetting = machine(
      [0x31, 0xc0, 0x8e, 0xd8, 0xff, 0x06, 0x00, 0x05, 0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, 0xf4],
      { log: (line) => lines.push(line) },
    );
    resetting.runUntil(3_500_000);
    expect(resetting.readMemory(0x500, 1)[0]).toBe(4);
    expect(lines[0]).toBe("reset by port CF9h");
    resetting.powerCycle();
    resetting.runUntil(resetting.nowNs + 1_100_000);
    expect(resetting.readMemory(0x500, 1)[0]).toBe(1);
  });

  test("a triple fault resets, and a machine that does nothing else does not hang its host", () => {
    // lidt with limit 0 in protected mode, then an interrupt.
    const faulting = machine([
      0x31, 0xc0, 0x8e, 0xd8, 0x0f, 0x01, 0x1e, 0x00, 0x06, 0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, 0xcd, 0x03,
    ]);
    faulting.runUntil(100_000_000);
    expect(faulting.nowNs).toBe(100_000_000);
    expect(faulting.power).toBe("on");
  });
});

describeThoroughly("SeaBIOS", () => {
  const boot = new Uint8Array(512);
  boot.set([0xb8, 0x48, 0x0e, 0xcd, 0x10, 0xb8, 0x49, 0x0e, 0xcd, 0x10, 0xfa, 0xf4, 0xeb, 0xfd]); // Prints HI.
  boot.set([0x55, 0xaa], 510);

  test("boots from a disk on our board, finds every device, and shows it on the screen", (context) => {
    const firmware = seabios("bios.bin");
    const videoRom = seabios("vgabios-stdvga.bin");
    if (!firmware || !videoRom) return context.skip("seabios is not installed");
    let debug = "";
    const pc = new Machine({
      name: "pc",
      ramBytes: 32 * MIB,
      firmware,
      videoRom,
      rtcStartSeconds: 1_700_000_000,
      ide: [
        { kind: "disk", medium: new SparseDisk(8 * MIB, { content: boot }) },
        null,
        { kind: "cd", medium: new SparseDisk(MIB) },
      ],
      network: [{ macAddress: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56), port: new CableEnd("eth0") }],
      characterOutput: (port, byte) => {
        if (port === DEBUG_CONSOLE) debug += String.fromCharCode(byte);
      },
    });
    pc.runUntil(3e9);
    const screen = pc.screen().lines;
    expect(screen[0]).toMatch(/^SeaBIOS \(version/);
    expect(screen).toContain("Booting from Hard Disk...");
    expect(screen).toContain("HI");
    for (const line of [
      "Running on QEMU (i440fx)",
      "RamSize: 0x02000000 [cmos]",
      "Found 6 PCI devices",
      "Found 2 serial ports",
      "PS2 keyboard initialized",
      "ata0-0: VIRTUAL HARDDISK",
      "DVD/CD [ata1-0: VIRTUAL DVD-ROM",
      "Using pmtimer",
    ]) {
      expect(debug).toContain(line);
    }
    return undefined;
  });
});
