/** Who is there: answers to searches by SSDP (UPnP Device Architecture 1.1, 1.3; 1.0 has two headers less). */
import { parseHead } from "./http.ts";

export const SSDP_PORT = 1900;
/** 239.255.255.250. */
export const SSDP_GROUP = 0xeffffffa;

/** What may be searched for, and the unique name of who has it. */
export interface SearchTarget {
  readonly type: string;
  readonly name: string;
}

/** What a search asks for; null for what is no search, or is not to be answered. */
export function searchTarget(message: Uint8Array, isForAll: boolean): string | null {
  const text = new TextDecoder("latin1").decode(message);
  const end = text.indexOf("\r\n\r\n");
  const head = end < 0 ? null : parseHead(text.slice(0, end));
  if (head?.method !== "M-SEARCH" || head.target !== "*" || head.headers.get("man") !== '"ssdp:discover"') return null;
  // 1.3.3: a search of all that does not say how long it waits is nobody's.
  if (isForAll && !/^[1-9]\d{0,3}$/.test(head.headers.get("mx") ?? "")) return null;
  return head.headers.get("st") ?? null;
}

const TYPE = /^(urn:schemas-upnp-org:(?:device|service):[A-Za-z0-9]+:)(\d{1,3})$/;

/** Of all that there is what a search finds, by the type that it asks for: an older version is there in a newer one. */
export function found(all: readonly SearchTarget[], wanted: string): readonly SearchTarget[] {
  if (wanted === "ssdp:all") return all;
  const [, family, version] = TYPE.exec(wanted) ?? [];
  return all
    .filter(({ type }) => {
      const [, ours, newest] = TYPE.exec(type) ?? [];
      return family === undefined ? type === wanted : ours === family && Number(version) <= Number(newest);
    })
    .map(({ name }) => ({ type: wanted, name }));
}

export interface Advertisement {
  readonly location: string;
  readonly server: string;
  /** How often it has begun: by which a client knows that it was off. */
  readonly boots: number;
}

const MOST_AGE_SECONDS = 1800;

export function searchAnswer({ type, name }: SearchTarget, { location, server, boots }: Advertisement): Uint8Array {
  const lines = [
    "HTTP/1.1 200 OK",
    `CACHE-CONTROL: max-age=${MOST_AGE_SECONDS}`,
    "EXT:",
    `LOCATION: ${location}`,
    `SERVER: ${server}`,
    `ST: ${type}`,
    `USN: ${name === type ? name : `${name}::${type}`}`,
    `BOOTID.UPNP.ORG: ${boots}`,
    "CONFIGID.UPNP.ORG: 1",
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}
