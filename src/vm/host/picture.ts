/** Pictures of screens, as QEMU writes them. */
import { readFileSync, rmSync } from "node:fs";
import { encodePng } from "../../host/png.ts";
import { MachineError } from "./home.ts";

const PNG = Buffer.from("89504e470d0a1a0a", "hex");

/** A PNG of what QEMU gives: that itself, or `P6`, width, height, 255, then RGB. */
function pictureOf(bytes: Buffer): Uint8Array {
  if (bytes.subarray(0, PNG.length).equals(PNG)) return bytes;
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString("latin1"));
  if (!head) throw new MachineError("QEMU gives no picture of its screen");
  const [width, height] = [Number(head[1]), Number(head[2])];
  const pixels = bytes.subarray(head[0].length);
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) rgba.set(pixels.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  return encodePng(width, height, rgba);
}

/** The same of what `take` writes into the file at `path`, which goes away again. */
export async function takePicture(path: string, take: () => Promise<unknown>): Promise<Uint8Array> {
  await take();
  try {
    return pictureOf(readFileSync(path));
  } finally {
    rmSync(path, { force: true });
  }
}
