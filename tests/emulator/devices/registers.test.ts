/** Register scripts of all chips, on our board and, where QEMU is installed, in QEMU. */
import { describe, expect, test } from "vitest";
import { oracle } from "../../oracle.ts";
import { TestBoard, type Case } from "./harness.ts";
import { keyboardCases } from "./keyboard-cases.ts";
import { picCases } from "./pic-cases.ts";
import { pciCases } from "./pci-cases.ts";
import { pitCases } from "./pit-cases.ts";
import { rtcCases } from "./rtc-cases.ts";
import { uartCases } from "./uart-cases.ts";
import { vgaCases } from "./vga-cases.ts";
import { runInQemu } from "./qemu.ts";

const CHIPS: Readonly<Record<string, readonly Case[]>> = {
  "8259A": picCases, "8254": pitCases, MC146818: rtcCases, "8042": keyboardCases, "16550A": uartCases, VGA: vgaCases, PCI: pciCases,
};

const qemu = oracle("qemu-system-i386");

for (const [chip, cases] of Object.entries(CHIPS)) {
  describe(chip, () => {
    for (const { name, script, ours } of cases) {
      test(name, () => {
        expect(() => new TestBoard().run(script)).not.toThrow();
      });
      if (ours === undefined && !/\b(intr|ack)\b/.test(script)) {
        test(`${name}: QEMU agrees`, async (context) => {
          if (qemu === null) return context.skip("qemu-system-i386 is not installed");
          await runInQemu(qemu, script);
        });
      }
    }
  });
}
