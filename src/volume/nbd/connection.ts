/**
 * One client of an NBD server: the handshake, then requests, which may be answered in any order. What a client sends
 * wrong is an error of that option or request; the connection goes on. Only what cannot be read any further ends it.
 */
import { assert } from "../../diagnostic/invariant.ts";
import { type VolumeDevice, VolumeError, type VolumeTrouble } from "../model.ts";
import { byteRange } from "./bytes.ts";
import { type NbdExport, type Negotiated, negotiate } from "./options.ts";
import * as nbd from "./words.ts";

/** Requests that are under way, and bytes of theirs and of answers, before a client is read no further. */
const MOST_REQUESTS = 64;
const MOST_BYTES = 64 << 20;
/** Of one request. */
const LARGEST_BYTES = 32 << 20;
const NOTHING = new Uint8Array();
/** What is read at once of a long read. */
const PIECE_BYTES = 256 * 1024;
const LARGEST_OPTION = 64 << 10;
const MOST_EXTENTS = 1024;
const REQUEST_BYTES = 28;
const OPTION_BYTES = 16;

export interface NbdPeer {
  /** The bytes of all, one after the other. */
  send(...parts: readonly Uint8Array[]): void;
  /** What was sent, and the client has not taken yet. Whoever passes it on says when that is less. */
  unsentBytes(): number;
  /** No more is read until it is taken back. */
  pause(isPaused: boolean): void;
  close(): void;
}

interface Request {
  readonly flags: number;
  readonly type: number;
  readonly handle: bigint;
  readonly at: number;
  readonly length: number;
  readonly data: Uint8Array;
}

const ERRORS: Readonly<Partial<Record<VolumeTrouble, number>>> = {
  full: nbd.ERROR.noSpace,
  "read-only": nbd.ERROR.permission,
  fenced: nbd.ERROR.shutdown,
};

/** An error for one request. */
class RequestError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export class NbdConnection {
  readonly #peer: NbdPeer;
  readonly #exports: readonly NbdExport[];
  #state: "flags" | "options" | "requests" | "over" = "flags";
  #pieces: Uint8Array[] = [];
  #haveBytes = 0;
  /** Bytes of a request that was refused by its length alone. */
  #skip = 0;
  readonly #negotiated: Negotiated = { hasStructured: false, hasStatus: false, noZeroes: false };
  #device: VolumeDevice | null = null;
  #requests = 0;
  #bytes = 0;
  #isPaused = false;
  /** Of parts of sectors: one after the other. */
  #partial: Promise<unknown> = Promise.resolve();
  /** Hears of what a person should know: an error of the volume. */
  readonly #onTrouble: (error: unknown) => void;

  constructor(peer: NbdPeer, exports: readonly NbdExport[], onTrouble: (error: unknown) => void = () => {}) {
    this.#peer = peer;
    this.#exports = exports;
    this.#onTrouble = onTrouble;
    const hello = new Uint8Array(18);
    const view = new DataView(hello.buffer);
    view.setBigUint64(0, nbd.NBD_MAGIC);
    view.setBigUint64(8, nbd.OPTION_MAGIC);
    view.setUint16(16, nbd.HANDSHAKE.fixedNewstyle | nbd.HANDSHAKE.noZeroes);
    peer.send(hello);
  }

  /** The bytes are kept: nobody may write them any more. */
  receive(bytes: Uint8Array): void {
    if (this.#state === "over") return;
    this.#pieces.push(bytes);
    this.#haveBytes += bytes.length;
    this.#goOn();
  }

  /** As long as another message is there, whole, and the client takes what it is answered. */
  #goOn(): void {
    for (let more = true; more && !this.#isOver() && !this.#isPaused; ) {
      more = this.#step();
      this.#pauseIfFull();
    }
  }

  /** The client has taken answers. */
  drained(): void {
    this.#pauseIfFull();
  }

  /** The handshake is over. */
  get isServed(): boolean {
    return this.#state === "requests";
  }

