/** The host's daemon with a cluster that nobody runs: what it would start. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "../../src/host/folder.ts";
import { Named } from "../../src/vm/adoption.ts";
import { parseTemplate } from "../../src/vm/configuration.ts";
import { runDaemon } from "../../src/vm/host/daemon.ts";
import { Home, newIdentity } from "../../src/vm/host/home.ts";

const folder = mkdtempSync(join(tmpdir(), "qvd-"));
mkdirSync(join(folder, "run"), { mode: 0o700 });
const env = { QURE_MACHINES: join(folder, "machines"), XDG_RUNTIME_DIR: join(folder, "run") };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a machine of scale that is too many is not started while it goes", async () => {
  const home = Home.of("many", env);
  makeFolder(home.folder);
  const { disk: _, ...template } = parseTemplate("t", "{}");
  const rest = { ...template, ...newIdentity(), name: null, hostname: "qure-1", disk: null, scaled: true };
  home.put("1", { ...rest, number: 1 });
  home.setWanted(0, null);
  const [end, said]: [AbortController, string[]] = [new AbortController(), []];
  await runDaemon({
    env,
    signal: end.signal,
    say: (text) => void said.push(text),
    named: new Named("", "main"),
    typeCode: async () => "",
    // As if `qure vm scale 0` was at it: the one look after this is the last.
    scale: async () => end.abort(),
  });
  expect(said).toEqual([`looks after ${env.QURE_MACHINES}`]);
});
