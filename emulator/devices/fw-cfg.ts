/**
 * QEMU's firmware configuration device (fw_cfg), as much of it as a guest needs to read files that were given to its
 * machine: a selector, a data port, the signature and the directory. It is there only when there are files. Source:
 * QEMU, docs/specs/fw_cfg.rst.
 *
 * One file more is the machine's generation, as QEMU's vmgenid device has it (docs/specs/vmgenid.rst): 16 bytes that
 * are others once the machine goes on as a copy of itself, so that a guest draws its secrets anew.
 */
import type { AccessBytes, PortHandler } from "../bus/bus.ts";
import { Random } from "../state/random.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

/** A file that a guest can read; `-fw_cfg name=NAME,string=TEXT` gives a machine of QEMU the same. */
export interface SettingFile {
  /** At most 55 characters; `opt/...` for what is not the firmware's own. */
  readonly name: string;
  readonly text: string;
}

const SELECTOR = 0;
const SIGNATURE_KEY = 0x0000;
const REVISION_KEY = 0x0001;
const DIRECTORY_KEY = 0x0019;
const FIRST_FILE_KEY = 0x0020;
const NAME_BYTES = 56;
const ENTRY_BYTES = 8 + NAME_BYTES;
const GENERATION_FILE = "etc/vmgenid_guid";
const GENERATION_FILE_BYTES = 4096;
const GENERATION_AT = 40;
const GENERATION_WORDS = 4;
/** Bit 0: the interface by ports; bit 1 would be DMA. */
const REVISION = 1;

export class FirmwareConfiguration implements Stateful {
  /** Two ports: the selector, 16 bits, and the data, one byte at a time. */
  readonly ports: PortHandler;
  readonly #items = new Map<number, Uint8Array>();
  #selected = 0;
  #offset = 0;
  /** Which copy of the machine this is: 0 until it is said to be one. */
  #generation = 0;
  readonly #generationFile = new Uint8Array(GENERATION_FILE_BYTES);

  constructor(settings: readonly SettingFile[]) {
    const encoder = new TextEncoder();
    const texts = settings.map(({ name, text }) => ({ name, content: encoder.encode(text) }));
    const files = [...texts, { name: GENERATION_FILE, content: this.#generationFile }];
    this.#fillGeneration();
    const directory = new Uint8Array(4 + files.length * ENTRY_BYTES);
    const view = new DataView(directory.buffer);
    view.setUint32(0, files.length);
    for (const [index, { name, content }] of files.entries()) {
      const nameBytes = encoder.encode(name);
      if (nameBytes.length >= NAME_BYTES) throw new RangeError(`the name of a setting is too long: ${name}`);
      const at = 4 + index * ENTRY_BYTES;
      view.setUint32(at, content.length);
      view.setUint16(at + 4, FIRST_FILE_KEY + index);
      directory.set(nameBytes, at + 8);
      this.#items.set(FIRST_FILE_KEY + index, content);
    }
    this.#items.set(SIGNATURE_KEY, encoder.encode("QEMU"));
    this.#items.set(REVISION_KEY, Uint8Array.of(REVISION, 0, 0, 0));
    this.#items.set(DIRECTORY_KEY, directory);
    this.ports = {
      readPort: (offset, sizeBytes) => (offset === SELECTOR ? 0 : this.#read(sizeBytes)),
      writePort: (offset, sizeBytes, value) => {
        if (offset !== SELECTOR || sizeBytes !== 2) return;
        this.#selected = value & 0xffff;
        this.#offset = 0;
      },
    };
  }

  /** Bytes from the selected item, the first in the lowest place; 0 after its end. */
  #read(sizeBytes: AccessBytes): number {
    const item = this.#items.get(this.#selected);
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) value |= (item?.[this.#offset++] ?? 0) << (8 * byte);
    return value >>> 0;
  }

  /** The machine goes on as this copy of itself. */
  set generation(generation: number) {
    this.#generation = generation;
    this.#fillGeneration();
  }

  #fillGeneration(): void {
    const random = new Random(this.#generation, "generation");
    const view = new DataView(this.#generationFile.buffer);
    for (let word = 0; word < GENERATION_WORDS; word++) view.setUint32(GENERATION_AT + 4 * word, random.u32(), true);
  }

  reset(): void {
    this.#selected = 0;
    this.#offset = 0;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("firmware configuration", 2);
    this.#selected = visitor.integer(this.#selected);
    this.#offset = visitor.integer(this.#offset);
    this.generation = visitor.integer(this.#generation);
  }
}
