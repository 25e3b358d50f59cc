/** What `objdump -i`, `objcopy --info` and `strip --info` say: Makefiles look there for the format that they need. */

const ARCHITECTURE = "i386";
const ELF = "elf32-i386";
const BINARY = "binary";

/** In the text of GNU objdump 2.40, with the formats that there are here. */
export const GNU_FORMATS = `BFD header file version (QuRe) 2.40
${ELF}
 (header little endian, data little endian)
  ${ARCHITECTURE}
${BINARY}
 (header endianness unknown, data endianness unknown)
  ${ARCHITECTURE}

         ${ELF} ${BINARY} 
    ${ARCHITECTURE} ${ELF} ${BINARY}
`;
