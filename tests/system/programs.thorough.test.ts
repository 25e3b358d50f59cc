/** A million random system calls from ring 3: QURE_THOROUGH=1 npx vitest run tests/system/programs.thorough.test.ts */
import { expect, test } from "vitest";
import { boot, images, PROMPT } from "./images.ts";

const RUNS = 10;
const CALLS = 100_000;

test("a million random calls do the kernel no harm", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso }] });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("kill cloud net address", PROMPT);
  for (let run = 0; run < RUNS; run++) {
    await node.enter(`hostile ${CALLS} ${1 + run * CALLS}`, /(\d+) calls by \d+ programs, \d+ of them killed\n/, {
      within: "forever",
    });
    await node.enter("mem check", /all headers agree/);
  }
  expect(node.console.text.match(new RegExp(`^${CALLS} calls by`, "gm"))).toHaveLength(RUNS);
});
