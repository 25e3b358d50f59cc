/** The register scripts that need no time and nobody outside, in QEMU: what we expect of a chip, it expects too. */
import { describe, test } from "vitest";
import { oracle } from "../../oracle.ts";
import { rowsOf } from "../../setup/tier.ts";
import { CHIPS } from "./chips.ts";
import { runInQemu } from "./qemu.ts";
import { isForQemu } from "./script.ts";

const qemu = oracle("qemu-system-i386");

for (const { name: chip, cases, inQemu } of CHIPS) {
  const judged = cases.filter(({ script, ours }) => ours === undefined && isForQemu(script));
  if (inQemu === null || judged.length === 0) continue;
  describe(chip, () => {
    test.each(rowsOf(judged, [0, 3]))("$name", async ({ script }) => {
      if (qemu !== null) await runInQemu(qemu, script, inQemu);
    });
  });
}
