/** TCP as a peer on the wire sees it: cases from the RFCs, run one after the other on one node. */
import { test } from "vitest";
import { shared } from "../setup/shared.ts";
import { withAddress } from "../system/booted.ts";
import { TCP_CASES } from "./tcp-cases.ts";
import { play, tcpScene } from "./tcp-scene.ts";

const FIRST_PORT = 2000;

const scene = shared(async () => tcpScene(await withAddress()));

test.each(TCP_CASES.map((one, index) => ({ ...one, index })))("$name", async ({ rows, port = 80, index }) => {
  await play(await scene(), rows, FIRST_PORT + index, port);
});
