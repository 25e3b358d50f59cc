/**
 * The script that links when none is given: where a static Linux program for the Intel 80386 has its sections, so that
 * addresses are those of GNU ld's built-in script for elf_i386. Kept as a table of what belongs together;
 * `defaultScript` writes it as a script.
 */

/** Section -> what goes into it. Its text stands in braces. */
type Row = readonly [name: string, content: string, constraint?: string];

const HEADERS: readonly Row[] = [
  [".interp", "*(.interp)"],
  [".note.gnu.build-id", "*(.note.gnu.build-id)"],
  [".hash", "*(.hash)"],
  [".gnu.hash", "*(.gnu.hash)"],
  [".dynsym", "*(.dynsym)"],
  [".dynstr", "*(.dynstr)"],
  [".gnu.version", "*(.gnu.version)"],
  [".gnu.version_d", "*(.gnu.version_d)"],
  [".gnu.version_r", "*(.gnu.version_r)"],
];

/** Sections with relocations for a dynamic linker, and the letters of their `.gnu.linkonce` copies. */
const RELOCATED: readonly (readonly [name: string, linkonce: string | null])[] = [
  ["init", null],
  ["text", "t"],
  ["fini", null],
  ["rodata", "r"],
  ["data.rel.ro", "d.rel.ro"],
  ["data", "d"],
  ["tdata", "td"],
  ["tbss", "tb"],
  ["ctors", null],
  ["dtors", null],
  ["got", null],
  ["bss", "b"],
  ["ifunc", null],
];

const CODE: readonly Row[] = [
  [".init", "KEEP(*(SORT_NONE(.init)))"],
  [".plt", "*(.plt) *(.iplt)"],
  [".plt.got", "*(.plt.got)"],
  [".plt.sec", "*(.plt.sec)"],
  [
    ".text",
    [
      "*(.text.unlikely .text.*_unlikely .text.unlikely.*)",
      "*(.text.exit .text.exit.*)",
      "*(.text.startup .text.startup.*)",
      "*(.text.hot .text.hot.*)",
      "*(SORT(.text.sorted.*))",
      "*(.text .stub .text.* .gnu.linkonce.t.*)",
      "*(.gnu.warning)",
    ].join(" "),
  ],
  [".fini", "KEEP(*(SORT_NONE(.fini)))"],
];

const CONSTANTS: readonly Row[] = [
  [".rodata", "*(.rodata .rodata.* .gnu.linkonce.r.*)"],
  [".rodata1", "*(.rodata1)"],
  [".eh_frame_hdr", "*(.eh_frame_hdr) *(.eh_frame_entry .eh_frame_entry.*)"],
];

/** Tables for unwinding: among the constants when nothing in them is written to, else among the data. */
const FRAMES: readonly Row[] = [
  [".eh_frame", "KEEP(*(.eh_frame)) *(.eh_frame.*)"],
  [".sframe", "*(.sframe) *(.sframe.*)"],
];
const TABLES: readonly Row[] = [[".gcc_except_table", "*(.gcc_except_table .gcc_except_table.*)"]];
const EXCEPTIONS: readonly Row[] = [[".exception_ranges", "*(.exception_ranges*)"]];
const READONLY_UNWINDING: readonly Row[] = [...FRAMES, ...TABLES, [".gnu_extab", "*(.gnu_extab*)"], ...EXCEPTIONS];
const WRITABLE_UNWINDING: readonly Row[] = [...FRAMES, [".gnu_extab", "*(.gnu_extab)"], ...TABLES, ...EXCEPTIONS];

const bounded = (name: string, content: string): string =>
  `PROVIDE_HIDDEN(__${name}_start = .); ${content} PROVIDE_HIDDEN(__${name}_end = .);`;

/** Constructors of C++ runtimes: the first and the last entry come from their own start files. */
const runtimeList = (name: string): string =>
  `KEEP(*crtbegin.o(.${name})) KEEP(*crtbegin?.o(.${name})) KEEP(*(EXCLUDE_FILE(*crtend.o *crtend?.o) .${name})) KEEP(*(SORT(.${name}.*))) KEEP(*(.${name}))`;

