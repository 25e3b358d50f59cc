/** The list of a linked cluster's members: asked for when its digest changes, whatever is lost meanwhile. */
import { afterAll, expect, test } from "vitest";
import { bodyOf } from "../../src/chaos/qure/sites/rogue.ts";
import { RogueSource } from "./rogue-source.ts";
import { delegateOf, FORWARDED, MUTE, said, type World, worldOf } from "./worlds.ts";

const LIST = 7;
const OTHER = 9;
/** One member: digest, first, how many; its id, revision, whether it is busy, name. */
const ID = Buffer.from("0123456789abcdef", "hex");
const ONE = Uint8Array.from(
  Buffer.concat([Buffer.from(Uint32Array.of(LIST, 0, 1).buffer), ID, Buffer.alloc(8), bodyOf("member")]),
);

let world: World | null = null;

afterAll(() => world?.lab.close());

test("a list that changes, and changes back before the other one has come, is asked for anew", async () => {
  world = await worldOf([{ name: "office", nodes: 1, forwards: [FORWARDED], portMapping: MUTE }]);
  const office = delegateOf(world, "office");
  const link = new RogueSource(world, { site: "office", name: "other" });
  await link.link(office);
  link.list = (digest) => (digest === LIST ? ONE : null);
  for (const digest of [LIST, OTHER, LIST]) {
    link.summary({ members: 1, digest });
    await link.run(5000);
    const has = digest === LIST;
    expect(/^ +member +0123456789abcdef /m.test(await said(office, "cloud nodes --all"))).toBe(has);
  }
});
