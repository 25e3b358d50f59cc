/** The system of this folder, built for a proof that runs without vitest. */
import { buildSystem } from "../../src/build/build.ts";
import { folderTree } from "../../src/host/files.ts";

/** What the build makes, by name. @throws Error when the sources are wrong. */
export function builtFiles(revision: number): (name: string) => Uint8Array {
  const { files, diagnostics } = buildSystem(folderTree("."), { version: "0.1.0", revision, checks: true });
  if (!files) throw new Error(`the system cannot be built: ${diagnostics[0]?.message}`);
  return (name) => files.find((file) => file.name === name)!.content;
}
