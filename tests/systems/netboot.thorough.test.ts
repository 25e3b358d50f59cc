/**
 * A blank machine boots from its neighbour: iPXE's ROM (Debian's ipxe-qemu) loads the kernel that a node serves, and
 * the machine becomes a member of its cluster.
 */
import { describe, expect, test } from "vitest";
import { LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import type { SkippableContext } from "../oracle.ts";
import { images, PROMPT } from "../system/images.ts";
import { packageFile } from "./packages.ts";

const DISK_BYTES = 16 << 20;
const SECOND = { within: "60s" } as const;

const rom = (nic: string, context: SkippableContext): Uint8Array =>
  packageFile(`/usr/lib/ipxe/qemu/pxe-${nic}.rom`, "ipxe-qemu", context);

/** The blank one has found its neighbour by itself: both count each other as a peer. */
async function together(server: LabNode, blank: LabNode): Promise<void> {
  await blank.waitFor(/^cloud: .* era 1 age \d+ peers 1\s*$/m, SECOND);
  await server.waitFor(/^cloud: .* era 1 age \d+ peers 1\s*$/m, SECOND);
}

describe.each(["e1000", "virtio", "rtl8139"] as const)("a blank machine with %s", (nic) => {
  test("boots from its neighbour and joins its cluster", { timeout: 600_000 }, async (context) => {
    const { firmware, iso } = images();
    const lab = new LabCluster({ firmware, nodes: [{ cdrom: iso }, { nic, nicRom: rom(nic, context) }] });
    try {
      const [server, blank] = [lab.nodes[0]!, lab.nodes[1]!];
      await server.waitFor(/era 1 age 1 peers 0/, SECOND);
      await server.enter("netboot on", PROMPT);
      await blank.waitForScreen(/kernel image from 10\.0\.2\.15 by TFTP, \d+ bytes/, SECOND);
      await together(server, blank);
    } finally {
      lab.close();
    }
  });
});

test("the kernel of the second slot boots a machine of 8 MiB that has no other DHCP server", {
  timeout: 600_000,
}, async (context) => {
  const { firmware, iso, disk } = images();
  const nicRom = rom("e1000", context);
  const nodes = [
    { cdrom: iso, disk: new SparseDisk(DISK_BYTES, { content: disk.slice(0, DISK_BYTES) }), ramBytes: 8 << 20 },
    { nic: "e1000" as const, nicRom, ramBytes: 8 << 20 },
  ];
  const lab = new LabCluster({ firmware, nodes, gateway: false });
  try {
    const [server, blank] = [lab.nodes[0]!, lab.nodes[1]!];
    await server.waitFor(PROMPT, SECOND);
    await server.enter("kernel install hdc", /Kernel 1 is on trial/, SECOND);
    server.reset();
    await server.waitFor(/kernel image at sector 8192/, SECOND);
    await server.waitFor(PROMPT, SECOND);
    await server.enter("kernel confirm", /good one now/, SECOND);
    await server.enter("ifconfig eth0 10.9.0.1 255.255.255.0", PROMPT, SECOND);
    await server.enter("netboot on 10.9.0.10 5", PROMPT, SECOND);
    await server.enter("ls /boot", /\d {2}kernel$/m, SECOND);
    await blank.waitForScreen(/No bootable device/, { within: "120s" }); // nobody lent it an address
    blank.reset();
    await blank.waitForScreen(/kernel image from 10\.9\.0\.1 by TFTP/, { within: "120s" });
    await together(server, blank);
    expect(blank.console.text).toMatch(/eth0: address 10\.9\.0\.1\d\/24 by DHCP/);
    await blank.enter("netboot on", /boot medium is in none of the drives/, SECOND);
    await server.enter("netboot off", PROMPT, SECOND);
    await server.enter("netboot", /Network boot is off/, SECOND);
    await server.enter("ls /boot", /\/boot: /, SECOND);
  } finally {
    lab.close();
  }
});
