/** How often a store in S3 is asked: what a person waits for there is requests. */
import { expect, test } from "vitest";
import { parseS3Place } from "../../src/volume/s3/place.ts";
import { openS3Store } from "../../src/volume/s3/store.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { MemorySlots, WriteBack } from "../../src/volume/write-back.ts";
import { hostOf, sector } from "./hosts.ts";
import { hostWithoutWaiting, S3Stub } from "./s3-stub.ts";

test("volumes of 10 GiB and of 10 TiB take the same few requests to make, to snapshot and to clone", async () => {
  const stub = await S3Stub.start();
  const place = parseS3Place(`s3://bucket/v?endpoint=${stub.endpoint}`, {});
  const store = await openS3Store(place, { accessKeyId: "KEY", secretAccessKey: "SECRET" }, hostWithoutWaiting());
  const volumes = openVolumes(new WriteBack(store, new MemorySlots(4), () => {}), hostOf("a"));
  const requests = async (work: () => Promise<unknown>): Promise<number> => {
    stub.log.length = 0;
    await work();
    return stub.log.length;
  };
  const found: Record<string, number> = {};
  for (const [size, sizeBytes] of [
    ["10G", 10 * 2 ** 30],
    ["10T", 10 * 2 ** 40],
  ] as const) {
    found[`create ${size}`] = await requests(() => volumes.create(`v${size}`, { sizeBytes }));
    found[`empty snapshot ${size}`] = await requests(() => volumes.snapshot(`v${size}`, `e${size}`));
    const device = await volumes.open(`v${size}`);
    await device.write(0, sector("w", 4096));
    await device.close();
    await volumes.snapshot(`v${size}`, `t${size}`);
    found[`snapshot ${size}`] = await requests(() => volumes.snapshot(`v${size}`, `s${size}`));
    found[`clone ${size}`] = await requests(() => volumes.clone(`s${size}`, `c${size}`));
  }
  const device = await volumes.open("v10G");
  await device.write(8192, sector("x", 4096));
  found["first flush"] = await requests(() => device.flush());
  await device.write(8192, sector("y", 4096));
  found["second flush"] = await requests(() => device.flush());
  await stub.close();
  for (const verb of ["create", "snapshot", "clone"]) expect(found[`${verb} 10T`], verb).toBe(found[`${verb} 10G`]);
  expect(found["create 10T"]).toBeLessThanOrEqual(2);
  // The collector's generation before and after, and the head twice, so that nothing of it is collected meanwhile.
  expect(found["empty snapshot 10T"]).toBeLessThanOrEqual(3);
  expect(found["snapshot 10T"]).toBeLessThanOrEqual(5);
  expect(found["clone 10T"]).toBeLessThanOrEqual(5);
  // Of a new object it is asked first whether it is there; then each flush is data, sums, and a look at the head.
  expect(found["first flush"]).toBeLessThanOrEqual(5);
  expect(found["second flush"]).toBeLessThanOrEqual(3);
});
