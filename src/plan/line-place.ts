/** Where a serial line or a printer leads, as `--serial` and `--parallel` name it. */
import { formatStreamPlace, parseStreamPlace, type StreamPlace } from "../host/places.ts";

export type LinePlace =
  | StreamPlace
  /** Nowhere: nobody hears it, and nothing comes. */
  | { readonly kind: "null" }
  /** What leaves by the line is written there. */
  | { readonly kind: "file"; readonly path: string };

const FILE = "file:";

/** Throws a RangeError for a text that names no place. */
export function parseLinePlace(text: string): LinePlace {
  if (text === "null" || text === "none") return { kind: "null" };
  if (text.startsWith(FILE)) {
    const path = text.slice(FILE.length);
    if (path === "") throw new RangeError(`${text}: write file:PATH`);
    return { kind: "file", path };
  }
  if (!/^(?:stdio$|tcp:|telnet:|unix:)/.test(text))
    throw new RangeError(
      `${text}: write stdio, file:PATH, tcp:HOST:PORT, telnet:HOST:PORT, unix:PATH or null; ,server listens`,
    );
  return parseStreamPlace(text);
}

/** As `parseLinePlace` reads it. */
export function formatLinePlace(place: LinePlace): string {
  if (place.kind === "null") return "null";
  return place.kind === "file" ? `${FILE}${place.path}` : formatStreamPlace(place);
}
