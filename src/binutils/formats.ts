/** What `objdump -i`, `objcopy --info` and `strip --info` say: Makefiles look there for the format that they need. */

const ARCHITECTURE = "i386";
const ELF = "elf32-i386";
/** In GNU's order. */
const FORMATS = [ELF, "srec", "verilog", "binary", "ihex"];

function described(format: string): string {
  const order = format === ELF ? "little endian" : "endianness unknown";
  return `${format}\n (header ${order}, data ${order})\n  ${ARCHITECTURE}\n`;
}

/** In the text of GNU objdump 2.40, with the formats that there are here. */
export const GNU_FORMATS = `BFD header file version (QuRe) 2.40
${FORMATS.map(described).join("")}
         ${FORMATS.join(" ")} 
    ${ARCHITECTURE} ${FORMATS.join(" ")}
`;
