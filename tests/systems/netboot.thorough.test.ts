/**
 * A blank machine boots from its neighbour, by our firmware's own PXE client and by iPXE's ROM (Debian's ipxe-qemu): it
 * loads the kernel that a node serves, and becomes a member of its cluster.
 */
import { spawn } from "node:child_process";
import { describe, expect, onTestFinished, test } from "vitest";
import { LabCluster, type LabNode, openWay, SparseDisk } from "../../src/index.ts";
import { requireOracle } from "../oracle.ts";
import { atLength } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { images, PROMPT } from "../system/images.ts";
import { partitioned, RecordingDisk } from "../system/recording-disk.ts";
import { packageFile } from "./packages.ts";

const DISK_BYTES = 16 << 20;
const BLANK = { bootOrder: "n" } as const;
const SOON = { within: "60s" } as const;
const TIMEOUT = { timeout: 600_000 };

/** The blank one has found its neighbour by itself: both count each other as a peer. */
async function together(server: LabNode, blank: LabNode): Promise<void> {
  await blank.waitFor(/^cloud: .* era 1 age \d+ peers 1\s*$/m, SOON);
  await server.waitFor(/^cloud: .* era 1 age \d+ peers 1\s*$/m, SOON);
}

async function inLab(
  nodes: ConstructorParameters<typeof LabCluster>[0]["nodes"],
  gateway: boolean,
  body: (server: LabNode, blank: LabNode) => Promise<void>,
  nsPerInstruction = 10,
): Promise<void> {
  const lab = new LabCluster({ firmware: images().firmware, nodes, gateway, nsPerInstruction });
  try {
    await lab.nodes[0]!.waitFor(PROMPT, SOON);
    await body(lab.nodes[0]!, lab.nodes[1]!);
  } finally {
    lab.close();
  }
}

describe.each(rowsOf(["our firmware", "e1000", "rtl8139"] as const, [0, 1]))("a blank machine with %s", (client) => {
  test(
    "boots beside a DHCP server that knows nothing of it, and joins its neighbour's cluster",
    TIMEOUT,
    async (context) => {
      const rom = (nic: string) => packageFile(`/usr/lib/ipxe/qemu/pxe-${nic}.rom`, "ipxe-qemu", context);
      const blank = client === "our firmware" ? BLANK : { nic: client, nicRom: rom(client) };
      // iPXE waits by asking for the time: a slow processor does that less often.
      const nsPerInstruction = client === "our firmware" ? 10 : 50;
      const boots = async (server: LabNode, blank: LabNode): Promise<void> => {
        await server.waitFor(/era 1 age 1 peers 0/, SOON);
        await server.enter("netboot on", PROMPT);
        await blank.waitFor(/kernel image from 10\.0\.2\.1[56] by TFTP, \d+ bytes/, SOON);
        await together(server, blank);
      };
      await inLab([{ cdrom: images().iso }, blank], true, boots, nsPerInstruction);
    },
  );
});

atLength(
  "a machine in QEMU with its iPXE ROM boots from a node here, over -netdev stream",
  TIMEOUT,
  async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const rom = "/usr/lib/ipxe/qemu/pxe-e1000.rom";
    packageFile(rom, "ipxe-qemu", context);
    const lab = new LabCluster({ firmware: images().firmware, nodes: [{ cdrom: images().iso }] });
    onTestFinished(() => lab.close());
    const server = lab.nodes[0]!;
    await server.waitFor(/era 1 age 1 peers 0/, SOON);
    await server.enter("netboot on", PROMPT, SOON);
    await lab.advance("2s");
    lab.realtime = true;
    await openWay(lab, "stream,listen=127.0.0.1:47907");
    const child = spawn(
      qemu,
      ["-M", "pc", "-m", "32", "-display", "none", "-monitor", "none", "-serial", "stdio", "-boot", "n"].concat(
        ["-netdev", "stream,id=lan,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=47907"],
        ["-device", `e1000,netdev=lan,mac=52:54:00:77:77:77,romfile=${rom}`],
      ),
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    onTestFinished(() => void child.kill());
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
    await lab.until(() => /^cloud: .* peers 1\s*$/m.test(said), "it is no member", { within: "240s" });
    expect(said).toMatch(/kernel image from 10\.0\.2\.15 by TFTP, \d+ bytes/);
    await server.waitFor(/^cloud: .* peers 1\s*$/m, SOON);
  },
);

