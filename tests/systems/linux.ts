/** CDs with Debian's 32-bit kernel and a busybox that stands as its whole user space, or with memtest86+. */
import type { LabNode, WaitOptions } from "../../src/index.ts";
import type { SkippableContext } from "../oracle.ts";
import { makeForeignIso, packageFile } from "./packages.ts";

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
echo "init has come up"
while true; do setsid sh -c 'exec sh </dev/console >/dev/console 2>&1'; done
`;

export const LINUX_PROMPT = /\/ # $/;

/** What lines print that are typed at the shell of a booted one, up to the status of the last command. */
export function linuxShell(node: LabNode, options: WaitOptions = {}): (line: string) => Promise<string> {
  return async (line) => {
    const [said] = await node.enter(`${line}; echo status-$?`, /[\s\S]*status-\d+/, { within: "60s", ...options });
    return said;
  };
}

const encoder = new TextEncoder();

/** An archive in the "new ASCII" form of cpio, which the kernel unpacks as its first root file system. */
function cpio(files: readonly (readonly [path: string, mode: number, content: Uint8Array | string])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const put = (bytes: Uint8Array): void => {
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    parts.push(padded);
    size += padded.length;
  };
  [...files, ["TRAILER!!!", 0, ""] as const].forEach(([path, mode, content], index) => {
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    // inode, mode, uid, gid, links, time, size, device, special device, length of the name, sum
    const fields = [index + 1, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, path.length + 1, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${path}\0`;
    put(encoder.encode(head));
    put(bytes);
  });
  const archive = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

const FOLDER = 0o040755;
const PROGRAM = 0o100755;

/** A file of the root file system beside those that are always there, or a folder (null). */
export type RootFile = readonly [path: string, content: Uint8Array | null];

/** The root file system that the kernel unpacks. */
export function linuxRoot(context: SkippableContext, more: readonly RootFile[] = []): Uint8Array {
  return cpio([
    ...["bin", "dev", "proc", "sys"].map((name) => [name, FOLDER, ""] as const),
    ["bin/busybox", PROGRAM, packageFile("busybox", "busybox-static:i386", context)],
    ["e1000.ko", PROGRAM, packageFile("e1000.ko", "linux-image-686:i386", context)],
    ["init", PROGRAM, INIT],
    ...more.map(([path, content]) => [path, content ? PROGRAM : FOLDER, content ?? ""] as const),
  ]);
}

/** Debian's kernels, and of which package each is. */
const KERNELS = { vmlinuz: "linux-image-686:i386", "vmlinuz-pae": "linux-image-686-pae:i386" } as const;

/** A CD that ISOLINUX boots: a kernel, what its line in isolinux.cfg says besides, and other files. */
function isolinuxIso(
  kernel: Uint8Array,
  append: string,
  more: Readonly<Record<string, Uint8Array>>,
  context: SkippableContext,
): Uint8Array {
  return makeForeignIso(
    {
      "isolinux/isolinux.bin": packageFile("/usr/lib/ISOLINUX/isolinux.bin", "isolinux", context),
      "isolinux/ldlinux.c32": packageFile("/usr/lib/syslinux/modules/bios/ldlinux.c32", "syslinux-common", context),
      "isolinux/isolinux.cfg": `DEFAULT linux\nLABEL linux\n  LINUX /kernel\n  APPEND ${append}\n`,
      kernel,
      ...more,
    },
    "-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table".split(" "),
    context,
  );
}

/** Linux with its root file system. `append` goes to the kernel. */
export const linuxIso = (
  append: string,
  context: SkippableContext,
  more: readonly RootFile[] = [],
  kernel: keyof typeof KERNELS = "vmlinuz",
): Uint8Array =>
  isolinuxIso(
    packageFile(kernel, KERNELS[kernel], context),
    `initrd=/root.cpio ${append}`,
    { "root.cpio": linuxRoot(context, more) },
    context,
  );

/** memtest86+, which is a kernel to ISOLINUX. `append` are its options. */
export const memtestIso = (append: string, context: SkippableContext): Uint8Array =>
  isolinuxIso(packageFile("/boot/memtest86+ia32.bin", "memtest86+", context), append, {}, context);
