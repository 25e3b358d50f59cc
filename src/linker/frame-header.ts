/**
 * `--eh-frame-hdr`: a table in which unwinders find the description of a function by its address (LSB Core 5.0, "The
 * .eh_frame_hdr section"). Compilers ask for it with every program that is not -static, kernels among them.
 */
import { SHF_ALLOC, SHT_PROGBITS } from "../object/elf.ts";
import { describedFunctions } from "./eh-frame.ts";
import { type InputObject, InputSection } from "./input-section.ts";
import type { SymbolTable } from "./symbols.ts";

const FRAMES = ".eh_frame";
const NAME = ".eh_frame_hdr";
/** What programs call the table that look for it themselves. */
const SYMBOL = "__GNU_EH_FRAME_HDR";
/** Version, three encodings, and the distance to the descriptions. */
const HEAD_BYTES = 8;
const COUNT_BYTES = 4;
const ENTRY_BYTES = 8;
/** No more than an end mark is in a section that small. */
const EMPTY_BYTES = 8;

/** How pointers are encoded (LSB Core 5.0, "DWARF Exception Header Encoding"). */
const DW_EH_PE = { udata4: 0x03, sdata4: 0x0b, pcrel: 0x10, datarel: 0x30, omit: 0xff } as const;

export class FrameHeader {
  readonly section: InputSection;
  /** Those that the table is of; null when one of them says nothing that can be read. */
  #frames: readonly InputSection[] | null = null;

  private constructor(section: InputSection) {
    this.section = section;
  }

  /** Adds the section to the first object that describes functions; null where none does. */
  static addTo(objects: readonly InputObject[]): FrameHeader | null {
    const object = objects.find(({ sections }) => sections.some(isPresent));
    if (object === undefined) return null;
    const section = new InputSection(object, {
      index: object.sections.length,
      name: NAME,
      type: SHT_PROGBITS,
      flags: SHF_ALLOC,
      address: 0,
      align: 4,
      entrySizeBytes: 0,
      sizeBytes: 0,
      link: 0,
      info: 0,
      fileOffset: 0,
      content: new Uint8Array(0),
      relocations: [],
    });
    section.isRoot = true;
    object.sections.push(section);
    return new FrameHeader(section);
  }

  /**
   * Takes the size that the descriptions ask for, once it is known which of them stay. `frames`: those of the output.
   */
  settle(frames: readonly InputSection[], symbols: SymbolTable): void {
    const { section } = this;
    if (section.isDiscarded || !frames.some(isPresent)) {
      section.isStripped = true;
      return;
    }
    const counts = frames.map((one) => (one.sizeBytes <= COUNT_BYTES ? 0 : (describedFunctions(one)?.length ?? -1)));
    const isReadable = counts.every((count) => count >= 0);
    this.#frames = isReadable ? frames : null;
    section.sizeBytes = isReadable
      ? HEAD_BYTES + COUNT_BYTES + counts.reduce((sum, count) => sum + count * ENTRY_BYTES, 0)
      : HEAD_BYTES;
    section.content = new Uint8Array(section.sizeBytes);
    const symbol = symbols.enter(SYMBOL);
    if (symbol.isDefined) return;
    symbol.state = "defined";
    symbol.section = section;
    symbol.value = 0;
    symbol.isForcedLocal = true;
  }

  /** Writes the table. `contentOf`: the bytes of a section as they will be in the file. */
  write(content: Uint8Array, framesAddress: number, contentOf: (section: InputSection) => Uint8Array): void {
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const base = this.section.addressOf(0);
    const entries = (this.#frames ?? [])
      .filter(({ sizeBytes }) => sizeBytes > COUNT_BYTES)
      .flatMap((section) => entriesOf(section, contentOf(section)))
      .sort((a, b) => a.begin - b.begin || a.length - b.length);
    const isTable = entries.length > 0;
    content[0] = 1;
    content[1] = DW_EH_PE.pcrel | DW_EH_PE.sdata4;
    content[2] = isTable ? DW_EH_PE.udata4 : DW_EH_PE.omit;
    content[3] = isTable ? DW_EH_PE.datarel | DW_EH_PE.sdata4 : DW_EH_PE.omit;
    view.setInt32(4, framesAddress - base - 4, true);
    if (!isTable) return;
    view.setUint32(HEAD_BYTES, entries.length, true);
    entries.forEach(({ begin, description }, index) => {
      const at = HEAD_BYTES + COUNT_BYTES + index * ENTRY_BYTES;
      view.setInt32(at, begin - base, true);
      view.setInt32(at + 4, description - base, true);
    });
  }
}

function isPresent(section: InputSection | null): boolean {
  return section !== null && section.name === FRAMES && section.elf.sizeBytes > EMPTY_BYTES && !section.isDiscarded;
}

interface Entry {
  readonly begin: number;
  readonly length: number;
  /** Address of the description. */
  readonly description: number;
}

function entriesOf(section: InputSection, content: Uint8Array): Entry[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const address = (section.output?.address ?? 0) + section.offset;
  return (describedFunctions(section) ?? []).map(({ start, beginAt, encoding }) => {
    const field = view.getUint32(beginAt, true);
    const begin = (encoding & 0x70) === DW_EH_PE.pcrel ? (field + address + beginAt) >>> 0 : field;
    return { begin, length: view.getUint32(beginAt + 4, true), description: address + start };
  });
}
