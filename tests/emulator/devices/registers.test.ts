/** Register scripts of all chips, on our board and, where QEMU is installed, in QEMU. */
import { describe, expect, test } from "vitest";
import { oracle } from "../../oracle.ts";
import { CHIPS } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { runInQemu } from "./qemu.ts";
import { isForQemu } from "./script.ts";

const NETWORK_CARD = ["-netdev", "user,id=net", "-device", "e1000,netdev=net,mac=52:54:00:12:34:56,addr=3,romfile="];

const qemu = oracle("qemu-system-i386");

for (const { name: chip, cases, config } of CHIPS) {
  describe(chip, () => {
    for (const { name, script, ours } of cases) {
      test(name, () => {
        expect(() => new TestBoard(config()).run(script)).not.toThrow();
      });
      if (ours === undefined && isForQemu(script)) {
        test(`${name}: QEMU agrees`, async (context) => {
          if (qemu === null) return context.skip("qemu-system-i386 is not installed");
          await runInQemu(qemu, script, chip === "82540EM" ? NETWORK_CARD : ["-net", "none"]);
        });
      }
    }
  });
}
