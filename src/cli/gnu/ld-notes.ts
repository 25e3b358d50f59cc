/** Notes that the command line of `qure ld` asks for: `--build-id` and `--package-metadata`. */
import { createHash } from "node:crypto";
import type { BuildId } from "../../linker/build-id.ts";
import { say } from "../fail.ts";

/** The style of `--build-id`: a digest, or the ID itself. A random one would make equal programs differ. */
export function buildIdOf(style: string | undefined, isQuiet: boolean): BuildId | null {
  if (style === undefined || style === "none") return null;
  const digest = (algorithm: string, sizeBytes: number): BuildId => ({
    sizeBytes,
    make: (parts) => {
      const hash = createHash(algorithm);
      for (const part of parts) hash.update(part);
      return hash.digest();
    },
  });
  if (style === "" || style === "sha1" || style === "tree") return digest("sha1", 20);
  if (style === "md5" || style === "uuid") return digest("md5", 16);
  if (/^0x(?:[0-9a-f]{2}|[-:])+$/i.test(style)) {
    const bytes = Buffer.from(style.slice(2).replace(/[-:]/g, ""), "hex");
    if (bytes.length > 0) return { sizeBytes: bytes.length, make: () => bytes };
  }
  if (!isQuiet) say("warning", `--build-id=${style} is ignored: it is sha1, md5, uuid, none or 0xHEX`);
  return null;
}

/** What is no JSON is said and left out, as GNU ld does. */
export function packageMetadataOf(text: string, isQuiet: boolean): string | null {
  if (text === "") return null;
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Neither an object nor a list.
  }
  if (typeof value === "object" && value !== null) return text;
  if (!isQuiet) say("warning", `--package-metadata=${text} is ignored: it wants an object or a list in JSON`);
  return null;
}
