/** Register scripts of all chips, on our board and, where QEMU is installed, in QEMU. */
import { describe, expect, test } from "vitest";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { oracle } from "../../oracle.ts";
import { e1000Cases } from "./e1000-cases.ts";
import { type Case, TestBoard } from "./harness.ts";
import { keyboardCases } from "./keyboard-cases.ts";
import { pciCases } from "./pci-cases.ts";
import { picCases } from "./pic-cases.ts";
import { pitCases } from "./pit-cases.ts";
import { runInQemu } from "./qemu.ts";
import { rtcCases } from "./rtc-cases.ts";
import { uartCases } from "./uart-cases.ts";
import { vgaCases } from "./vga-cases.ts";

const CHIPS: Readonly<Record<string, readonly Case[]>> = {
  "8259A": picCases,
  "8254": pitCases,
  MC146818: rtcCases,
  "8042": keyboardCases,
  "16550A": uartCases,
  VGA: vgaCases,
  PCI: pciCases,
  "82540EM": e1000Cases,
};

/** The 82540EM's cases need one; it is in QEMU's slot 3, too. */
const MAC = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);
const NETWORK_CARD = ["-netdev", "user,id=net", "-device", "e1000,netdev=net,mac=52:54:00:12:34:56,addr=3,romfile="];

function board(chip: string): TestBoard {
  return new TestBoard({ network: chip === "82540EM" ? [{ macAddress: MAC, port: new CableEnd("eth0") }] : [] });
}

const qemu = oracle("qemu-system-i386");

for (const [chip, cases] of Object.entries(CHIPS)) {
  describe(chip, () => {
    for (const { name, script, ours } of cases) {
      test(name, () => {
        expect(() => board(chip).run(script)).not.toThrow();
      });
      if (ours === undefined && !/\b(wait|intr|ack)\b/.test(script)) {
        test(`${name}: QEMU agrees`, async (context) => {
          if (qemu === null) return context.skip("qemu-system-i386 is not installed");
          await runInQemu(qemu, script, chip === "82540EM" ? NETWORK_CARD : ["-net", "none"]);
        });
      }
    }
  });
}
