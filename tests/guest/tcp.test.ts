/** TCP as a peer on the wire sees it: cases from the RFCs, run one after the other on one node. */
import { test } from "vitest";
import { withAddress } from "../system/booted.ts";
import { TCP_CASES } from "./tcp-cases.ts";
import { play, type TcpScene, tcpScene } from "./tcp-scene.ts";

const FIRST_PORT = 2000;

let made: Promise<TcpScene> | null = null;

test.each(TCP_CASES.map((one, index) => ({ ...one, index })))("$name", async ({ rows, port = 80, index }) => {
  made ??= withAddress().then(tcpScene);
  await play(await made, rows, FIRST_PORT + index, port);
});
