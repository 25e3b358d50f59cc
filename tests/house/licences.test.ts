/** The licences of packages by others whose code is in dist/ come with it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const dist = join(import.meta.dirname, "../../dist");

test("dist/LICENSES names every package of which a bundle has code", () => {
  // Bundles keep the path of each module in their source maps.
  const maps = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".map"));
  const packages = new Set(
    maps.flatMap((path) => {
      const { sources } = JSON.parse(readFileSync(join(dist, path), "utf8")) as { sources: string[] };
      return sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []);
    }),
  );
  expect(packages.size).toBeGreaterThan(0);
  const licences = readFileSync(join(dist, "LICENSES"), "utf8");
  for (const name of packages) expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, "m"));
  expect(licences).toMatch(/Permission is hereby granted/);
});
