/** What the diagnostics of `qure build` mean that neither assembler nor linker give, for `qure explain ID`. */
export const BUILD_EXPLANATIONS: Readonly<Record<string, string>> = {
  image:
    "The program is linked, and no boot image can be made of it. The sentence says what an image needs: docs/formats tells of the kernel image and of the boot record, asm/kernel.ld and boot/loader.ld make the sections that they are made of.",
  "no-sources":
    "A system is assembled from every file NAME.s below asm/ and below boot/loader/; here is none. --source names the folder that holds asm/ and boot/.",
  "no-script":
    "The kernel is linked by asm/kernel.ld and the loader by boot/loader.ld. This one is missing, or has another name.",
};

/** Files of a system that has its loader, by path. */
export interface BuildExample {
  readonly wrong: Readonly<Record<string, string>>;
  readonly right: Readonly<Record<string, string>>;
}

const SCRIPT = "ENTRY(kernel_entry)\nSECTIONS { .kernel32 0 : { *(.text) } }";
const MAIN = ".globl kernel_entry\nkernel_entry: hlt";

/** As `EXAMPLES` of the assembler: the wrong files get that very diagnostic, the right ones none. */
export const BUILD_EXAMPLES: Readonly<Record<string, BuildExample>> = {
  image: {
    wrong: { "asm/main.s": MAIN, "asm/kernel.ld": "ENTRY(kernel_entry)\nSECTIONS { .text 0 : { *(.text) } }" },
    right: { "asm/main.s": MAIN, "asm/kernel.ld": SCRIPT },
  },
  "no-sources": {
    wrong: { "asm/main.asm": MAIN, "asm/kernel.ld": SCRIPT },
    right: { "asm/main.s": MAIN, "asm/kernel.ld": SCRIPT },
  },
  "no-script": {
    wrong: { "asm/main.s": MAIN, "asm/linker.ld": SCRIPT },
    right: { "asm/main.s": MAIN, "asm/kernel.ld": SCRIPT },
  },
};
