/** Network cards other than the usual one: nodes with them are members like all others. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { NicModel } from "../../emulator/board-config.ts";
import { type LabCluster, openPort, planFaults } from "../../src/index.ts";
import { requireOracle } from "../oracle.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, isoWith, PROMPT } from "./images.ts";
import { inQemu } from "./in-qemu.ts";

/** A node with this card and one with the usual one. */
async function mixed(nic: NicModel, cdrom = images().iso): Promise<LabCluster> {
  const lab = boot({ nodes: [{ cdrom, nic }, { cdrom }] });
  onTestFinished(() => lab.close());
  for (const node of lab.nodes) await node.waitFor(/peers 1\s*$/m, { within: "30s" });
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  return lab;
}

/** The cards, with what `ifconfig` says of frames that came while the node stood still. */
const CARDS = [
  ["rtl8139", / 0 damaged, [1-9]\d* missed/],
  // It has no memory to count in: what finds no buffer was never there.
  ["virtio", / 0 damaged, 0 missed/],
] as const;

test.each(rowsOf(CARDS, 1))(
  "%s hears groups, answers, sees its cable, gets over what it could not hold",
  async (nic, missed) => {
    const lab = await mixed(nic);
    const [node] = lab.nodes;
    await node!.enter("ifconfig", /eth0: up, link, MAC 52:54:00[\s\S]* 0 damaged, 0 missed/);
    await node!.enter("ping -c 3 10.0.2.16", /3 received/);
    node!.cut();
    await lab.advance("100ms");
    await node!.enter("ifconfig", /eth0: up, no link/);
    node!.connect();
    await lab.advance("100ms");
    await node!.enter("ifconfig", /eth0: up, link/);
    await node!.waitFor(PROMPT);
    // More than its ring holds, while its processor stands still.
    const plug = lab.plug("stranger");
    node!.freeze("90ms");
    const frame = new Uint8Array(1514).fill(0xff, 0, 6);
    frame[6] = 2;
    for (let count = 0; count < 80; count++) {
      plug.send(frame);
      await lab.advance("1ms");
    }
    await lab.advance("100ms");
    await node!.enter("ifconfig", missed);
    await node!.enter("ping -c 3 10.0.2.16", /3 received/);
  },
);

thoroughly("a virtio card is told which groups and stations are for its node", async () => {
  const lab = await mixed("virtio");
  const [node] = lab.nodes;
  const plug = lab.plug("stranger");
  const received = async (): Promise<number> => {
    const [, frames] = await node!.enter("ifconfig", /received +(\d+) frames/);
    return Number(frames);
  };
  const before = await received();
  // As a switch floods them that has not learnt who they are for.
  for (const address of ["020000000009", "01005e000009"])
    for (let count = 0; count < 100; count++)
      plug.send(Uint8Array.from(Buffer.from(`${address}0200000000010800${"00".repeat(46)}`, "hex")));
  await lab.advance("100ms");
  expect((await received()) - before).toBeLessThan(50);
});

const IN_QEMU = ["virtio-net-pci", "virtio-net-pci,disable-modern=on,vectors=0", "virtio-net-pci,ctrl_vq=off"] as const;

for (const device of rowsOf(IN_QEMU, [0, 1])) {
  thoroughly(`QEMU's ${device} gets an address and answers`, async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "qure.iso"), images().iso);
    const card = ["-netdev", "user,id=lan", "-device", `${device},netdev=lan,mac=52:54:00:77:77:77`];
    const text = await inQemu(
      qemu,
      ["-m", "64", "-cdrom", join(folder, "qure.iso"), ...card],
      ["sleep 9000", "ping -c 3 10.0.2.2", "ifconfig"],
    );
    expect(text).toMatch(/eth0: virtio network card, 52:54:00:77:77:77, IRQ \d+/);
    expect(text).toMatch(/3 received/);
    expect(text).toMatch(/10\.0\.2\.15\b/);
  });
}

/** The image of a system that sends back what comes to port 7, in a folder of its own. */
async function reflectorIn(folder: string): Promise<string> {
  const path = join(folder, "qure.iso");
  writeFileSync(path, await isoWith("tests/system/reflector.s", "asm/shell/reflector.s"));
  return path;
}

