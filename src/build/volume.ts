/** The OOFS volume of a disk as a build makes it: the same files give the same bytes. */
import { crc32 } from "../bytes/crc32.ts";
import { type BlockDevice, format, mount } from "../disk/oofs/index.ts";

export interface VolumeFile {
  /** From the volume's root on, with a slash before it. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** 2026-01-01, what clocks of machines show first. */
const TIME = { seconds: 1_767_225_600, nanoseconds: 0 };

/** Throws a FileSystemError for what has no room, and for a path that cannot be. */
export function makeVolume(sizeBytes: number, files: readonly VolumeFile[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  const device: BlockDevice = {
    sizeBytes,
    readOnly: false,
    read: (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
    write: (offset, source) => bytes.set(source, offset),
    flush: () => {},
  };
  format(device, { id: idOf(sizeBytes, files), time: TIME });
  const volume = mount(device, { now: () => TIME });
  for (const { path, content } of files) {
    const folders = path.split("/").slice(1, -1);
    folders.forEach((_, index) => {
      const folder = `/${folders.slice(0, index + 1).join("/")}`;
      if (!volume.exists(folder)) volume.mkdir(folder);
    });
    volume.create(path);
    volume.write(path, 0, content);
  }
  volume.sync();
  return bytes;
}

/** A volume of other files is another volume. */
function idOf(sizeBytes: number, files: readonly VolumeFile[]): bigint {
  const encoder = new TextEncoder();
  const sums = files.map(({ path, content }) => `${path} ${content.length} ${crc32(content)}`);
  const text = encoder.encode([`${sizeBytes}`, ...sums].join("\n"));
  return (BigInt(crc32(text)) << 32n) | BigInt(files.length + 1);
}
