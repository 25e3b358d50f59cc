/** IGMPv3 as a querier and other hosts on the link see it (RFC 3376), and the versions before it. */
import { expect, test } from "vitest";
import { rowsOf } from "../../setup/tier.ts";
import { withAddress } from "../../system/booted.ts";
import { IGMP_CASES } from "./igmp-cases.ts";
import { IgmpScene } from "./igmp-wire.ts";

test.each(rowsOf(IGMP_CASES, 20))("$name", async (one) => {
  expect(await new IgmpScene(await withAddress()).run(one)).toEqual([]);
});
