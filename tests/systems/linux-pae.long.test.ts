/**
 * Debian's 32-bit kernel with PAE on two processors: page tables of three levels, with stacks and data that are not
 * executed, and many processes that come and go.
 */
import { expect, test } from "vitest";
import { LabCluster } from "../../src/index.ts";
import { LINUX_PROMPT, linuxIso, linuxShell } from "./linux.ts";
import { ourFirmware } from "./packages.ts";

test("Linux with PAE and NX starts two processors and uses both", { timeout: 900_000 }, async (context) => {
  const cdrom = linuxIso("console=ttyS0", context, [], "vmlinuz-pae");
  const lab = new LabCluster({
    firmware: ourFirmware(),
    nodes: [{ name: "linux", cdrom, ramBytes: 128 * 1024 * 1024, processors: 2 }],
  });
  try {
    const node = lab.nodes[0]!;
    await node.waitFor(/init has come up/, { within: "200s" });
    await node.waitFor(LINUX_PROMPT, { within: "20s" });
    const shell = linuxShell(node);
    expect(await shell("uname -r")).toMatch(/686-pae/);
    expect(await shell("dmesg | grep 'NX (Execute'")).toMatch(/protection: active/);
    expect(await shell("grep -cw '^flags.*pae.* nx' /proc/cpuinfo")).toMatch(/^2\s+status-0/m);
    expect(await shell("i=0; while [ $i -lt 50 ]; do /bin/busybox true || break; i=$((i+1)); done; echo $i")).toMatch(
      /^50\s+status-0/m,
    );
    const text = await shell("dd if=/dev/zero bs=1M count=20 2>/dev/null | sha256sum");
    expect(text).toContain("cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc");
    // A loop on each of them, at the same time: both have had as much of it, and each its own timer.
    const count = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done";
    expect(await shell(`taskset 1 sh -c '${count}' & taskset 2 sh -c '${count}' & wait`)).toContain("status-0");
    const interrupts = await shell("cat /proc/interrupts");
    expect(interrupts).toMatch(/^ *0: +\d+ +\d+ +IO-APIC +2-edge +timer/m);
    expect(interrupts).toMatch(/LOC: +[1-9]\d\d+ +[1-9]\d\d+ +Local timer/);
    expect(interrupts).toMatch(/(RES|CAL): +\d+ +[1-9]\d* /);
    const shares = await shell("grep ^cpu[01] /proc/stat");
    expect([...shares.matchAll(/^cpu\d [1-9]/gm)]).toHaveLength(2);
    // Ports that are not there have no names.
    const ports = await shell("grep -h PNP0[45] /sys/bus/pnp/devices/*/id");
    expect(ports.match(/PNP0501/g)).toHaveLength(2);
    expect(ports).not.toContain("PNP0400");
    node.type("poweroff -f\n");
    await lab.until(() => node.isOff, "the machine is still on", { within: "30s" });
  } finally {
    lab.close();
  }
});
