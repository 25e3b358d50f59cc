/** Loss and reordering as a peer on the wire sees them: cases from the RFCs, run one after the other on one node. */
import { test } from "vitest";
import { shared } from "../setup/shared.ts";
import { withLongFile } from "./long-file.ts";
import { TCP_LOSS_CASES } from "./tcp-loss-cases.ts";
import { play, tcpScene } from "./tcp-scene.ts";

const FIRST_PORT = 3000;

const scene = shared(async () => tcpScene(await withLongFile()));

test.each(TCP_LOSS_CASES.map((one, index) => ({ ...one, index })))("$name", async ({ rows, port = 80, index }) => {
  await play(await scene(), rows, FIRST_PORT + index, port);
});