const initialisers = (name: string, older: string): string =>
  bounded(
    name,
    `KEEP(*(SORT_BY_INIT_PRIORITY(.${name}.*) SORT_BY_INIT_PRIORITY(.${older}.*))) KEEP(*(.${name} EXCLUDE_FILE(*crtbegin.o *crtbegin?.o *crtend.o *crtend?.o) .${older}))`,
  );

const DATA: readonly Row[] = [
  [".tdata", "PROVIDE_HIDDEN(__tdata_start = .); *(.tdata .tdata.* .gnu.linkonce.td.*)"],
  [".tbss", "*(.tbss .tbss.* .gnu.linkonce.tb.*) *(.tcommon)"],
  [".preinit_array", bounded("preinit_array", "KEEP(*(.preinit_array))")],
  [".init_array", initialisers("init_array", "ctors")],
  [".fini_array", initialisers("fini_array", "dtors")],
  [".ctors", runtimeList("ctors")],
  [".dtors", runtimeList("dtors")],
  [".jcr", "KEEP(*(.jcr))"],
  [
    ".data.rel.ro",
    "*(.data.rel.ro.local* .gnu.linkonce.d.rel.ro.local.*) *(.data.rel.ro .data.rel.ro.* .gnu.linkonce.d.rel.ro.*)",
  ],
  [".dynamic", "*(.dynamic)"],
];

/** Sections of a partial link: each takes only what bears its own name. */
const own = (names: readonly string[], constraint = ""): Row[] =>
  names.map((name) => [name, `*(${name})`, constraint] as const);
const PARTIAL: readonly Row[] = [
  ...own([
    ".interp",
    ".note.gnu.build-id",
    ".hash",
    ".gnu.hash",
    ".dynsym",
    ".dynstr",
    ".gnu.version",
    ".gnu.version_d",
    ".gnu.version_r",
  ]),
  ...own(RELOCATED.map(([name]) => `.rel.${name}`)),
  ...own([".rel.plt", ".relr.dyn"]),
  [".init", "KEEP(*(SORT_NONE(.init)))"],
  ...own([".plt", ".plt.got", ".plt.sec"]),
  [".text", "*(.text .stub) *(.gnu.warning)"],
  [".fini", "KEEP(*(SORT_NONE(.fini)))"],
  ...own([".rodata", ".rodata1", ".eh_frame_hdr"]),
  [".eh_frame", "KEEP(*(.eh_frame))", "ONLY_IF_RO"],
  ...own([".sframe", ".gcc_except_table"], "ONLY_IF_RO"),
  [".gnu_extab", "*(.gnu_extab*)", "ONLY_IF_RO"],
  ...own([".exception_ranges"], "ONLY_IF_RO"),
  [".eh_frame", "KEEP(*(.eh_frame))", "ONLY_IF_RW"],
  ...own([".sframe", ".gnu_extab", ".gcc_except_table", ".exception_ranges"], "ONLY_IF_RW"),
  ...own([".tdata", ".tbss", ".jcr", ".dynamic", ".got", ".got.plt", ".data", ".data1", ".bss"]),
];

const STABS = [".stab", ".stabstr", ".stab.excl", ".stab.exclstr", ".stab.index", ".stab.indexstr", ".comment"];
const DWARF = [
  ".debug",
  ".line",
  ".debug_srcinfo",
  ".debug_sfnames",
  ".debug_aranges",
  ".debug_pubnames",
  ".debug_info",
  ".debug_abbrev",
  ".debug_line",
  ".debug_frame",
  ".debug_str",
  ".debug_loc",
  ".debug_macinfo",
  ".debug_weaknames",
  ".debug_funcnames",
  ".debug_typenames",
  ".debug_varnames",
  ".debug_pubtypes",
  ".debug_ranges",
  ".debug_addr",
  ".debug_line_str",
  ".debug_loclists",
  ".debug_macro",
  ".debug_names",
  ".debug_rnglists",
  ".debug_str_offsets",
  ".debug_sup",
];
/** Debugging sections with further input than their own name. */
const DWARF_EXTRA: Readonly<Record<string, string>> = {
  ".debug_info": " .gnu.linkonce.wi.*",
  ".debug_line": " .debug_line.* .debug_line_end",
};

