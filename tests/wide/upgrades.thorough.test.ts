/**
 * Kernels that go from cluster to cluster over their links: who is trusted, what is published, and what a hostile one
 * has that is trusted (docs/protocols/wide-area.md, "Kernels").
 */
import { afterAll, expect, test } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { keptForAll } from "../setup/cache.ts";
import { boot, PROMPT } from "../system/images.ts";
import { cdOf, ofRevision, REVISION, signedDisk } from "../system/signed-images.ts";
import { delegateOf, FORWARDED, link, MUTE, said, type World, worldOf } from "./worlds.ts";

const OFFICE = "198.51.100.1";
const NEXT = REVISION + 1;
const DISK_BYTES = 48 << 20;
let world: World | null = null;

afterAll(() => world?.lab.close());

/** A disk with a signed kernel and a file system. */
const signedVolume = (): Promise<Uint8Array> =>
  keptForAll("a signed disk with a file system", async () => {
    const disk = new SparseDisk(DISK_BYTES, { content: signedDisk() });
    const node = boot({ nodes: [{ disk }] }).nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("mkfs -t oofs hda0", PROMPT);
    const content = new Uint8Array(DISK_BYTES);
    disk.read(0, content);
    return content;
  });

const revisions = (there: World, site: string): string[] =>
  there.nodesOf.get(site)!.map((node) => [...node.console.text.matchAll(/^QuRe revision (\d+)$/gm)].at(-1)![1]!);

test("what a trusted cluster publishes comes by itself, behind a symmetric NAT, and not before it is trusted", async () => {
  const content = await signedVolume();
  const later = cdOf(ofRevision(NEXT));
  world = await worldOf(
    [
      { name: "office", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
      { name: "home", nodes: 2, nat: "symmetric", portMapping: MUTE },
    ],
    (site) =>
      site === "office" ? { cdrom: later } : { disk: new SparseDisk(DISK_BYTES, { content: content.slice() }) },
  );
  const { lab } = world;
  const [office, home] = [delegateOf(world, "office"), delegateOf(world, "home")];
  expect(await link(world, "office", "home", OFFICE)).toContain("linked with the cluster office.");
  await lab.advance("15s");
  expect(await said(office, "cloud upgrade")).toMatch(/^not published to linked clusters: less than a minute ago/m);
  await lab.advance("75s");
  expect(await said(office, "cloud upgrade")).toMatch(/^published to linked clusters, of which 0 have loaded it$/m);
  expect(revisions(world, "home")).toEqual([`${REVISION}`, `${REVISION}`]);
  expect(await said(home, "cloud link trust nobody upgrade")).toContain("there is no link nobody");
  expect(await said(home, "cloud link trust office upgrade")).toContain("comes here by itself");
  console.log(await said(home, "cloud link list; cloud upgrade; cloud get"));
  await lab.advance("60s");
  console.log(await said(home, "cloud link list; cloud upgrade"));
  console.log(await said(office, "cloud upgrade"));
  await lab.advance("120s");
  console.log(home.console.text.slice(-3000));
  expect(revisions(world, "home")).toEqual([`${NEXT}`, `${NEXT}`]);
});
