/**
 * Kernels that go from cluster to cluster over their links: who is trusted, what is published, and what a hostile one
 * has that is trusted (docs/protocols/wide-area.md, "Kernels").
 */
import { afterAll, expect, onTestFinished, test } from "vitest";
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { readKernelHeader } from "../../src/image/kernel-image.ts";
import { kernelSymbols } from "../../src/image/kernel-symbols.ts";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord } from "../../src/image/slot-record.ts";
import { SparseDisk } from "../../src/index.ts";
import type { SiteOptions } from "../../src/lab/sites.ts";
import { keptForAll } from "../setup/cache.ts";
import { numberedSigner } from "../setup/signer.ts";
import { atLength } from "../setup/thoroughly.ts";
import { isAtLength } from "../setup/tier.ts";
import { boot, images, PROMPT } from "../system/images.ts";
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
import { DOOR_BY_TCP, delegateOf, FORWARDED, link, MUTE, said, type World, worldOf } from "./worlds.ts";

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

test.each<[string, Pick<SiteOptions, "nat" | "dropsUdp">]>([
  ["a symmetric NAT", { nat: "symmetric" }],
  ["a gateway that drops UDP", { dropsUdp: true }],
])("what a trusted cluster publishes comes by itself, behind %s, and not before it is trusted", async (_, gateway) => {
  world?.lab.close();
  const content = await signedVolume();
  const later = cdOf(ofRevision(NEXT));
  world = await worldOf(
    [
      { name: "office", nodes: 1, forwards: [FORWARDED, DOOR_BY_TCP], portMapping: MUTE },
      { name: "home", nodes: 2, portMapping: MUTE, ...gateway },
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
  expect(await said(home, "cloud link list")).toMatch(/^office .* ago, trusted for upgrades$/m);
  expect(await said(home, "cloud upgrade")).toMatch(
    /^office is trusted, and publishes revision 1001: 0 load it, 0 have$/m,
  );
  const isOn = (): boolean => revisions(world!, "home").every((one) => one === `${NEXT}`);
  await lab.until(isOn, "it does not come by itself", { within: "150s" });
  await lab.advance("40s");
  expect(revisions(world, "home")).toEqual([`${NEXT}`, `${NEXT}`]);
  expect(await said(office, "cloud upgrade")).toMatch(/^published to linked clusters, of which 1 have loaded it$/m);
  expect(await said(home, "cloud upgrade")).toMatch(/^upgrade to revision 1001: done/m);
  expect(await said(home, "cloud link remove office")).toContain("The link office is gone.");
  expect(await said(home, "cloud get upgrade.from")).toContain("there is no value");
});

/** What a hostile source says, and what is said of it here. */
const HOSTILE: readonly (readonly [what: string, answer: () => PieceAnswer, said: string])[] = [
  ["says nothing", () => () => [], "timed out"],
  ["is busy for ever", () => (asked) => [piece(asked, 0, 503, 0, new Uint8Array())], "answered with status 503"],
  [
    "has rubbish for a signature",
    () => serves(new Uint8Array(900).fill(0x5a), new Uint8Array(65536)),
    "its signature is damaged, or of another format",
  ],
  [
    "has a stranger's signature",
    () => {
      const { signature, kernel } = signedSystem({ ...ofRevision(2003), signer: numberedSigner(2) });
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
      const { signature, kernel } = signedSystem(ofRevision(2006));
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
    // All rounds of a source that says nothing take long.
    if (text === "timed out" && !isAtLength) continue;
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

atLength("a kernel goes by a relay, and whoever came to it publishes it", async () => {
  const content = await signedVolume();
  const media = {
    hub: () => ({ cdrom: cdOf() }),
    office: () => ({ cdrom: cdOf(ofRevision(NEXT)) }),
    cabin: () => ({ disk: new SparseDisk(DISK_BYTES, { content: content.slice() }) }),
  };
  const there = await worldOf(
    [
      { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
      { name: "office", nodes: 1, nat: "symmetric", portMapping: MUTE },
      { name: "cabin", nodes: 1, nat: "symmetric", portMapping: MUTE },
    ],
    (site) => media[site as keyof typeof media](),
  );
  onTestFinished(() => there.lab.close());
  const [hub, cabin] = [delegateOf(there, "hub"), delegateOf(there, "cabin")];
  for (const site of ["office", "cabin"]) await link(there, "hub", site, OFFICE);
  await there.lab.advance("1s");
  expect(await link(there, "office", "cabin", "office@hub")).toContain("linked with the cluster office.");
  await said(cabin, "cloud set upgrade.alone yes");
  expect(await said(cabin, "cloud link trust office upgrade")).toContain("comes here by itself");
  // Its delegate runs from a CD.
  expect(await said(hub, "cloud link trust office upgrade")).toContain("comes here by itself");
  await there.lab.advance("75s");
  expect(await said(cabin, "cloud link list")).toMatch(/^office .* by hub .*trusted for upgrades$/m);
  await there.lab.advance("240s");
  expect(revisions(there, "cabin")).toEqual([`${NEXT}`]);
  expect(hub.console.text).toContain("kernel: this machine was not started from a disk, so it has no slot for it");
  expect(await said(cabin, "cloud upgrade")).toMatch(/^published to linked clusters, of which 0 have loaded it$/m);
});

atLength("a kernel that fails at one cluster is told, and others that trust that one do not begin it", async () => {
  const content = await signedVolume();
  const status = kernelSymbols(images().disk).find(({ name }) => name === "path_status")!.linearAddress;
  const poisoned = ofRevision(NEXT);
  const kernel = (bytes: Uint8Array): void => {
    poisoned.kernel!(bytes);
    bytes.set(Buffer.from("/statuz"), readKernelHeader(bytes).parts.code32.offset + status - KERNEL_SPACE - 0x10_0000);
  };
  const later = cdOf({ ...poisoned, kernel });
  const there = await worldOf(
    [
      { name: "office", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
      { name: "home", nodes: 2, nat: "symmetric", portMapping: MUTE },
      { name: "cabin", nodes: 1, nat: "symmetric", portMapping: MUTE },
    ],
    (site) =>
      site === "office" ? { cdrom: later } : { disk: new SparseDisk(DISK_BYTES, { content: content.slice() }) },
  );
  onTestFinished(() => there.lab.close());
  const [home, cabin] = [delegateOf(there, "home"), delegateOf(there, "cabin")];
  for (const site of ["home", "cabin"]) await link(there, "office", site, OFFICE);
  await there.lab.advance("1s");
  expect(await link(there, "home", "cabin", "home@office")).toContain("linked with the cluster home.");
  await said(cabin, "cloud link trust home upgrade");
  await said(home, "cloud link trust office upgrade");
  await there.lab.advance("400s");
  expect(revisions(there, "home")).toEqual([`${REVISION}`, `${REVISION}`]);
  expect(await said(there.nodesOf.get("home")![0]!, "cloud upgrade")).toMatch(
    /^upgrade to revision 1001: stop, 2 to go/m,
  );
  await said(cabin, "cloud link trust office upgrade");
  await there.lab.advance("60s");
  const seen = await said(cabin, "cloud upgrade");
  expect(seen).toMatch(/^office is trusted, and publishes revision 1001: 0 load it, 1 have$/m);
  expect(seen).toMatch(/^home is trusted, and says that revision 1001 failed there$/m);
  expect(seen).toContain("No upgrade has been planned");
});
