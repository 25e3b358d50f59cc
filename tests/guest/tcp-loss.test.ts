/** Loss and reordering as a peer on the wire sees them: cases from the RFCs, run one after the other on one node. */
import { test } from "vitest";
import { withLongFile } from "./long-file.ts";
import { TCP_LOSS_CASES } from "./tcp-loss-cases.ts";
import { play, type TcpScene, tcpScene } from "./tcp-scene.ts";

const FIRST_PORT = 3000;

let made: Promise<TcpScene> | null = null;

test.each(TCP_LOSS_CASES.map((one, index) => ({ ...one, index })))("$name", async ({ rows, port = 80, index }) => {
  made ??= withLongFile().then(tcpScene);
  await play(await made, rows, FIRST_PORT + index, port);
});