const BYTES = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 0x9e3779b1) >>> 24);
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The hash of what comes back for BYTES, as soon as somebody takes the connection; from this address of the host's. */
function reflected(host: string, port: number, localAddress?: string): Promise<string> {
  return new Promise((resolve) => {
    const hash = createHash("sha256");
    const dial = (): void => {
      let came = 0;
      const socket = createConnection({ port, host, localAddress }, () => socket.end(BYTES));
      socket.on("data", (piece) => {
        came += piece.length;
        hash.update(piece);
      });
      socket.on("error", () => {});
      // QEMU takes the connection before anybody in the machine does.
      socket.on("close", () => (came > 0 ? resolve(hash.digest("hex")) : setTimeout(dial, 500)));
    };
    dial();
  });
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "qure-cards-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

atLength("bytes go through QEMU's e1000 both ways as they were, in its checksums too", async (context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const port = 20_000 + (process.pid % 20_000);
  const lan = ["-netdev", `user,id=lan,hostfwd=tcp:127.0.0.1:${port}-:7`, "-device", "e1000,netdev=lan"];
  const machine = inQemu(
    qemu,
    ["-m", "64", "-cdrom", await reflectorIn(temporaryFolder()), ...lan],
    ["sleep 20000", "ifconfig", "netstat"],
  );
  expect(await reflected("127.0.0.1", port)).toBe(hashOf(BYTES));
  const text = await machine;
  expect(text).toMatch(/ 0 damaged, 0 missed/);
  expect(text).not.toMatch(/checksum/);
});

/**
 * Words for QEMU, which make a network card of this host, with an address, that ends with QEMU; null where we may not.
 */
function hostCard(folder: string, address: string): string | null {
  const probe = ["tuntap", "mode", "tap", "name", `qt${process.pid}`];
  try {
    for (const word of ["add", "del"]) execFileSync("ip", [probe[0]!, word, ...probe.slice(1)], { stdio: "ignore" });
  } catch {
    return null;
  }
  const script = join(folder, "up");
  writeFileSync(script, `#!/bin/sh\nip address add ${address}/30 dev $1 && ip link set $1 up\n`, { mode: 0o755 });
  return `tap,id=lan,script=${script},downscript=no`;
}

atLength(
  "bytes go through QEMU's virtio card both ways, with checksums that both sides leave to it",
  async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const folder = temporaryFolder();
    // A network of its own, from those for tests of devices (RFC 2544): two runs at once do not meet.
    const network = (process.pid << 2) & 0xfffc;
    const [host, guest] = [1, 2].map((last) => `198.18.${network >> 8}.${(network & 0xff) + last}`);
    const netdev = hostCard(folder, host!);
    if (netdev === null) return context.skip("this needs the right to make a network card");
    const machine = inQemu(
      qemu,
      ["-m", "64", "-cdrom", await reflectorIn(folder), "-netdev", netdev, "-device", "virtio-net-pci,netdev=lan"],
      [`ifconfig eth0 ${guest} 255.255.255.252`, "sleep 20000", "ifconfig", "netstat"],
    );
    // From the card's address: before it has one, a router of the host's might take the connection.
    expect(await reflected(guest!, 7, host)).toBe(hashOf(BYTES));
    const text = await machine;
    expect(text).toMatch(/ 0 damaged, 0 missed/);
    expect(text).not.toMatch(/checksum/);
  },
);

for (const [nic] of CARDS) {
  thoroughly(`bytes go through ${nic} both ways as they were, over a cable that loses and reorders`, async () => {
    const lab = await mixed(nic, await isoWith("tests/system/reflector.s", "asm/shell/reflector.s"));
    planFaults(lab, ["0s lose 1 1%", "0s reorder 1 5% 300us"]);
    lab.realtime = true;
    const { ports } = await openPort(lab, "0:1:7");
    let back = "";
    void reflected("127.0.0.1", ports[0]!).then((hash) => {
      back = hash;
    });
    await lab.until(() => back !== "", "the echo did not end", { within: "120s" });
    expect(back).toBe(hashOf(BYTES));
  });

  thoroughly(`two runs with ${nic} end with the same digest`, async () => {
    const digests: string[] = [];
    for (let run = 0; run < 2; run++) {
      const lab = await mixed(nic);
      planFaults(lab, [`${lab.nowNs}ns lose 1 20%`]);
      await lab.advance("2s");
      digests.push(lab.digest());
    }
    expect(digests[1]).toBe(digests[0]);
  });
}
