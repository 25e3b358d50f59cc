/** What `npm install` makes of this package: a command and a library that work in an empty folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-package-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("works when it is installed in an empty folder, as a command and as a library", async () => {
  const packed = join(folder, "packed");
  mkdirSync(packed);
  const { stdout } = await execa("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", packed], {
    cwd: root,
  });
  const home = join(folder, "home");
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), '{"name":"home","version":"1.0.0","type":"module"}');
  await execa(
    "npm",
    [
      "install",
      "--offline",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      join(packed, stdout.trim().split("\n").at(-1)!),
    ],
    { cwd: home },
  );
  const { exitCode, stderr } = await execa("npx", ["--no-install", "qure", "build", "--packaged"], {
    cwd: home,
    reject: false,
  });
  expect(exitCode, stderr).toBe(0);
  writeFileSync(
    join(home, "try.js"),
    `
    import { readFileSync } from "node:fs";
    import { startCluster } from "qure";
    const lab = startCluster({ nodes: [{ cdrom: readFileSync("build/qure.iso") }] });
    await lab.nodes[0].waitFor(/:\\/> $/, { within: "20s" });
    await lab.nodes[0].enter("echo it works", /^it works/m);
    console.log(lab.nodes[0].screen().join("\\n"));
  `,
  );
  const result = await execa("node", ["try.js"], { cwd: home });
  expect(result.stdout).toMatch(/it works/);
});
