/** Debian's 32-bit kernel drives the network cards that QuRe itself has no driver for, beside a node of ours. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LabCluster } from "../../src/index.ts";
import { images } from "../system/images.ts";
import { LINUX_PROMPT, linuxIso, linuxShell, type RootFile } from "./linux.ts";
import { ourFirmware, packageFile, systemsFolder } from "./packages.ts";

/** The card, the folder of its modules, and whether it tells of its cable. */
const CARDS = [
  ["ne2k_pci", "ne2k", false],
  ["pcnet", "pcnet", true],
] as const;

test.for(CARDS)("Linux drives %s", { timeout: 900_000 }, async ([nic, folderName, seesCable], context) => {
  const folder = join(systemsFolder, folderName);
  const names = existsSync(folder) ? readdirSync(folder) : [`${folderName}.ko`];
  const modules = names.map((name): RootFile => {
    return [`card/${name}`, packageFile(join(folderName, name), "linux-image-686:i386", context)];
  });
  const cdrom = linuxIso("console=ttyS0", context, [["card", null], ...modules]);
  const lab = new LabCluster({
    firmware: ourFirmware(),
    nodes: [
      { name: "linux", cdrom, ramBytes: 128 * 1024 * 1024, nic },
      { name: "ours", cdrom: images().iso },
    ],
  });
  try {
    const [node, ours] = lab.nodes;
    await node!.waitFor(LINUX_PROMPT, { within: "200s" });
    const shell = linuxShell(node!);
    expect(await shell("for m in /card/*; do insmod $m || break; done")).toContain("status-0");
    expect(await shell("ip link set eth0 up; ip addr add 10.0.2.99/24 dev eth0; ping -c 3 10.0.2.2")).toContain(
      "3 packets transmitted, 3 packets received",
    );
    // Each is a full frame, and twenty go round the ring several times.
    expect(await shell("ping -c 20 -i 0.01 -s 1472 10.0.2.15")).toContain("20 packets received");
    await ours!.enter("ping -c 3 10.0.2.99", /3 received/);
    expect(await shell("cat /proc/interrupts")).toMatch(/11: +[1-9]\d* .*eth0/);
    expect(await shell("cat /sys/class/net/eth0/address")).toMatch(/52:54:00:/);
    expect(await shell("cat /sys/class/net/eth0/statistics/[rt]x_errors")).toMatch(/^0\s+0\s+status-0/m);
    if (seesCable) {
      node!.cut();
      await lab.advance("5s");
      expect(await shell("cat /sys/class/net/eth0/carrier")).toMatch(/^0/m);
      node!.connect();
      await lab.advance("5s");
    }
    expect(await shell("ping -c 3 10.0.2.15")).toContain("3 packets received");
  } finally {
    lab.close();
  }
});
