/** The licences of packages by others whose code is in dist/ come with it. scripts/aside.mjs writes them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { licencesOf } from "../../scripts/aside.mjs";

const root = join(import.meta.dirname, "../..");

/** Packages that sources import to have them at run time. */
function packagesOf(folder: string): Set<string> {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  const sources = paths.filter((path) => /\.tsx?$/.test(path) && !path.startsWith("page/"));
  const imports = sources.flatMap((path) => [
    ...readFileSync(join(root, folder, path), "utf8").matchAll(
      /^(?:import|export) (?!type )[^;"]* from "([a-z@][^":]*)"/gm,
    ),
  ]);
  return new Set(imports.map(([, name]) => /^(?:@[^/]+\/)?[^/]+/.exec(name!)![0]));
}

test("dist/LICENSES names every package of which a bundle has code", () => {
  const packages = packagesOf("src");
  expect([...packages]).toContain("commander");
  const licences = readFileSync(join(root, "dist/LICENSES"), "utf8");
  for (const name of packages) expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, "m"));
  expect(licences).toMatch(/Permission is hereby granted/);
});

test("the licences are those of what esbuild says it has put into the bundles, and one without a text is refused", async () => {
  const bundle = (...inputs: string[]) => ({ inputs: Object.fromEntries(inputs.map((path) => [path, {}])) });
  const preact = bundle("src/a.ts", "node_modules/preact/dist/preact.mjs", "node_modules/preact/hooks/index.js");
  const text = await licencesOf([preact, bundle("node_modules/commander/lib/help.js")]);
  expect(text.match(/^\S+ \d+\.\d+\.\d+ \(MIT\)$/gm)).toEqual([
    expect.stringMatching(/^commander /),
    expect.stringMatching(/^preact /),
  ]);
  await expect(licencesOf([bundle("node_modules/@types/none/index.js")])).rejects.toThrow(/node_modules\/@types\/none/);
});
