/** `qure chaos` for a person whose cluster breaks a rule: what it prints is enough to stand where that happened. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { provideBuild } from "../system/images.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
let folder: string;

const RULE = `export const invariants = [{
  name: "cable",
  kind: "wrong",
  rule: "the first machine keeps its cable",
  watch: ({ lab }) => ({ look: () => (lab.cluster.isPlugged(0) ? null : "its cable is out") }),
}];
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-chaos-"));
  provideBuild(folder);
  writeFileSync(join(folder, "rule.mjs"), RULE);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const qure = (...args: readonly string[]) => execa("node", [bundle, ...args], { cwd: folder, reject: false });

test("a broken run is a link that ends where the rule broke, and a report that opens it", async () => {
  const faults = ["200ms freeze 2 100ms", "700ms add 4", "1500ms unplug 1"].flatMap((fault) => ["--fault", fault]);
  const broken = await qure("chaos", "--invariants", "rule.mjs", ...faults);
  expect(broken.exitCode, broken.stderr).toBe(3);
  const [, link = ""] = /^ {2}link: (http\S+)$/m.exec(broken.stdout) ?? [];
  const replayed = await qure("emu", "--replay", link, "--json");
  expect(replayed.exitCode, replayed.stderr).toBe(0);
  // Three that were there, and the spare one, which was just switched on.
  expect((JSON.parse(replayed.stdout) as { nodes: unknown[] }).nodes).toHaveLength(4);
  // The digest is looked at: a link that says another is refused.
  const other = link.replace(/.(?=...$)/, (digit) => (digit === "A" ? "B" : "A"));
  expect((await qure("emu", "--replay", other)).exitCode).not.toBe(0);

  await qure(
    "chaos",
    "--invariants",
    "rule.mjs",
    "--seeds",
    "5..6",
    "--faults",
    "unplug",
    "--who",
    "all",
    "--out",
    "kept",
  );
  expect(readFileSync(join(folder, "kept/report.html"), "utf8")).toMatch(/<a href="http\S+#r=[\w-]+">/);
});
