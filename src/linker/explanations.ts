/** What the linker's diagnostics mean and what to do, for `qure explain ID`. */
export const LINK_EXPLANATIONS = {
  "undefined-symbol":
    "Something refers to a name that no object, archive or script defines. The place is where the reference stands, when the object has line information (assemble with -g). Check the spelling, " +
    "a missing .globl where it is defined, a file that is missing on the command line, or an archive that stands in front of the object that needs it: archives are searched in order, --start-group searches them again.",
  "duplicate-symbol":
    "Two objects define the same global name; the note shows the first definition. Rename one, make one local by leaving out .globl, or make one .weak, so that it gives way. --allow-multiple-definition takes the first.",
  "link-overflow":
    "An address does not fit into the field that refers to it: a 16-bit or 8-bit field with an address that is too large, or a short jump to something too far away. In 16-bit code subtract the segment's base, " +
    "or place the section lower; a jump can be made near, or jump to something nearer.",
  "link-discarded":
    "Something that is linked refers to a section that is not: /DISCARD/ in the script or --gc-sections threw it away, or it is another copy of a comdat group. Keep the section with KEEP, or remove the reference.",
  "cross-reference":
    "The script forbids references between these sections (NOCROSSREFS), most often because they are overlays that are never in memory at the same time.",
  "entry-symbol":
    "The entry point, from -e, from ENTRY in the script or _start by default, is not defined. The program starts at the beginning of .text instead. A flat image has no entry point: -e 0 says so.",
  "section-overlap":
    "Two sections that are loaded lie on top of each other. Most often the address of one is given and the one before it has grown, or the script does not mention a section, which then lies after another one. " +
    "Look at both in the map (-Map); sections that are meant to share an address belong into OVERLAY. --no-check-sections allows it.",
  "region-overflow":
    "A memory region of the script is too small for the sections in it. --print-memory-usage shows how full each is; the map (-Map) shows what is large.",
  "undeclared-region":
    "A section goes into a memory region (`> rom`, `AT> rom`), or ORIGIN or LENGTH asks for one, that MEMORY does not declare. As GNU ld does, the linker goes on as if the region began at 0 and had no end. Declare it, or mend its name.",
  "orphan-section":
    "The script does not mention this section, so the linker places it by its attributes. Name it in the script, or throw it away with /DISCARD/. --orphan-handling=place is silent.",
  "executable-stack":
    "Objects say in a section .note.GNU-stack whether they need a stack that can be executed; without one they do. It matters only to a system that loads ELF programs. Add " +
    '`.section .note.GNU-stack,"",@progbits` to the source, or give -z noexecstack.',
  "rwx-segment":
    "Code and writable data share a segment of the program, so its memory can be written and executed. It matters only to a system that maps segments with their permissions; a kernel does that itself. " +
    "ALIGN(4096) between code and data in the script separates them; --no-warn-rwx-segments is silent.",
  "bad-object":
    "The file is no object that can be linked: it is cut off, damaged, made for another machine, or no ELF file at all; an executable cannot be linked again either. Make it anew, with `qure as` or `as --32`.",
  "script-syntax":
    "The linker script cannot be read from this place on. A statement such as `name = value` ends with a semicolon, a block with a brace; names with other characters than letters, digits, `_`, `.` and `$` stand in quotes.",
  "script-value":
    "An expression of the linker script has no value here: it divides by zero, asks for a region that MEMORY does not declare or for a section that the program does not have, or calls a function that scripts do not have.",
  "script-assertion":
    "An ASSERT of the linker script does not hold; the sentence is the script's own. The map (-Map) shows the addresses and sizes that it speaks of.",
  link: "The linker cannot make a program of these files and this script; the sentence says why.",
} as const satisfies Readonly<Record<string, string>>;

/** What kind of diagnostic it is: given where it is raised, whatever its sentence says. */
export type LinkId = keyof typeof LINK_EXPLANATIONS;
