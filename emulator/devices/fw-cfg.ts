/**
 * QEMU's firmware configuration device (fw_cfg), as much of it as a guest needs to read files that were given to its machine:
 * a selector, a data port, the signature and the directory. It is there only when there are files. Source: QEMU,
 * docs/specs/fw_cfg.rst.
 */
import type { AccessBytes, PortHandler } from "../bus/bus.ts";
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
/** Bit 0: the interface by ports; bit 1 would be DMA. */
const REVISION = 1;

export class FirmwareConfiguration implements Stateful {
  /** Two ports: the selector, 16 bits, and the data, one byte at a time. */
  readonly ports: PortHandler;
  readonly #items = new Map<number, Uint8Array>();
  #selected = 0;
  #offset = 0;

  constructor(files: readonly SettingFile[]) {
    const encoder = new TextEncoder();
    const directory = new Uint8Array(4 + files.length * ENTRY_BYTES);
    const view = new DataView(directory.buffer);
    view.setUint32(0, files.length);
    for (const [index, { name, text }] of files.entries()) {
      const content = encoder.encode(text);
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

  reset(): void {
    this.#selected = 0;
    this.#offset = 0;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("firmware configuration", 1);
    this.#selected = visitor.integer(this.#selected);
    this.#offset = visitor.integer(this.#offset);
  }
}
