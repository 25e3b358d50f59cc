/** The names `clusters` and `download` of a cluster's domain: whom they lead to first, and what a lie gets. */
import { afterAll, expect, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { udpPayloadOf } from "../../src/wire/payload.ts";
import { digBy, rows } from "../guest/net/dig.ts";
import { requireOracle } from "../oracle.ts";
import { shared } from "../setup/shared.ts";
import { cdOf, REVISION } from "../system/signed-images.ts";
import { RogueSource } from "./rogue-source.ts";
import { delegateOf, FORWARDED, link, listen, MUTE, STRANGER, said, toDoor, type World, worldOf } from "./worlds.ts";

const OFFICE = "198.51.100.1";
const [ONE, OTHER, THIRD] = ["203.0.113.9", "203.0.113.10", "203.0.113.11"] as const;
const PUBLISHED = 1;
let world: World | null = null;

afterAll(() => world?.lab.close());

interface Scene {
  readonly there: World;
  readonly one: RogueSource;
  readonly other: RogueSource;
  readonly third: RogueSource;
  readonly asker: ReturnType<World["lab"]["plug"]>;
  readonly heard: Uint8Array[];
}

const started = shared(async (): Promise<Scene> => {
  world = await worldOf(
    [
      { name: "office", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
      { name: "home", nodes: 1, nat: "symmetric", portMapping: MUTE },
    ],
    () => ({ cdrom: cdOf() }),
  );
  const office = delegateOf(world, "office");
  // Home calls the office's door, and has none that anybody could call.
  await link(world, "office", "home", OFFICE);
  await said(office, "cloud set dns.domain cloud.example");
  const [one, other, third] = [
    new RogueSource(world, { site: "office", name: "one", address: ONE }),
    new RogueSource(world, { site: "office", name: "other", address: OTHER }),
    new RogueSource(world, { site: "office", name: "third", address: THIRD }),
  ];
  for (const rogue of [one, other, third]) await rogue.link(office);
  return { there: world, one, other, third, asker: world.lab.plug("asker"), heard: listen(world, 0).out };
});

/** The addresses of a name, in the order of the answer. */
async function found({ there: { lab }, asker, heard }: Scene, name: string): Promise<readonly string[]> {
  const answer = await digBy(
    async (message) => {
      heard.length = 0;
      asker.send(toDoor(message, STRANGER, 5000, 53));
      await lab.advance("50ms");
      return heard.map((frame) => (get16(frame, 34) === 53 ? udpPayloadOf(frame, 12) : null)).find(Boolean) ?? null;
    },
    `${name}.cloud.example`,
    "A",
  );
  return rows(answer).map((row) => row.split(" ").at(-1)!);
}

/** Lets time pass in which these are heard, each at least once in ten seconds. */
async function hear({ there }: Scene, seconds: number, ...heard: readonly (() => void)[]): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    if (second % 9 === 0) for (const say of heard) say();
    await there.lab.advance("1s");
  }
}

test("linked clusters come by load, then by how lately they were heard, in steps that do not flap", async (context) => {
  requireOracle("dig", context);
  const scene = await started();
  const { one, other } = scene;
  const tells =
    (rogue: RogueSource, busy = 0) =>
    (): void =>
      rogue.summary({ busy, door: rogue.address });
  await hear(scene, 3, tells(one), tells(other));
  expect(await found(scene, "clusters")).toEqual([OFFICE, ONE, OTHER]);
  // Whoever speaks each ten seconds stays where it is.
  for (let time = 0; time < 8; time++) {
    await hear(scene, 3, ...(time % 3 === 0 ? [tells(one), tells(other)] : []));
    expect(await found(scene, "clusters")).toEqual([OFFICE, ONE, OTHER]);
  }
  await hear(scene, 1, tells(one), tells(other));
  await hear(scene, 20, tells(other));
  expect(await found(scene, "clusters"), "one was not heard for 20 s").toEqual([OFFICE, OTHER, ONE]);
  await hear(scene, 2, tells(one), tells(other));
  expect(await found(scene, "clusters"), "it is heard again").toEqual([OFFICE, ONE, OTHER]);
  // Load counts first.
  await hear(scene, 2, tells(one, 2), tells(other));
  await hear(scene, 20, tells(one, 2));
  expect(await found(scene, "clusters"), "the other is quiet, but not busy").toEqual([OFFICE, OTHER, ONE]);
  await hear(scene, 20, tells(one, 2));
  expect(await found(scene, "clusters"), "the other is silent").toEqual([OFFICE, ONE]);
  // A load that there cannot be counts as all.
  await hear(scene, 2, tells(one, 0xffffffff), tells(other, 3));
  expect(await found(scene, "clusters")).toEqual([OFFICE, OTHER, ONE]);
});

test("of those that publish the kernel whoever is used least comes first; who lies gets one place, or none", async (context) => {
  requireOracle("dig", context);
  const scene = await started();
  const { one, other, third, there } = scene;
  await there.lab.advance("70s");
  expect(await said(delegateOf(there, "office"), "cloud upgrade")).toMatch(
    /^published to linked clusters, of which 0/m,
  );
  const tells =
    (rogue: RogueSource, loading: number, served: number, more: Parameters<RogueSource["summary"]>[0] = {}) =>
    (): void =>
      rogue.summary({
        ...{ revision: REVISION, news: ((served << 16) | (loading << 8) | PUBLISHED) >>> 0, door: rogue.address },
        ...more,
      });
  const order = async (...heard: readonly (() => void)[]): Promise<readonly string[]> => {
    await hear(scene, 2, ...heard);
    return found(scene, "download");
  };
  expect(await order(tells(one, 1, 2), tells(other, 0, 9))).toEqual([OFFICE, OTHER, ONE]);
  expect(await order(tells(one, 0, 4), tells(other, 0, 9))).toEqual([OFFICE, ONE, OTHER]);
  expect(await order(tells(one, 0, 4), tells(other, 0, 3))).toEqual([OFFICE, OTHER, ONE]);
  expect(await order(tells(one, 2, 0), tells(other, 1, 0)), "loads in progress count as one").toEqual([
    OFFICE,
    ONE,
    OTHER,
  ]);
  // Of three the least used, whatever its place among the links.
  expect(await order(tells(one, 0, 7), tells(other, 0, 6), tells(third, 0, 5))).toEqual([OFFICE, THIRD, OTHER]);
  // Who says that nobody loads from it is never before this cluster, and takes one place of three.
  expect(await order(tells(one, 0, 0), tells(other, 0, 9), tells(third, 0, 8))).toEqual([OFFICE, ONE, THIRD]);
  // Who says the most is last. Another revision, another address, or nothing published are no place.
  expect(await order(tells(one, 255, 0xffff), tells(other, 0, 9), tells(third, 0, 8))).toEqual([OFFICE, THIRD, OTHER]);
  for (const lie of [{ revision: REVISION + 1 }, { door: "203.0.113.77" }, { door: OFFICE }, { news: 2 }, { news: 0 }])
    expect(await order(tells(one, 0, 0, lie), tells(other, 0, 9), tells(third, 0, 8))).toEqual([OFFICE, THIRD, OTHER]);
});
