/**
 * iPXE's ROMs (Debian's ipxe-qemu) on network cards: our firmware runs them, and they get an address from our gateway
 * by their own drivers. With those of the other cards a machine boots in netboot.thorough.test.ts.
 */
import { expect, test } from "vitest";
import { LabCluster } from "../../src/index.ts";
import { ourFirmware, packageFile } from "./packages.ts";

test.for(["ne2k_pci", "pcnet"] as const)("iPXE on %s gets a lease", { timeout: 300_000 }, async (nic, context) => {
  const nicRom = packageFile(`/usr/lib/ipxe/qemu/pxe-${nic}.rom`, "ipxe-qemu", context);
  // iPXE waits by asking for the time: a slow processor does that less often.
  const lab = new LabCluster({ firmware: ourFirmware(), nodes: [{ nic, nicRom }], nsPerInstruction: 100 });
  try {
    const node = lab.nodes[0]!;
    await node.waitForScreen(/net0: 10\.0\.2\.15\/255\.255\.255\.0 gw 10\.0\.2\.2/, { within: "30s" });
    await node.waitForScreen(/Nothing to boot/, { within: "60s" });
    expect(node.console.text).toContain("Network starts");
    // Its payload is above 1 MiB, and of the place for ROMs it takes no more than its beginning: 512 bytes a piece.
    expect(node.readMemory(0xc0002, 1)[0]!).toBeLessThan(40);
  } finally {
    lab.close();
  }
});