  #isOver(): boolean {
    return this.#state === "over";
  }

  /** The client is gone. */
  closed(): void {
    this.#state = "over";
    this.#pieces = [];
  }

  #end(): void {
    this.#state = "over";
    this.#pieces = [];
    this.#peer.close();
  }

  /** The next bytes, taken or only looked at; null: there are not so many yet. */
  #take(lengthBytes: number, isLook = false): Uint8Array | null {
    if (this.#haveBytes < lengthBytes) return null;
    if (this.#pieces.length > 1 && this.#pieces[0]!.length < lengthBytes) {
      const all = new Uint8Array(this.#haveBytes);
      let at = 0;
      for (const piece of this.#pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      this.#pieces = [all];
    }
    const [first] = this.#pieces;
    const taken = first!.subarray(0, lengthBytes);
    if (isLook) return taken;
    this.#pieces[0] = first!.subarray(lengthBytes);
    if (this.#pieces[0].length === 0) this.#pieces.shift();
    this.#haveBytes -= lengthBytes;
    return taken;
  }

  #step(): boolean {
    if (this.#skip > 0) {
      const bytes = Math.min(this.#skip, this.#haveBytes);
      for (let left = bytes; left > 0; ) {
        const piece = Math.min(left, this.#pieces[0]!.length);
        this.#take(piece);
        left -= piece;
      }
      this.#skip -= bytes;
      return this.#skip === 0 && this.#haveBytes > 0;
    }
    if (this.#state === "flags") return this.#flags();
    return this.#state === "options" ? this.#option() : this.#request();
  }

  #flags(): boolean {
    const bytes = this.#take(4);
    if (!bytes) return false;
    const flags = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    // Nothing else was offered (proto.md, "Newstyle negotiation").
    if (flags & ~(nbd.HANDSHAKE.fixedNewstyle | nbd.HANDSHAKE.noZeroes)) this.#end();
    this.#negotiated.noZeroes = (flags & nbd.HANDSHAKE.noZeroes) !== 0;
    if (this.#state === "flags") this.#state = "options";
    return true;
  }

  #option(): boolean {
    const head = this.#take(OPTION_BYTES, true);
    if (!head) return false;
    const view = new DataView(head.buffer, head.byteOffset);
    const [option, length] = [view.getUint32(8), view.getUint32(12)];
    if (view.getBigUint64(0) !== nbd.OPTION_MAGIC) {
      this.#end();
      return false;
    }
    if (length > LARGEST_OPTION) {
      this.#take(OPTION_BYTES);
      this.#skip = length;
      this.#reply(option, nbd.REPLY.tooBig);
      return true;
    }
    if (this.#haveBytes < OPTION_BYTES + length) return false;
    this.#take(OPTION_BYTES);
    const data = length === 0 ? new Uint8Array() : this.#take(length)!;
    const result = negotiate(option, data, this.#exports, this.#negotiated, (type, payload) =>
      this.#reply(option, type, payload),
    );
    if (result === "end") this.#end();
    else if (result) {
      if (option === nbd.OPTION.exportName) this.#peer.send(this.#oldExport(result));
      this.#device = result.device;
      this.#state = "requests";
    }
    return true;
  }

  #oldExport({ device, flags }: NbdExport): Uint8Array {
    const bytes = new Uint8Array(this.#negotiated.noZeroes ? 10 : 134);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(device.sizeBytes));
    view.setUint16(8, flags);
    return bytes;
  }

  #reply(option: number, type: number, payload: Uint8Array = new Uint8Array()): void {
    const bytes = new Uint8Array(20 + payload.length);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, nbd.OPTION_REPLY_MAGIC);
    view.setUint32(8, option);
    view.setUint32(12, type);
    view.setUint32(16, payload.length);
    bytes.set(payload, 20);
    this.#peer.send(bytes);
  }

  // ---- Requests

  #request(): boolean {
    const head = this.#take(REQUEST_BYTES, true);
    if (!head) return false;
    const view = new DataView(head.buffer, head.byteOffset);
    if (view.getUint32(0) !== nbd.REQUEST_MAGIC) {
      this.#end();
      return false;
    }
    const [flags, type, handle] = [view.getUint16(4), view.getUint16(6), view.getBigUint64(8)];
    const [at, length] = [Number(view.getBigUint64(16)), view.getUint32(24)];
    const payload = type === nbd.COMMAND.write ? length : 0;
    if (payload > LARGEST_BYTES) {
      this.#take(REQUEST_BYTES);
      this.#skip = payload;
      this.#fail({ flags, type, handle, at, length, data: new Uint8Array() }, nbd.ERROR.invalid, "it is too long");
      return true;
    }
    if (this.#haveBytes < REQUEST_BYTES + payload) return false;
    this.#take(REQUEST_BYTES);
    const data = payload === 0 ? new Uint8Array() : this.#take(payload)!;
    if (type === nbd.COMMAND.disconnect) {
      this.#end();
      return false;
    }
    void this.#serve({ flags, type, handle, at, length, data });
    return true;
  }

  async #serve(request: Request): Promise<void> {
    const bytes = request.type === nbd.COMMAND.read ? Math.min(request.length, LARGEST_BYTES) : request.data.length;
    this.#requests++;
    this.#bytes += bytes;
    this.#pauseIfFull();
    try {
      await this.#do(request);
    } catch (error) {
      const code =
        error instanceof RequestError ? error.code : error instanceof VolumeError ? ERRORS[error.trouble] : null;
      if (!(error instanceof RequestError)) this.#onTrouble(error);
      this.#fail(request, code ?? nbd.ERROR.io, error instanceof Error ? error.message : String(error));
    } finally {
      this.#requests--;
      this.#bytes -= bytes;
      this.#pauseIfFull();
    }
  }

  #pauseIfFull(): void {
    const isFull = this.#requests >= MOST_REQUESTS || this.#bytes + this.#peer.unsentBytes() >= MOST_BYTES;
    if (isFull === this.#isPaused || this.#state === "over") return;
    this.#isPaused = isFull;
    this.#peer.pause(isFull);
    if (!isFull) this.#goOn();
  }

  async #do(request: Request): Promise<void> {
    const device = this.#device!;
    const { type, at, length, flags } = request;
    const { read, write, flush, trim, writeZeroes, blockStatus } = nbd.COMMAND;
    const isChange = type === write || type === trim || type === writeZeroes;
    if (isChange && device.readOnly) throw new RequestError(nbd.ERROR.permission, "it is open for reading only");
    if (type !== flush && (!Number.isSafeInteger(at) || at + length > device.sizeBytes))
      throw new RequestError(isChange ? nbd.ERROR.noSpace : nbd.ERROR.invalid, "it is beyond the end");
    if (type === read) {
      if (length > LARGEST_BYTES) throw new RequestError(nbd.ERROR.invalid, "it is too long");
      await this.#readPieces(request, device);
      return;
    }
    if (type === blockStatus) {
      if (!this.#negotiated.hasStatus || length === 0)
        throw new RequestError(nbd.ERROR.invalid, "no status was asked for in the handshake");
      await this.#status(request, device);
      return;
    }
    if (type === write) await this.#write(device, at, request.data);
    else if (type === trim || type === writeZeroes) await this.#zero(device, at, length, type === trim);
    else if (type === flush) await device.flush();
    else throw new RequestError(nbd.ERROR.invalid, `there is no command ${type}`);
    // Clients set it on all kinds of requests; of those that write it means something.
    if (isChange && flags & nbd.FLAG.fua) await device.flush();
    this.#answer(request, null);
  }

  /**
   * The reader takes one piece while the next one is read. A piece that cannot be read is an error at the end of the
   * answer, with which all of it counts for nothing.
   */
  async #readPieces(request: Request, device: VolumeDevice): Promise<void> {
    const { at, length, flags } = request;
    const isOne = !this.#negotiated.hasStructured || (flags & nbd.FLAG.doNotFragment) !== 0 || length <= PIECE_BYTES;
    if (isOne) {
      this.#answer(request, length === 0 ? new Uint8Array() : await this.#read(device, at, length));
      return;
    }
    for (let done = 0; done < length; ) {
      const bytes = await this.#read(device, at + done, Math.min(PIECE_BYTES, length - done));
      this.#data(request, at + done, bytes, done + bytes.length === length);
      done += bytes.length;
    }
  }

  async #read(device: VolumeDevice, at: number, length: number): Promise<Uint8Array> {
    const { start, bytes } = byteRange(at, length);
    const whole = await device.read(start, bytes);
    return bytes === length ? whole : whole.subarray(at - start, at - start + length);
  }

  async #write(device: VolumeDevice, at: number, data: Uint8Array): Promise<void> {
    if (data.length === 0) return;
    const { start, bytes } = byteRange(at, data.length);
    if (bytes === data.length) {
      await device.write(at, data);
      return;
    }
    await this.#alone(async () => {
      const whole = (await device.read(start, bytes)).slice();
      whole.set(data, at - start);
      await device.write(start, whole);
    });
  }

  async #zero(device: VolumeDevice, at: number, length: number, isHint: boolean): Promise<void> {
    if (length === 0) return;
    const { start, bytes } = byteRange(at, length);
    if (bytes === length) await device.zero(at, length);
    else if (!isHint) await this.#write(device, at, new Uint8Array(length));
    else assert(start <= at, "a range begins behind its first byte");
  }

  #alone(action: () => Promise<void>): Promise<void> {
    const work = this.#partial.then(action);
    this.#partial = work.catch(() => {});
    return work;
  }

  async #status(request: Request, device: VolumeDevice): Promise<void> {
    const { at, length, flags } = request;
    const { start, bytes } = byteRange(at, length);
    const extents = await device.extents(start, bytes);
    const entries: { length: number; status: number }[] = [];
    let from = start;
    for (const { kind, lengthBytes } of extents) {
      const begin = Math.max(from, at);
      const end = Math.min(from + lengthBytes, at + length);
      from += lengthBytes;
      if (end <= begin) continue;
      const status = kind === "data" ? 0 : nbd.STATUS.hole | nbd.STATUS.zero;
      const last = entries.at(-1);
      if (last?.status === status) last.length += end - begin;
      else entries.push({ length: end - begin, status });
    }
    const told = entries.slice(0, flags & nbd.FLAG.oneExtent ? 1 : MOST_EXTENTS);
    const payload = new Uint8Array(4 + told.length * 8);
    const view = new DataView(payload.buffer);
    view.setUint32(0, 1);
    told.forEach((extent, index) => {
      view.setUint32(4 + index * 8, extent.length);
      view.setUint32(8 + index * 8, extent.status);
    });
    this.#chunk(request, nbd.CHUNK.blockStatus, payload);
  }

  // ---- Answers

  /** Null: it was done, and there is nothing to say. */
  #answer(request: Request, data: Uint8Array | null): void {
    if (!this.#negotiated.hasStructured) {
      this.#simple(request, 0, data ?? new Uint8Array());
      return;
    }
    if (data === null || data.length === 0) {
      this.#chunk(request, nbd.CHUNK.none, new Uint8Array());
      return;
    }
    this.#data(request, request.at, data, true);
  }

  #data(request: Request, at: number, data: Uint8Array, isLast: boolean): void {
    const place = new Uint8Array(8);
    new DataView(place.buffer).setBigUint64(0, BigInt(at));
    this.#chunk(request, nbd.CHUNK.data, place, data, isLast);
  }

  #fail(request: Request, code: number, message: string): void {
    if (!this.#negotiated.hasStructured) {
      this.#simple(request, code, new Uint8Array());
      return;
    }
    const text = new TextEncoder().encode(message).subarray(0, 4000);
    const payload = new Uint8Array(6 + text.length);
    const view = new DataView(payload.buffer);
    view.setUint32(0, code);
    view.setUint16(4, text.length);
    payload.set(text, 6);
    this.#chunk(request, nbd.CHUNK.error, payload);
  }

  #simple({ handle }: Request, code: number, data: Uint8Array): void {
    if (this.#state === "over") return;
    const head = new Uint8Array(16);
    const view = new DataView(head.buffer);
    view.setUint32(0, nbd.SIMPLE_MAGIC);
    view.setUint32(4, code);
    view.setBigUint64(8, handle);
    this.#peer.send(head, data);
  }

  /** Of a payload in two parts, so that data is not copied. */
  #chunk({ handle }: Request, type: number, payload: Uint8Array, data: Uint8Array = NOTHING, isLast = true): void {
    if (this.#state === "over") return;
    const head = new Uint8Array(20 + payload.length);
    const view = new DataView(head.buffer);
    view.setUint32(0, nbd.STRUCTURED_MAGIC);
    view.setUint16(4, isLast ? nbd.CHUNK_DONE : 0);
    view.setUint16(6, type);
    view.setBigUint64(8, handle);
    view.setUint32(16, payload.length + data.length);
    head.set(payload, 20);
    this.#peer.send(head, data);
  }
}