test(
  "the kernel of the second slot boots a machine of 8 MiB on a LAN without another DHCP server",
  TIMEOUT,
  async () => {
    const { iso, disk } = images();
    const ramBytes = 8 << 20;
    const nodes = [
      { cdrom: iso, disk: new SparseDisk(DISK_BYTES, { content: disk.slice(0, DISK_BYTES) }), ramBytes },
      { ...BLANK, ramBytes },
    ];
    await inLab(nodes, false, async (server, blank) => {
      await server.enter("kernel install --unsigned hdc", /Kernel 1 is on trial/, SOON);
      server.reset();
      await server.waitFor(/kernel image at sector 8192/, SOON);
      await server.waitFor(PROMPT, SOON);
      await server.enter("kernel confirm", /good one now/, SOON);
      await server.enter("ifconfig eth0 10.9.0.1 255.255.255.0", PROMPT, SOON);
      await blank.waitFor(/no DHCP server lends an address\s+No bootable device/, SOON);
      await server.enter("netboot on 10.9.0.10 5", PROMPT, SOON);
      await server.enter("ls /boot", /\d {2}kernel$/m, SOON);
      blank.reset();
      await blank.waitFor(/kernel image from 10\.9\.0\.1 by TFTP/, SOON);
      await together(server, blank);
      expect(blank.console.text).toMatch(/eth0: address 10\.9\.0\.1\d\/24 by DHCP/);
      await blank.enter("netboot on", /boot medium is in none of the drives/, SOON);
      await server.enter("netboot", /can boot from here/, SOON);
      await server.enter("netboot off", PROMPT, SOON);
      await server.enter("netboot", /Network boot is off/, SOON);
      await server.enter("ls /boot", /^ls: .*\/boot|\/boot: /m, SOON);
      blank.reset();
      await blank.waitFor(/no DHCP server lends an address/, SOON);
    });
  },
);

test("a blank machine boots from a neighbour whose cluster lends the addresses itself", TIMEOUT, async () => {
  await inLab([{ cdrom: images().iso }, BLANK], false, async (server, blank) => {
    await server.waitFor(/era 1 age \d+ peers 0/, SOON);
    await server.enter("netboot on", PROMPT, SOON);
    await server.enter("cloud address add 10.9.0.1 255.255.255.0", PROMPT, SOON);
    await server.enter('cloud set dhcp "10.9.0.1 50 600"', /dhcp is set/, SOON);
    await blank.waitFor(/no DHCP server lends an address\s+No bootable device/, SOON);
    blank.reset();
    await blank.waitFor(/kernel image from 10\.9\.0\.1 by TFTP/, SOON);
    await together(server, blank);
    // The server that says where the files are is one of two, never both.
    await server.enter("service list", /^running +lan-dhcp\s+stopped +netboot-dhcp/m, SOON);
    await server.enter("netboot off", PROMPT, SOON);
    blank.reset();
    await blank.waitFor(/No bootable device/, SOON);
    await server.enter("netboot on", PROMPT, SOON);
    await server.enter("cloud set dhcp", /dhcp is gone/, SOON);
    await server.waitFor(PROMPT, SOON);
    await server.enter("service log netboot-dhcp", /dhcp-server: ready/, SOON);
  });
});

/** What the server has as the file `kernel`, by the command that makes it, and what the blank machine says. */
const KERNELS: readonly (readonly [command: string, said: RegExp])[] = [
  ["mkdir /a/empty", /from 10\.0\.2\.1[56] by TFTP: the file kernel cannot be opened, PXE status 003Bh/],
  ["echo 'no kernel' > /a/kernel", /TFTP: the file ends within it/],
  ["cat /boot/loader /boot/kernel > /a/kernel", /TFTP: no kernel image, expected the magic/],
  ["cp /boot/kernel /a/kernel", /QuRe \S+ starts/],
  ["rm /a/loader", /Network: the server does not give the file/],
  ["cat /boot/kernel > /a/loader", /Network: the file does not fit into base memory/],
];

test("a blank machine says what is wrong with the files that it is given", TIMEOUT, async () => {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  await inLab([{ cdrom: images().iso, disk }, BLANK], true, async (server, blank) => {
    await server.waitFor(/era 1 age 1 peers 0/, SOON);
    await server.enter("mkfs -t oofs hda0", /now holds an empty oofs/, SOON);
    for (const line of ["mount hda0 /a", "netboot on", "cp /boot/loader /a/loader"])
      await server.enter(line, PROMPT, SOON);
    await server.enter("service stop netboot-tftp", PROMPT, SOON);
    await server.enter("tftp-server /a &", /tftp-server: ready/, SOON);
    for (const [command, said] of KERNELS) {
      await server.enter(command, PROMPT, SOON);
      blank.reset();
      await blank.waitFor(said, SOON);
    }
  });
});
