/**
 * The descriptor of a virtual disk of VMware's (Virtual Disk Format 5.0, "The Disk Descriptor File"): a text beside one
 * file that has the disk's bytes as they are, which VMware calls monolithicFlat.
 */
import { ConfigurationError } from "./configuration.ts";

const SECTOR_BYTES = 512;
const HEADS = 16;
const SECTORS = 63;
const MOST_CYLINDERS = 16_383;

export interface FlatDisk {
  readonly sizeBytes: number;
  /** The name of the file with its bytes. */
  readonly extent: string;
}

/** `contentId` is another one whenever the content is, unless VMware itself has changed it; 32 bits. */
export function formatVmdk({ sizeBytes, extent }: FlatDisk, contentId: number): string {
  if (sizeBytes % SECTOR_BYTES !== 0) throw new RangeError(`${sizeBytes} bytes are no whole sectors`);
  const sectors = sizeBytes / SECTOR_BYTES;
  const cylinders = Math.min(MOST_CYLINDERS, Math.max(1, Math.floor(sectors / (HEADS * SECTORS))));
  return `# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=${contentId.toString(16).padStart(8, "0")}
parentCID=ffffffff
createType="monolithicFlat"

# Extent description
RW ${sectors} FLAT "${extent}" 0

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "8"
ddb.geometry.cylinders = "${cylinders}"
ddb.geometry.heads = "${HEADS}"
ddb.geometry.sectors = "${SECTORS}"
ddb.adapterType = "ide"
`;
}

/** Throws a ConfigurationError for what is no disk in one flat file, which says how to make it one. */
export function parseVmdk(path: string, content: string): FlatDisk {
  const convert = `"qemu-img convert -O raw ${path} disk.img" makes an image of it, for --from`;
  if (!content.startsWith("# Disk DescriptorFile"))
    throw new ConfigurationError(`${path}:1:1`, `expected the descriptor of a flat disk: ${convert}`);
  const extents: FlatDisk[] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (!/^(?:RW|RDONLY|NOACCESS)\s/.test(line)) continue;
    const [, sectors, extent] = /^RW (\d{1,12}) (?:FLAT|VMFS) "([^"/\\]+)"(?: 0)?\s*$/.exec(line) ?? [];
    if (extent === undefined || extents.length > 0)
      throw new ConfigurationError(`${path}:${index + 1}:1`, `expected one flat extent: ${convert}`);
    extents.push({ sizeBytes: Number(sectors) * SECTOR_BYTES, extent });
  }
  if (!extents[0]) throw new ConfigurationError(`${path}:1:1`, "it has no extent, which would say where its bytes are");
  return extents[0];
}
