/** Modules that a user brings along. */
import { pathToFileURL } from "node:url";

/** Given to scripts whose code is kept (src/cli/code-cache.ts), in which `import()` does not work. */
declare const qureImport: ((url: string) => Promise<unknown>) | undefined;

export function importModule(path: string): Promise<unknown> {
  const { href } = pathToFileURL(path);
  return typeof qureImport === "function" ? qureImport(href) : import(href);
}