export type ScriptKind = "paged" | "no-separate-code" | "unpaged" | "writable-text" | "partial";

const rows = (list: readonly Row[]): string =>
  list.map(([name, content, constraint]) => `${name} : ${constraint ?? ""} { ${content} }`).join("\n");

/** The text of the script for a way of linking: plain, -z noseparate-code, -n, -N, -r. */
export function defaultScript(kind: ScriptKind): string {
  const debugging = [
    ...STABS.map((name) => `${name} 0 : { *(${name}) }`),
    `.gnu.build.attributes : { *(.gnu.build.attributes${kind === "partial" ? "" : " .gnu.build.attributes.*"}) }`,
    ...DWARF.map((name) => `${name} 0 : { *(${name}${kind === "partial" ? "" : (DWARF_EXTRA[name] ?? "")}) }`),
    ".gnu.attributes 0 : { KEEP(*(.gnu.attributes)) }",
  ].join("\n");
  if (kind === "partial")
    return `SECTIONS {\n${PARTIAL.map(([name, content, constraint]) => `${name} 0 : ${constraint ?? ""} { ${content} }`).join("\n")}\n${debugging}\n}`;
  const page = "CONSTANT(MAXPAGESIZE)";
  const separate = kind === "paged";
  const relocated = RELOCATED.map(
    ([name, linkonce]) =>
      [
        `.rel.${name}`,
        `*(.rel.${name}${linkonce === null ? "" : ` .rel.${name}.* .rel.gnu.linkonce.${linkonce}.*`})`,
      ] as const,
  );
  // With pages, a dynamic linker's relocations lie in one section.
  const relocations =
    kind === "paged" || kind === "no-separate-code"
      ? `.rel.dyn : { ${relocated.map(([, content]) => content).join(" ")} }`
      : rows(relocated);
  return `ENTRY(_start)
SECTIONS {
PROVIDE(__executable_start = SEGMENT_START("text-segment", 0x08048000));
. = SEGMENT_START("text-segment", 0x08048000) + SIZEOF_HEADERS;
${rows(HEADERS)}
${relocations}
.rel.plt : { *(.rel.plt) PROVIDE_HIDDEN(__rel_iplt_start = .); *(.rel.iplt) PROVIDE_HIDDEN(__rel_iplt_end = .); }
.relr.dyn : { *(.relr.dyn) }
${separate ? `. = ALIGN(${page});` : ""}
${rows(CODE)}
PROVIDE(__etext = .); PROVIDE(_etext = .); PROVIDE(etext = .);
${separate ? `. = ALIGN(${page}); . = SEGMENT_START("rodata-segment", ALIGN(${page}) + (. & (${page} - 1)));` : ""}
${rows(CONSTANTS)}
${rows(READONLY_UNWINDING.map(([name, content]) => [name, content, "ONLY_IF_RO"] as const))}
. = ${kind === "writable-text" ? "." : `DATA_SEGMENT_ALIGN(${page}, CONSTANT(COMMONPAGESIZE))`};
${rows(WRITABLE_UNWINDING.map(([name, content]) => [name, content, "ONLY_IF_RW"] as const))}
${rows(DATA)}
.got : { *(.got) *(.igot) }
${kind === "writable-text" ? "" : ". = DATA_SEGMENT_RELRO_END(SIZEOF(.got.plt) >= 12 ? 12 : 0, .);"}
.got.plt : { *(.got.plt) *(.igot.plt) }
.data : { *(.data .data.* .gnu.linkonce.d.*) }
.data1 : { *(.data1) }
_edata = .; PROVIDE(edata = .);
. = .;
__bss_start = .;
.bss : { *(.dynbss) *(.bss .bss.* .gnu.linkonce.b.*) *(COMMON) . = ALIGN(. != 0 ? 4 : 1); }
. = ALIGN(4);
. = SEGMENT_START("ldata-segment", .);
. = ALIGN(4);
_end = .; PROVIDE(end = .);
${kind === "writable-text" ? "" : ". = DATA_SEGMENT_END(.);"}
${debugging}
/DISCARD/ : { *(.note.GNU-stack) *(.gnu_debuglink) *(.gnu.lto_*) }
}
`;
}
