/**
 * Debian's 32-bit kernel, with busybox and programs of Debian's, and a node of ours on one switch: booted once for all
 * tests, and gone back to in place before each.
 */
import { Checkpoint } from "../../emulator/debug/checkpoint.ts";
import { NO_TROUBLE } from "../../emulator/ether/trouble.ts";
import { LabCluster, type LabNode, type RestoreOptions, restoreCluster } from "../../src/index.ts";
import type { SkippableContext } from "../oracle.ts";
import { keptForAll } from "../setup/cache.ts";
import { images, PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";
import { partitioned } from "../system/recording-disk.ts";
import { LINUX_PROMPT, linuxIso, linuxShell, type RootFile } from "./linux.ts";
import { peerFiles } from "./peers.ts";

const MIB = 1024 * 1024;
/** Bytes of the file that Linux has at /www/numbers. */
export const FILE_BYTES = MIB;
/** What busybox' DHCP client calls when it has got an address. */
const LEASED = `#!/bin/sh
[ "$1" = bound ] && ip addr add $ip/24 dev $interface && echo "lease of $serverid: $ip router $router"
exit 0
`;

/** Tells the lines of a file from each other, so that what is missing or twice is noticed. */
const numbered = (bytes: number): string => {
  const lines = Array.from({ length: bytes / 16 }, (_, line) => String(line * 7919).padStart(15, "."));
  return `${lines.join("\n")}\n`;
};

/** Both, without a gateway; neither has an address, and ours has an empty volume at /a. */
function booted(context: SkippableContext): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  return keptForAll("Linux with programs beside ours", async () => {
    const files: RootFile[] = [
      ...peerFiles(context),
      ["www", null],
      ["www/numbers", encoder.encode(numbered(FILE_BYTES))],
      ["leased", encoder.encode(LEASED)],
    ];
    const lab = new LabCluster({
      firmware: images().firmware,
      gateway: false,
      nodes: [
        { name: "linux", cdrom: linuxIso("console=ttyS0 quiet", context, files), ramBytes: 256 * MIB },
        { name: "ours", cdrom: images().iso, disk: partitioned(16 * MIB) },
      ],
    });
    const [linux, ours] = lab.nodes;
    await linux!.waitFor(LINUX_PROMPT, { within: "300s" });
    await linuxShell(linux!)("insmod /e1000.ko; ip link set lo up; ip link set eth0 up");
    await ours!.waitFor(PROMPT);
    for (const line of ["mkfs -t oofs hda0", "mount hda0 /a"]) await output(ours!, line);
    const bytes = lab.save();
    lab.close();
    return bytes;
  });
}

/** Both in the state that the tests of a file begin from. */
export class Neighbours {
  readonly lab: LabCluster;
  readonly linux: LabNode;
  readonly ours: LabNode;
  readonly #start: Checkpoint;
  readonly #said: readonly ReturnType<LabNode["console"]["save"]>[];

  private constructor(lab: LabCluster) {
    this.lab = lab;
    [this.linux, this.ours] = lab.nodes as readonly [LabNode, LabNode];
    this.#start = Checkpoint.of(lab.cluster, null, true);
    this.#said = lab.nodes.map(({ console }) => console.save());
  }

  /** `prepare` brings both from their prompts to where the tests begin. */
  static async make(
    context: SkippableContext,
    prepare: (lab: LabCluster) => Promise<void>,
    options: RestoreOptions = {},
  ): Promise<Neighbours> {
    const lab = restoreCluster(await booted(context), options);
    await prepare(lab);
    return new Neighbours(lab);
  }

  /** Goes back. */
  begin(): void {
    const { lab } = this;
    this.#start.restore(lab.cluster);
    for (const [index, node] of lab.nodes.entries()) {
      node.console.restore(this.#said[index]!);
      for (const way of ["in", "out"] as const) lab.cluster.setTrouble(index, way, NO_TROUBLE);
    }
  }
}
