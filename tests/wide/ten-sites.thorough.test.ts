/** A sample of `npm run prove -- sites`: clusters of which two reach each other by the first alone, and a far one. */
import { afterAll, expect, test } from "vitest";
import { shared } from "../setup/shared.ts";
import { boot, images } from "../system/images.ts";
import { bothAddresses, everyPairTalks, handOver, killDelegate } from "./site-trials.ts";
import { TEN, TenSites } from "./ten-sites.ts";

const open: TenSites[] = [];

afterAll(() => {
  for (const { lab } of open.splice(0)) lab.close();
});

/** Some of the ten, with so many machines. */
async function someOf(machines: Readonly<Record<string, number>>, latency = "20ms"): Promise<TenSites> {
  const sites = TEN.flatMap((site) => (machines[site.name] ? [{ ...site, nodes: machines[site.name]! }] : []));
  const { iso, kernelElf } = images();
  const there = await TenSites.start({ make: boot, cdrom: iso, kernel: kernelElf, sites, latency });
  open.push(there);
  return there;
}

const started = shared(async (): Promise<TenSites> => {
  const there = await someOf({ hub: 1, cone: 1, port: 3, west: 1 });
  await there.linkAll();
  await there.lab.advance("40s");
  return there;
});

test("with 300 ms and two relays, every two talk within ten seconds", async () => {
  const there = await someOf({ hub: 1, cone: 1, farm: 1, mill: 1 }, "300ms");
  const { problems, lines } = await everyPairTalks(there);
  expect(problems, lines.join("\n")).toEqual([]);
});

test("a dead delegate's service is back in a second, and others see one member less in 15 s", async () => {
  const there = await started();
  expect(there.pairs().filter(([site, other]) => !there.sees(site, other))).toEqual([]);
  expect(["hub", "cone", "west"].map((other) => there.way(other, "port"))).toEqual(["direct", "direct", "by hub"]);
  const [service, view] = await killDelegate(there, "port");
  expect(service).toBeLessThanOrEqual(1);
  expect(view).toBeLessThanOrEqual(15);
});

test("a site with two new addresses is found, and one that gets another's address is not taken for it", async () => {
  const there = await started();
  expect(await bothAddresses(there, "port")).toBeLessThanOrEqual(60);
  const [seconds, changed] = await handOver(there, "port", "west");
  expect(seconds).toBeLessThanOrEqual(60);
  expect(changed).toEqual([]);
});
