/** A cluster behind a gateway keeps its domain in the zone of another one, which knows nothing of it but a key. */
import { afterAll, expect, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { udpPayloadOf } from "../../src/wire/payload.ts";
import { digBy, rows } from "../guest/net/dig.ts";
import { requireOracle } from "../oracle.ts";
import { shared } from "../setup/shared.ts";
import {
  delegateOf,
  FORWARDED,
  link,
  listen,
  MUTE,
  SERVICE,
  STRANGER,
  said,
  toDoor,
  type World,
  worldOf,
} from "./worlds.ts";

const [HOME, PARENT] = ["198.51.100.1", "198.51.100.2"] as const;
const SECRET = Buffer.from("thirty-two bytes that are secret").toString("base64");
const NAMES = `udp:53:${SERVICE}:53`;
let world: World | null = null;

afterAll(() => world?.lab.close());

const started = shared(async (): Promise<World> => {
  world = await worldOf([
    { name: "home", nodes: 2, forwards: [FORWARDED, NAMES], portMapping: MUTE },
    { name: "parent", nodes: 1, forwards: [FORWARDED, NAMES], portMapping: MUTE },
  ]);
  const parent = delegateOf(world, "parent");
  await said(parent, "cloud set dns.domain parent.example");
  await said(parent, `dns key home.key ${SECRET} home.parent.example`);
  for (const node of world.nodesOf.get("home")!) await said(node, `dns key home.key ${SECRET} nobody.invalid`);
  const home = delegateOf(world, "home");
  await said(home, "cloud set dns.domain home.parent.example");
  await said(home, `cloud set dns.parent "${PARENT} parent.example home.key"`);
  return world;
});

/** What a stranger hears from the name server at home. */
async function found(there: World, name: string, type = "A"): Promise<readonly string[]> {
  const heard = listen(there, 0);
  const plug = there.lab.plug(`asks for ${name}`);
  const answer = await digBy(
    async (message) => {
      heard.out.length = 0;
      plug.send(toDoor(message, STRANGER, 4000, 53));
      await there.lab.advance("50ms");
      return heard.out.map((frame) => (get16(frame, 34) === 53 ? udpPayloadOf(frame, 12) : null)).find(Boolean) ?? null;
    },
    name,
    type,
  );
  return rows(answer);
}

/** The rows of the parent's zone that are of home, without the seconds that are left. */
async function registered(there: World): Promise<readonly string[]> {
  const shown = await said(delegateOf(there, "parent"), "dns");
  return (shown.match(/^\S*home\.parent\.example .*$/gm) ?? []).map((row) => row.replace(/\d+ s$/, "s")).sort();
}

const THERE = ["home.parent.example 60 NS, for s", `ns.home.parent.example 60 A ${HOME}, for s`];

test("an address that nobody has reached is not registered", async () => {
  const there = await started();
  await there.lab.advance("10s");
  const shown = await said(delegateOf(there, "home"), "cloud public");
  expect(shown).toContain(
    `register home.parent.example at ${PARENT}: waits until a linked cluster has reached this one`,
  );
  expect(await registered(there)).toEqual([]);
});

test("one that was reached is, for as long as its lease, and whoever is the delegate says so", async () => {
  const there = await started();
  expect(await link(there, "parent", "home", PARENT)).toContain("linked with");
  await there.lab.advance("20s");
  expect(await registered(there)).toEqual(THERE);
  const [one, other] = there.nodesOf.get("home")!;
  const home = delegateOf(there, "home");
  expect(await said(home, "cloud public")).toMatch(
    /^register home\.parent\.example at \S+: entered \d+ s ago, 198\.51\.100\.1, for 120 s$/m,
  );
  expect(await said(one === home ? other! : one!, "dns")).toContain("register: another member sees to it");
});

test("the parent's zone is made anew, and what has a lease stays", async () => {
  const there = await started();
  expect(await said(delegateOf(there, "parent"), 'cloud set service.www "tcp 80"')).toContain("is set");
  await there.lab.advance("2s");
  expect(await said(delegateOf(there, "parent"), "dns")).toContain("www.parent.example 5 A");
  expect(await registered(there)).toEqual(THERE);
});

test("strangers get the public address of what is there, neighbours their own", async (context) => {
  requireOracle("dig", context);
  const there = await started();
  const name = "home.parent.example";
  expect(await found(there, `ns.${name}`)).toEqual([`ns.${name}. 5 IN A ${HOME}`]);
  expect(await found(there, name)).toEqual([`${name}. 5 IN A ${HOME}`]);
  expect(await found(there, `x.qure-2.${name}`)).toEqual([`x.qure-2.${name}. 5 IN A ${HOME}`]);
  expect(await found(there, `clusters.${name}`)).toEqual([
    `clusters.${name}. 5 IN A ${HOME}`,
    `clusters.${name}. 5 IN A ${PARENT}`,
  ]);
  expect(await said(there.nodesOf.get("home")![0]!, `host ns.${name}`)).toContain(SERVICE);
});

test("what is wrong is said in one line, and what was entered is taken out", async () => {
  const there = await started();
  const home = delegateOf(there, "home");
  const [key, parent] = ["home.key", `${PARENT} parent.example`];
  for (const [value, line] of [
    [`${PARENT}`, 'register: dns.parent is to be "SERVER ZONE KEY", and may end with "addresses"'],
    [`${parent} ${key} others`, 'register: dns.parent is to be "SERVER ZONE KEY", and may end with "addresses"'],
    [`${PARENT} other.example ${key}`, "register: dns.domain is to be below its zone"],
    [`${parent} no.key`, `register home.parent.example at ${PARENT}: no such key (dns key NAME SECRET)`],
    [`1.2.3 parent.example ${key}`, "register home.parent.example at 1.2.3: no such server"],
  ] as const) {
    await said(home, `cloud set dns.parent "${value}"`);
    await there.lab.advance("5s");
    expect(await said(home, "cloud public")).toContain(`\n${line}\n`);
    expect(await registered(there)).toEqual([]);
  }
  await said(home, `cloud set dns.parent "${parent} ${key}"`);
  await there.lab.advance("5s");
  expect(await registered(there)).toEqual(THERE);
});

test("the delegate dies, and the next one goes on, until nobody reaches it", async () => {
  const there = await started();
  delegateOf(there, "home").powerOff();
  await there.lab.advance("125s");
  expect(await registered(there)).toEqual(THERE);
  const home = there.nodesOf.get("home")!.find(({ isOff }) => !isOff)!;
  expect(await said(home, "cloud link remove parent")).toContain("is gone");
  await there.lab.advance("10s");
  expect(await registered(there)).toEqual(THERE);
  await there.lab.advance("115s");
  expect(await registered(there)).toEqual([]);
  expect(await said(home, "dns")).toContain("waits until a linked cluster has reached this one (cloud public)");
});
