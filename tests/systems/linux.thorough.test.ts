/**
 * Debian's 32-bit kernel with the options that it has by itself: it finds the PCI bus by the firmware's ACPI tables,
 * gets interrupts from their links, speaks over the network card, and switches the machine off.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LabCluster } from "../../src/index.ts";
import { atLength } from "../setup/thoroughly.ts";
import { images } from "../system/images.ts";
import { LINUX_PROMPT, linuxIso, linuxShell, type RootFile } from "./linux.ts";
import { ourFirmware, packageFile, systemsFolder } from "./packages.ts";

describe("Linux", () => {
  test("boots to a shell, has its PCI devices, its network, its keyboard and mouse at once, and its power switch", {
    timeout: 900_000,
  }, async (context) => {
    const folder = join(systemsFolder, "input");
    const names = existsSync(folder) ? readdirSync(folder) : ["psmouse.ko"];
    const modules = names.map((name): RootFile => {
      return [`input/${name}`, packageFile(`input/${name}`, "linux-image-686:i386", context)];
    });
    const lab = new LabCluster({
      firmware: ourFirmware(),
      nodes: [
        {
          name: "linux",
          cdrom: linuxIso("console=ttyS0", context, [["input", null], ...modules]),
          ramBytes: 128 * 1024 * 1024,
          serialPorts: 4,
          parallelPort: true,
        },
      ],
    });
    try {
      const node = lab.nodes[0]!;
      await node.waitFor(/init has come up/, { within: "200s" });
      await node.waitFor(LINUX_PROMPT, { within: "20s" });
      expect(node.console.text).not.toMatch(/ACPI (BIOS )?(Error|Warning)|ACPI Exception/);
      const shell = linuxShell(node!);
      const devices = await shell("ls /sys/bus/pci/devices");
      for (const device of ["00:00.0", "00:01.0", "00:01.1", "00:01.3", "00:02.0", "00:03.0"])
        expect(devices).toContain(`0000:${device}`);
      expect(await shell("insmod /e1000.ko; ip link set eth0 up")).toContain("status-0");
      await node.waitFor(/eth0: NIC Link is Up|link becomes ready/, { within: "20s" });
      expect(await shell("ip addr add 10.0.2.99/24 dev eth0; ping -c 3 10.0.2.2")).toContain(
        "3 packets transmitted, 3 packets received",
      );
      const interrupts = await shell("cat /proc/interrupts");
      expect(interrupts).toMatch(/11: +[1-9]\d* .*eth0/);
      expect(interrupts).toMatch(/9: .*acpi/);
      expect(await shell("cat /sys/devices/system/clocksource/clocksource0/available_clocksource")).toMatch(/hpet/);
      expect(await shell("dmesg | grep -i hpet")).toMatch(/hpet0: 3 comparators, 64-bit 100\.000000 MHz counter/);
      // All serial ports and the printer by ACPI's names, with their own addresses.
      expect(await shell("dmesg | grep 'ttyS. at I/O'")).toMatch(
        /ttyS0 at I\/O 0x3f8[\s\S]*ttyS1 at I\/O 0x2f8[\s\S]*ttyS2 at I\/O 0x3e8[\s\S]*ttyS3 at I\/O 0x2e8/,
      );
      const ports = await shell("cd /sys/bus/pnp/devices; grep -h . */id */resources");
      expect(ports.match(/PNP0501/g)).toHaveLength(4);
      expect(ports.match(/PNP0400/g)).toHaveLength(1);
      for (const range of ["0x3e8-0x3ef", "0x2e8-0x2ef", "0x378-0x37a"]) expect(ports).toContain(`io ${range}`);
      expect(await shell("for m in /input/*; do insmod $m || break; done")).toContain("status-0");
      await node.waitFor(/input: .*Mouse.* as /, { within: "10s" });
      const inputs = await shell("grep -h -A5 'N: Name' /proc/bus/input/devices | grep -e Name -e Handlers");
      const eventOf = (name: RegExp): string => /event\d+/.exec(inputs.slice(inputs.search(name)))![0];
      for (const [file, name] of [
        ["keys", /keyboard"/],
        ["moves", /Mouse"/],
      ] as const)
        await shell(`(cat /dev/input/${eventOf(name)} >/${file} &)`);
      await lab.advance("1s"); // the driver switches the mouse on when somebody reads
      for (let round = 0; round < 3; round++) {
        node.typeKeys("k");
        node.moveMouse(5, 3);
        await lab.advance("200ms");
      }
      // An event has 16 bytes: time, kind, code, value. Kind 1 is a key, code 37 is K; kind 2 is a move, codes are X
      // and Y.
      expect((await shell('hexdump -v -e \'16/1 "%02x" "\\n"\' /keys')).match(/01002500(01|00)000000/g)).toHaveLength(
        6,
      );
      expect(
        (await shell('hexdump -v -e \'16/1 "%02x" "\\n"\' /moves')).match(/0200(000005|010003)000000/g),
      ).toHaveLength(6);
      node.type("poweroff -f\n");
      await lab.until(() => node.isOff, "the machine is still on", { within: "30s" });
    } finally {
      lab.close();
    }
  });

  atLength("drives a virtio network card beside a node of ours with another", { timeout: 900_000 }, async (context) => {
    const folder = join(systemsFolder, "virtio-net");
    const names = existsSync(folder) ? readdirSync(folder) : ["25-virtio_ring.ko"];
    const modules = names.map((name): RootFile => {
      return [`card/${name}`, packageFile(join("virtio-net", name), "linux-image-686:i386", context)];
    });
    const cdrom = linuxIso("console=ttyS0", context, [["card", null], ...modules]);
    const lab = new LabCluster({
      firmware: ourFirmware(),
      nodes: [
        { name: "linux", cdrom, ramBytes: 128 * 1024 * 1024, nic: "virtio" },
        { name: "ours", cdrom: images().iso, nic: "virtio" },
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
      expect(await shell("cat /sys/class/net/eth0/carrier")).toMatch(/^1/m);
      expect(await shell("ping -c 20 -s 1472 10.0.2.15")).toContain("20 packets received");
      await ours!.enter("ping -c 3 10.0.2.99", /3 received/);
      expect(await shell("cat /proc/interrupts")).toMatch(/11: +[1-9]\d* .*virtio/);
      node!.cut();
      await lab.advance("100ms");
      expect(await shell("cat /sys/class/net/eth0/carrier")).toMatch(/^0/m);
      node!.connect();
      await lab.advance("100ms");
      expect(await shell("ping -c 3 10.0.2.15")).toContain("3 packets received");
    } finally {
      lab.close();
    }
  });
});
