/** What client and server agree on before the first request (proto.md, "Option types"). */
import type { VolumeDevice } from "../model.ts";
import * as nbd from "./words.ts";

export interface NbdExport {
  readonly name: string;
  readonly device: VolumeDevice;
  readonly flags: number;
}

export interface Negotiated {
  hasStructured: boolean;
  /** `base:allocation` was asked for. */
  hasStatus: boolean;
  noZeroes: boolean;
}

type Answer = (type: number, payload?: Uint8Array) => void;

const LARGEST_NAME = 4096;
const LARGEST_REQUEST = 32 << 20;
const BLOCK_BYTES = 4096;
const CONTEXT_ID = 1;

/** What a device can do; several connections see one another's writes, as one process serves them all. */
export function exportFlags({ readOnly }: VolumeDevice): number {
  const always = nbd.CAN.hasFlags | nbd.CAN.flush | nbd.CAN.fua | nbd.CAN.doNotFragment | nbd.CAN.multiConnection;
  return always | (readOnly ? nbd.CAN.readOnly : nbd.CAN.trim | nbd.CAN.writeZeroes);
}

/** Reads an option's data; `null` results say that it ends too early. */
class Words {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get rest(): number {
    return this.#view.byteLength - this.#at;
  }

  u16(): number | null {
    if (this.rest < 2) return null;
    this.#at += 2;
    return this.#view.getUint16(this.#at - 2);
  }

  u32(): number | null {
    if (this.rest < 4) return null;
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4);
  }

  text(): string | null {
    const length = this.u32();
    if (length === null || length > this.rest || length > LARGEST_NAME) return null;
    this.#at += length;
    return new TextDecoder().decode(
      new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#at - length, length),
    );
  }
}

const message = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The export that requests go to from now on; `end`: nothing more is said; null: the next option. */
export function negotiate(
  option: number,
  data: Uint8Array,
  exports: readonly NbdExport[],
  agreed: Negotiated,
  answer: Answer,
): NbdExport | "end" | null {
  const invalid = (text: string): null => {
    answer(nbd.REPLY.invalid, message(text));
    return null;
  };
  switch (option) {
    case nbd.OPTION.exportName:
      // There is no way to say that it is not there.
      return find(exports, new TextDecoder().decode(data)) ?? "end";
    case nbd.OPTION.abort:
      answer(nbd.REPLY.ack);
      return "end";
    case nbd.OPTION.list:
      if (data.length > 0) return invalid("LIST has no data");
      for (const { name } of exports) answer(nbd.REPLY.server, withLength(message(name)));
      answer(nbd.REPLY.ack);
      return null;
    case nbd.OPTION.structuredReply:
      if (data.length > 0) return invalid("STRUCTURED_REPLY has no data");
      agreed.hasStructured = true;
      answer(nbd.REPLY.ack);
      return null;
    case nbd.OPTION.info:
    case nbd.OPTION.go:
      return inform(option, data, exports, answer, invalid);
    case nbd.OPTION.listMetaContext:
    case nbd.OPTION.setMetaContext:
      contexts(option, data, exports, agreed, answer, invalid);
      return null;
    default:
      answer(nbd.REPLY.unsupported);
      return null;
  }
}

/** Without a name it is the only one. */
const find = (exports: readonly NbdExport[], name: string): NbdExport | undefined =>
  exports.find((one) => one.name === name) ?? (name === "" && exports.length === 1 ? exports[0] : undefined);

function withLength(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(4 + bytes.length);
  new DataView(result.buffer).setUint32(0, bytes.length);
  result.set(bytes, 4);
  return result;
}

function inform(
  option: number,
  data: Uint8Array,
  exports: readonly NbdExport[],
  answer: Answer,
  invalid: (text: string) => null,
): NbdExport | null {
  const words = new Words(data);
  const name = words.text();
  const count = words.u16();
  if (name === null || count === null || words.rest !== 2 * count) return invalid("its lengths do not fit");
  const found = find(exports, name);
  if (!found) {
    answer(nbd.REPLY.unknown, message(`there is no volume ${JSON.stringify(name)} here`));
    return null;
  }
  const size = new Uint8Array(12);
  const sizeView = new DataView(size.buffer);
  sizeView.setUint16(0, nbd.INFO.export);
  sizeView.setBigUint64(2, BigInt(found.device.sizeBytes));
  sizeView.setUint16(10, found.flags);
  answer(nbd.REPLY.info, size);
  const blocks = new Uint8Array(14);
  const blockView = new DataView(blocks.buffer);
  blockView.setUint16(0, nbd.INFO.blockSize);
  [1, BLOCK_BYTES, LARGEST_REQUEST].forEach((bytes, index) => blockView.setUint32(2 + 4 * index, bytes));
  answer(nbd.REPLY.info, blocks);
  answer(nbd.REPLY.ack);
  return option === nbd.OPTION.go ? found : null;
}

function contexts(
  option: number,
  data: Uint8Array,
  exports: readonly NbdExport[],
  agreed: Negotiated,
  answer: Answer,
  invalid: (text: string) => null,
): void {
  const isSet = option === nbd.OPTION.setMetaContext;
  const words = new Words(data);
  const name = words.text();
  const count = words.u32();
  if (name === null || count === null) return void invalid("its lengths do not fit");
  const queries: string[] = [];
  for (let index = 0; index < count; index++) {
    const query = words.text();
    if (query === null) return void invalid("its lengths do not fit");
    queries.push(query);
  }
  if (words.rest > 0) return void invalid("its lengths do not fit");
  if (isSet && !agreed.hasStructured) return void invalid("structured replies are to be agreed on first");
  if (!find(exports, name))
    return answer(nbd.REPLY.unknown, message(`there is no volume ${JSON.stringify(name)} here`));
  const isWanted = queries.includes(nbd.ALLOCATION) || (!isSet && (count === 0 || queries.includes("base:")));
  if (isSet) agreed.hasStatus = isWanted;
  if (isWanted) {
    const context = new Uint8Array(4 + nbd.ALLOCATION.length);
    new DataView(context.buffer).setUint32(0, CONTEXT_ID);
    context.set(message(nbd.ALLOCATION), 4);
    answer(nbd.REPLY.metaContext, context);
  }
  answer(nbd.REPLY.ack);
}
