/** Events of a cluster's history as members tell them (docs/protocols/cluster-history.md). */
import { HIGH, idBytes, LOWEST } from "./agreement-scene.ts";

/** The era of an event that says none. */
export const EVENT_ERA = 5;
export const EVENT_BYTES = 72;
/** 2024-03-01, 12:00:00, in seconds since 2000. */
export const NOON = Date.UTC(2024, 2, 1, 12) / 1000 - Date.UTC(2000, 0, 1) / 1000;
export const [FOUNDED, ENDED, JOINED, LEFT, DIED, MOVED, CHANGED, UPGRADED] = [1, 2, 3, 4, 5, 6, 7, 8];

export interface Event {
  readonly era?: number;
  readonly number: number;
  readonly author?: string;
  readonly subject?: string;
  readonly kind: number;
  readonly members?: number;
  /** After NOON, in seconds. */
  readonly after?: number;
  readonly detail?: number;
  readonly second?: number;
  readonly name?: string;
}

export function eventBytes({
  era = EVENT_ERA,
  number,
  author = LOWEST,
  subject = HIGH,
  kind,
  ...rest
}: Event): Uint8Array {
  const { members = 1, after = 0, detail = 0, second = 0, name = "someone" } = rest;
  const bytes = new Uint8Array(EVENT_BYTES);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, era, true);
  fields.setUint32(4, number, true);
  bytes.set(idBytes(author), 8);
  bytes.set(idBytes(subject), 16);
  bytes[24] = kind;
  fields.setUint16(26, members, true);
  fields.setUint32(28, NOON + after, true);
  fields.setUint32(32, detail, true);
  fields.setUint32(36, second, true);
  bytes.set(new TextEncoder().encode(name), 40);
  return bytes;
}
