/** A sample of `npm run prove -- sites`: three clusters, of which two reach each other by the first alone. */
import { afterAll, expect, test } from "vitest";
import { shared } from "../setup/shared.ts";
import { boot, images } from "../system/images.ts";
import { bothAddresses, handOver, killDelegate } from "./site-trials.ts";
import { TEN, TenSites } from "./ten-sites.ts";

let open: TenSites | null = null;

afterAll(() => open?.lab.close());

const started = shared(async (): Promise<TenSites> => {
  open = await TenSites.start({
    make: boot,
    cdrom: images().iso,
    kernel: images().kernelElf,
    sites: TEN.flatMap((site) => {
      const nodes = { hub: 1, port: 1, west: 3 }[site.name];
      return nodes === undefined ? [] : [{ ...site, nodes }];
    }),
  });
  await open.linkAll();
  await open.lab.advance("40s");
  return open;
});

test("a dead delegate's service is back in a second, and others see one member less in 15 s", async () => {
  const there = await started();
  expect(there.pairs().filter(([site, other]) => !there.sees(site, other))).toEqual([]);
  expect([there.way("port", "west"), there.way("west", "port")]).toEqual(["by hub", "by hub"]);
  const [service, view] = await killDelegate(there, "west");
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
