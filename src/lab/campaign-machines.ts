/** The machines of a campaign (`qure chaos`), also where a link repeats one of its runs. */

/** Machines that are off in the beginning, and join when a fault says so. */
export const CAMPAIGN_SPARES = 1;

/** QEMU and VMware. */
const MAKERS = [
  [0x52, 0x54, 0x00],
  [0x00, 0x0c, 0x29],
] as const;

/**
 * Of a machine's card, by one of two makers: two machines after each other differ in nothing else, so that the upper
 * halves of their node ids count. The lowest ids are everywhere in the row.
 */
export function campaignMacAddress(index: number): Uint8Array {
  const [maker, card] = [(index & 1) ^ ((index >>> 1) & 1), index >>> 1];
  return Uint8Array.of(...MAKERS[maker]!, 0x10, (card * 0x5b + 0x3d) & 0xff, (card >>> 3) & 0xff);
}
