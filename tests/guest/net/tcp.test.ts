/** TCP as a peer on the wire sees it: cases from the RFCs, run one after the other on one node. */
import { test } from "vitest";
import { shared } from "../../setup/shared.ts";
import { withAddress } from "../../system/booted.ts";
import { TCP_CASES } from "./tcp-cases.ts";
import { play, tcpScene, themesOf } from "./tcp-scene.ts";

const FIRST_PORT = 2000;

const scene = shared(async () => tcpScene(await withAddress()));

test.each(themesOf(TCP_CASES, FIRST_PORT))("$theme", async ({ cases }) => {
  for (const one of cases) await play(await scene(), one.rows, one.ownPort, one.port, one.name);
});
