/** Loss and reordering as a peer on the wire sees them: cases from the RFCs, run one after the other on one node. */
import { test } from "vitest";
import { shared } from "../../setup/shared.ts";
import { withLongFile } from "./long-file.ts";
import { TCP_LOSS_CASES } from "./tcp-loss-cases.ts";
import { play, tcpScene, themesOf } from "./tcp-scene.ts";

const FIRST_PORT = 3000;

const scene = shared(async () => tcpScene(await withLongFile()));

test.each(themesOf(TCP_LOSS_CASES, FIRST_PORT))("$theme", async ({ cases }) => {
  for (const one of cases) await play(await scene(), one.rows, one.ownPort, one.port, one.name);
});
