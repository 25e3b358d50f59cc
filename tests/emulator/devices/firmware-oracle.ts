/** Firmware of others, installed by Debian's packages `seabios`: it must boot on our board. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "/usr/share/seabios";

/** The bytes of a firmware file, or null when it is not installed. Throws in CI. */
export function seabios(name: string): Uint8Array | null {
  const path = join(FOLDER, name);
  if (existsSync(path)) return new Uint8Array(readFileSync(path));
  if (process.env["CI"]) throw new Error(`CI needs ${path}, and it is not installed`);
  return null;
}
