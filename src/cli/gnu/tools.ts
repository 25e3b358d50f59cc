/** The commands with the command lines of the GNU tools, and what the help says of each. */
export const TOOLS: ReadonlyMap<string, string> = new Map([
  ["as", "assemble, as GNU as does"],
  ["ld", "link objects and archives, as GNU ld does"],
  ["nm", "list symbols, as GNU nm does"],
  ["objdump", "show what is in objects and programs, as GNU objdump does"],
  ["objcopy", "make flat images of programs, leave sections out, as GNU objcopy does"],
  ["ar", "make archives and take them apart, as GNU ar does"],
  ["ranlib", "give archives their symbol index, as GNU ranlib does"],
  ["strip", "remove symbols and debugging information, as GNU strip does"],
  ["readelf", "show what an ELF file says of itself, as GNU readelf does"],
  ["size", "print the sizes of sections, as GNU size does"],
]);
