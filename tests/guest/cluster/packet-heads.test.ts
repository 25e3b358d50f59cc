/**
 * Where the cluster's packets come from, of which cluster they are, and whose they say that they are
 * (docs/protocols/cluster.md, "Packet"): what is just right is heard, what is one off is counted by what is wrong with
 * it.
 */
import { expect, test } from "vitest";
import { Counts } from "../net/packet-wire.ts";
import { founded } from "./agreement-scene.ts";
import { FOREIGN, FORGED, HEADS, MALFORMED, OTHER } from "./packet-head-rows.ts";

test("a packet says where it comes from, and by whom it was made", async () => {
  const s = await founded();
  const counts = new Counts(s.node);
  const wrong: string[] = [];
  for (const [what, from, bytes, count, port] of HEADS) {
    const before = counts.read();
    s.wire.sayBytesFrom(bytes.slice(), from, port);
    await s.lab.advance("4ms");
    const after = counts.read();
    const risen = [FOREIGN, FORGED, OTHER, MALFORMED].filter((name) => after.get(name) !== before.get(name));
    if (after.get("cloud packets received")! - before.get("cloud packets received")! !== 1)
      wrong.push(`${what}: unseen`);
    if (risen.join() !== (count ?? "")) wrong.push(`${what}: ${risen.join()}`);
  }
  expect(wrong).toEqual([]);
});
