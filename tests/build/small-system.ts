/** A system of few sources that has all that a build makes: QuRe's loader, a kernel of three objects, two programs. */
import { folderTree } from "../../src/host/files.ts";

const own = folderTree(".");
const isBase = (path: string): boolean =>
  path.startsWith("boot/loader") || path.startsWith("asm/include/") || path === "asm/programs.ld";

const OWN_FILES: Readonly<Record<string, string>> = {
  "asm/kernel.ld":
    "ENTRY(kernel_entry)\nSECTIONS { .kernel32 0 : { *(.text) *(.programs) *(.shellcmd) *(.rodata.str) } }\n",
  "asm/kernel/own.inc": ".set STEPS, 3\n.set KINDS, 5\n",
  "asm/kernel/main.s":
    '.include "own.inc"\n.globl kernel_entry\nkernel_entry: push %ebx\n mov $STEPS, %ecx\n call part_a\n call part_b\n pop %ebx\n hlt\n',
  "asm/kernel/part-a.s": '.include "own.inc"\n.globl part_a\npart_a: push %esi\n mov $KINDS, %eax\n pop %esi\n ret\n',
  "asm/kernel/part-b.s": ".globl part_b\npart_b: nop\n ret\n",
  "asm/programs/one.s": ".globl _start, start\n_start: start: call shared\n ret\n",
  "asm/programs/two.s": ".globl _start, start\n_start: start: nop\n ret\n",
  "asm/programs/lib/shared.s": ".globl shared\nshared: inc %eax\n ret\n",
};

/** Its files, by path. */
export function smallSystem(): Map<string, string> {
  const base = ["asm", "boot"].flatMap((folder) => own.list(folder)).filter(isBase);
  return new Map([
    ...base.map((path): [string, string] => [path, Buffer.from(own.read(path)!).toString("latin1")]),
    ...Object.entries(OWN_FILES),
  ]);
}

/** Files in memory as a build reads them, each call anew. */
export function treeOf(files: ReadonlyMap<string, string>): {
  list(folder: string): string[];
  read(path: string): Uint8Array | null;
} {
  return {
    list: (folder) => [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort(),
    read: (path) => {
      const text = files.get(path);
      return text === undefined ? null : new Uint8Array(Buffer.from(text, "latin1"));
    },
  };
}
