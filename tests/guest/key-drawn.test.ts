/** Keys and nonces that a member draws for its cluster: all of their bytes. */
import { expect, test } from "vitest";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { foundedWithKey } from "./keyed-node.ts";

const TIMES = 4;

test("each byte of a new key is drawn anew each time", async () => {
  const s = await foundedWithKey();
  await s.node.waitFor(PROMPT);
  const keys: Buffer[] = [];
  for (let time = 0; time < TIMES; time++) {
    await s.node.enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m);
    const [, digits] = /^([0-9a-f]{64})$/m.exec(await outputAmong(s.node, "cloud key"))!;
    keys.push(Buffer.from(digits!, "hex"));
  }
  for (let at = 0; at < 32; at++) expect(new Set(keys.map((key) => key[at])).size).toBeGreaterThan(1);
});
