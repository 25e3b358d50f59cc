/** What stands before everything that a store keeps: a magic, a version, the length and a checksum of the rest. */
import { crc32 } from "../bytes/crc32.ts";
import { assert } from "../diagnostic/invariant.ts";
import { VolumeError } from "./model.ts";

export const FRAME_BYTES = 16;

export function framed(magic: string, version: number, body: Uint8Array): Uint8Array {
  assert(magic.length === 4, `${magic} is a magic of ${magic.length} letters`);
  const bytes = new Uint8Array(FRAME_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < 4; at++) bytes[at] = magic.charCodeAt(at);
  view.setUint32(4, version, true);
  view.setUint32(8, body.length, true);
  view.setUint32(12, crc32(body), true);
  bytes.set(body, FRAME_BYTES);
  return bytes;
}

/** The body. Throws a VolumeError that begins with `what` for what is no such frame, or is damaged. */
export function unframed(what: string, magic: string, version: number, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = String.fromCharCode(...bytes.subarray(0, 4));
  if (bytes.length < FRAME_BYTES || found !== magic)
    throw new VolumeError("damaged", `${what} is damaged: it does not begin with ${magic}`);
  const foundVersion = view.getUint32(4, true);
  if (foundVersion > version)
    throw new VolumeError(
      "newer",
      `${what} has version ${foundVersion} of its format, and this QuRe knows ${version}: take a newer QuRe`,
    );
  const body = bytes.subarray(FRAME_BYTES);
  if (foundVersion < 1 || view.getUint32(8, true) !== body.length)
    throw new VolumeError("damaged", `${what} is damaged: it has ${body.length} bytes, and says otherwise`);
  if (view.getUint32(12, true) !== crc32(body))
    throw new VolumeError("damaged", `${what} is damaged: its checksum does not fit`);
  return body;
}
