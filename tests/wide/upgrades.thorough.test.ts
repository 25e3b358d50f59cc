/**
 * Kernels that go from cluster to cluster over their links: who is trusted, what is published, and what a hostile one
 * has that is trusted (docs/protocols/wide-area.md, "Kernels").
 */
import { afterAll, expect, onTestFinished, test } from "vitest";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord } from "../../src/image/slot-record.ts";
import { SparseDisk } from "../../src/index.ts";
import { keptForAll } from "../setup/cache.ts";
import { numberedSigner } from "../setup/signer.ts";
import { boot, PROMPT } from "../system/images.ts";
import {
  cdOf,
  flip,
  KERNEL_REVISION_AT,
  ofRevision,
  REVISION,
  signedDisk,
  signedSystem,
  withWord,
} from "../system/signed-images.ts";
import { GOOD, type PieceAnswer, piece, RogueSource, serves } from "./rogue-source.ts";
import { delegateOf, FORWARDED, link, MUTE, said, type World, worldOf } from "./worlds.ts";

const OFFICE = "198.51.100.1";
const NEXT = REVISION + 1;
const DISK_BYTES = 48 << 20;
const SECTOR_BYTES = 512;
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

function slotsOf(disk: SparseDisk): SlotRecord | null {
  const sectors = [0, 1].map((copy) => {
    const bytes = new Uint8Array(SECTOR_BYTES);
    disk.read((SLOT_RECORD_LBA + copy) * SECTOR_BYTES, bytes);
    return bytes;
  });
  return readSlotRecord(sectors[0]!, sectors[1]!);
}

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

/** What a hostile source says, and what is said of it here. */
const HOSTILE: readonly (readonly [what: string, answer: () => PieceAnswer, said: string])[] = [
  ["says nothing", () => () => [], "timed out"],
  ["is busy for ever", () => (asked) => [piece(asked, 0, 503, 0, new Uint8Array())], "answered with status 503"],
  [
    "says that it has nothing",
    () => (asked) => [piece(asked, 0, 404, 0, new Uint8Array())],
    "answered with status 404",
  ],
  [
    "has rubbish for a signature",
    () => serves(new Uint8Array(900).fill(0x5a), new Uint8Array(65536)),
    "its signature is damaged, or of another format",
  ],
  [
    "has a stranger's signature",
    () => {
      const { signature, kernel } = signedSystem({ ...ofRevision(2004), signer: numberedSigner(2) });
      return serves(signature!, kernel);
    },
    "no key that this kernel trusts made its signature",
  ],
  [
    "has an older kernel, rightly signed",
    () => {
      const older = { kernel: withWord(KERNEL_REVISION_AT, 900), terms: { revision: 900, floor: 7 } };
      const { signature, kernel } = signedSystem(older);
      return serves(signature!, kernel);
    },
    "it is of a lower revision than this kernel",
  ],
  [
    "has another later kernel, rightly signed",
    () => {
      const { signature, kernel } = signedSystem(ofRevision(1500));
      return serves(signature!, kernel);
    },
    "has the signature of another revision",
  ],
  [
    "sends what was not signed",
    () => {
      const { signature, kernel } = signedSystem(ofRevision(2007));
      const changed = kernel.slice();
      flip(70_000)(changed);
      return serves(signature!, changed);
    },
    "sent what was not signed, in the 64 KiB from byte 65536",
  ],
  [
    "sends pieces that nobody asked for, and of impossible lengths",
    () => (asked) =>
      asked.wanted === 0
        ? [piece(asked, 0, GOOD, 0xffffffff, new Uint8Array())]
        : [
            ...[0, 1, 1023, 1024].map((bytes) =>
              piece(asked, asked.offset + 0x4000, GOOD, 0xffffffff, new Uint8Array(bytes)),
            ),
            piece(asked, 0xfffffc00, GOOD, 0xffffffff, new Uint8Array(1024)),
            piece(asked, asked.offset, GOOD, 5, new Uint8Array(5)),
            piece(asked, asked.offset + 1, GOOD, 0xffffffff, new Uint8Array(1024)),
            piece({ ...asked, part: 1 }, asked.offset, GOOD, 0xffffffff, new Uint8Array(1024)),
            piece({ ...asked, revision: 1 }, asked.offset, GOOD, 0xffffffff, new Uint8Array(1024)),
          ],
    "timed out",
  ],
  [
    "has a signature without an end",
    () => (asked) => serves(new Uint8Array(70_000), new Uint8Array())({ ...asked }),
    "has a signature that is too long",
  ],
];

test("a trusted cluster that is hostile installs nothing, whatever it publishes and sends", async () => {
  const content = await signedVolume();
  const disk = new SparseDisk(DISK_BYTES, { content: content.slice() });
  const there = await worldOf([{ name: "home", nodes: 1, forwards: [FORWARDED], portMapping: MUTE }], () => ({ disk }));
  onTestFinished(() => there.lab.close());
  const node = delegateOf(there, "home");
  const source = new RogueSource(there);
  await source.link(node);
  source.publishes(5000);
  await source.run(8000);
  expect(source.asked, "it is not trusted").toEqual([]);
  expect(await said(node, "cloud link trust rogue upgrade")).toContain("comes here by itself");
  for (const [index, [what, answer, text]] of HOSTILE.entries()) {
    const revision = 2000 + index;
    const from = node.console.text.length;
    source.answer = answer();
    source.asked = [];
    source.publishes(revision);
    for (let time = 0; time < 40 && !node.console.text.slice(from).includes("no source has given it"); time++) {
      await source.run(5000);
      source.publishes(revision);
    }
    expect(node.console.text.slice(from), what).toContain(`kernel: the linked cluster: ${text}`);
    expect(source.asked.length, what).toBeGreaterThan(0);
    expect(slotsOf(disk)?.slots[1]?.revision ?? 0, what).toBe(0);
    expect(await said(node, "cloud upgrade"), what).toContain("No upgrade has been planned");
  }
});
