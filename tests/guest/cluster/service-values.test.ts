/** Which values are service addresses (docs/protocols/cluster.md, "Service addresses"), as members tell them. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { outputAmong } from "../../system/output.ts";
import { HIGH } from "./agreement-scene.ts";
import { regionOf, type Values, withTwo } from "./values-scene.ts";

const MASK = "255.255.255.0";

/** The addresses, their masks, and whether they are shared, after these values were told. */
async function listed(v: Values, number: number, values: Readonly<Record<string, string>>): Promise<string[]> {
  const region = regionOf(values);
  v.tell(HIGH, number, region);
  v.live(number, region);
  await v.s.lab.advance("10ms");
  const rows = await outputAmong(v.s.node, "cloud address list");
  return [...rows.matchAll(/^(\d\S+) mask (\S+) (shared )?/gm)].map(([, address, mask, shared = ""]) =>
    `${address} ${mask} ${shared}`.trim(),
  );
}

test("are those of the name address.A.B.C.D whose text is a mask, with the word shared behind it or not", async () => {
  const v = await withTwo();
  const values = {
    "a.first": "255.255.255.0",
    "address.10.0.2.50": MASK,
    "address.10.0.2.51": "255.255.0.0 shared",
    "address.10.0.2.52": `${MASK} share`,
    "address.10.0.2.53": `${MASK} sharedx`,
    "address.10.0.2.54": `${MASK}x shared`,
    "address.10.0.2": MASK,
    "address.10.0.2.55x": MASK,
    "address.10.0.2.56": "255.255.255",
    "address.10.0.2.57": "",
    "address10.0.2.58": MASK,
    "addresses.10.0.2.59": MASK,
    "address.10.0.2.60": MASK,
  };
  expect(await listed(v, 1, values)).toEqual([
    `10.0.2.50 ${MASK}`,
    "10.0.2.51 255.255.0.0 shared",
    `10.0.2.52 ${MASK}`,
    `10.0.2.53 ${MASK}`,
    `10.0.2.60 ${MASK}`,
  ]);
});

thoroughly("change with the values, and are the first eight of them", async () => {
  const v = await withTwo();
  const named = (lasts: readonly number[], text = MASK): Record<string, string> =>
    Object.fromEntries(lasts.map((last) => [`address.10.0.2.${last}`, text]));
  const nine = [51, 52, 53, 54, 55, 56, 57, 58, 59];
  const rows = (lasts: readonly number[], text = MASK): string[] => lasts.map((last) => `10.0.2.${last} ${text}`);
  expect(await listed(v, 1, named(nine))).toEqual(rows(nine.slice(0, 8)));
  // The place of one that is gone is another's.
  const fewer = nine.filter((last) => last !== 53);
  expect(await listed(v, 2, named(fewer))).toEqual(rows([51, 52, 59, 54, 55, 56, 57, 58]));
  expect(await listed(v, 3, { ...named([52, 58], "255.0.0.0 shared") })).toEqual(rows([52, 58], "255.0.0.0 shared"));
  expect(await listed(v, 4, named([58, 52]))).toEqual(rows([52, 58]));
  expect(await listed(v, 5, {})).toEqual([]);
  expect(await outputAmong(v.s.node, "cloud address list")).toMatch(/^The cluster has no service addresses/);
});
