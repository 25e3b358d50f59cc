/** SHA-256, HMAC and the generator of secrets, inside a machine, against published vectors. */
import { expect, test } from "vitest";
import { boot, isoWithGuests, PROMPT } from "../system/images.ts";

test("the routines of asm/crypto give what FIPS 180-4, RFC 4231 and RFC 7748 say", async () => {
  const iso = await isoWithGuests();
  const lab = boot({ nodes: [{ cdrom: iso }] });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("cryptotest", /cryptotest: (\d+) passed, (\d+) failed/);
  expect(node.console.text).not.toMatch(/^FAIL /m);
  expect(node.console.text).toMatch(/cryptotest: 8 passed, 0 failed/);
});
