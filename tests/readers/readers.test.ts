/** The readers that `npm run prove -- readers` tries for an hour, with a few cases each. */
import { expect, test } from "vitest";
import { casesOf } from "../setup/tier.ts";
import { READERS, tryReader } from "./readers.ts";

const cases = casesOf("readers");

test.each(Object.keys(READERS))(
  `%s: what is nearly right is refused in the reader's own words, ${cases.title}`,
  async (name) => {
    const reader = await READERS[name]!();
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++)
      expect(await tryReader(reader, seed), cases.repeat(seed)).toBeNull();
  },
);
