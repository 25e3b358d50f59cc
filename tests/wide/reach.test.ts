/** Links whose place is a name, and links by TCP where a gateway drops UDP. */
import { afterAll, expect, test } from "vitest";
import { addressNumber } from "../../emulator/ether/wide/wide-net.ts";
import { shared } from "../setup/shared.ts";
import { delegateOf, FORWARDED, link, MUTE, SERVICE, said, type World, worldOf } from "./worlds.ts";

const [NAMES, HUB, NOBODY, MOVED] = ["198.51.100.1", "198.51.100.2", "198.51.100.88", "198.51.100.77"] as const;
const open: World[] = [];

afterAll(() => {
  for (const { lab } of open) lab.close();
});

/** A name server, a hub whose door has a name there, and a den that nobody reaches. */
const named = shared(async (): Promise<World> => {
  const world = await worldOf([
    { name: "names", nodes: 1, forwards: [`udp:53:${SERVICE}:53`], portMapping: MUTE },
    { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "den", nodes: 1, nat: "symmetric", portMapping: MUTE },
  ]);
  open.push(world);
  const names = delegateOf(world, "names");
  await said(names, "dns add example 600 SOA ns.example hostmaster.example 7 3600 600 86400 60");
  await said(names, "dns add example 600 NS ns.example");
  for (const address of ["224.0.0.1", NOBODY, HUB]) await said(names, `dns add door.example 5 A ${address}`);
  await said(names, "dns on");
  await said(delegateOf(world, "den"), `set dns.server ${NAMES}`);
  return world;
});

test("a name that has no address is said to have none, and is no link", async () => {
  const world = await named();
  expect(await link(world, "hub", "den", "none.example")).toContain("no address of none.example was found: ");
  expect(await said(delegateOf(world, "den"), "cloud link list")).toContain("linked with no other");
});

test("a name stands for its addresses at the join, and stays in the link", async () => {
  const world = await named();
  const den = delegateOf(world, "den");
  expect(await link(world, "hub", "den", "door.example")).toContain("This cluster is linked with the cluster hub.");
  expect(await said(den, "cloud get link.hub")).toContain("door.example 20819");
  await world.lab.advance("12s");
  expect(await said(den, "cloud link list")).toMatch(/^hub +\w{16} 198\.51\.100\.2:20819 +heard \d s ago$/m);
});

test("a door that has moved is found by its name, while the other cluster has none", async () => {
  const world = await named();
  const [names, den] = [delegateOf(world, "names"), delegateOf(world, "den")];
  world.lab.cluster.world!.move(1, addressNumber(MOVED));
  await world.lab.advance("60s");
  expect(await said(den, "cloud link list")).toMatch(/^hub .* silent, heard \d+ s ago$/m);
  await said(names, "dns del door.example");
  await said(names, `dns add door.example 5 A ${MOVED}`);
  await world.lab.advance("40s");
  expect(await said(den, "cloud link list")).toMatch(/^hub +\w{16} 198\.51\.100\.77:20819 +heard \d s ago$/m);
});

const DOOR_BY_TCP = `tcp:20819:${SERVICE}:20819`;

/** A hub with a door, a den whose gateway drops UDP, and an attic that no gateway leads anybody to. */
const deaf = shared(async (): Promise<World> => {
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: [FORWARDED, DOOR_BY_TCP], portMapping: MUTE },
    { name: "den", nodes: 2, dropsUdp: true, nat: "symmetric", portMapping: MUTE },
    { name: "attic", nodes: 1, nat: "symmetric", portMapping: MUTE },
  ]);
  open.push(world);
  return world;
});

const THERE = "198.51.100.1";

test("two clusters link and talk by TCP where a gateway drops UDP", async () => {
  const world = await deaf();
  const [hub, den] = [delegateOf(world, "hub"), delegateOf(world, "den")];
  expect(await link(world, "hub", "den", THERE)).toContain("This cluster is linked with the cluster hub.");
  await world.lab.advance("15s");
  expect(await said(den, "cloud link list")).toMatch(/^hub +\w{16} by TCP 198\.51\.100\.1 +heard \d s ago$/m);
  expect(await said(hub, "cloud clusters")).toMatch(/^den +2 .* by TCP 198\.51\.100\.2 +heard \d s ago$/m);
  expect(await said(hub, "cloud nodes --all")).toMatch(/den:\n( {2}qure-[23] +\w{16} revision \d+\n){2}/);
  expect(await said(den, "cloud nodes --all")).toMatch(/hub:\n {2}qure-1 +\w{16} revision \d+\n/);
});
