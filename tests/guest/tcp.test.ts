/** TCP as a peer on the wire sees it: cases from the RFCs, run one after the other on one node. */
import { expect, test } from "vitest";
import type { LabCluster, LabPlug } from "../../src/index.ts";
import { withAddress } from "../system/booted.ts";
import { CLOUD } from "../system/images.ts";
import { TCP_CASES } from "./tcp-cases.ts";
import { listen, TcpPeer } from "./tcp-wire.ts";

const FIRST_PORT = 2000;

interface Scene {
  readonly lab: LabCluster;
  readonly plug: LabPlug;
  readonly peers: Map<number, TcpPeer>;
  readonly node: { readonly mac: Uint8Array; readonly address: string };
}

let made: Promise<Scene> | null = null;

async function makeScene(): Promise<Scene> {
  const lab = await withAddress();
  const text = lab.nodes[0]!.console.text;
  const mac = /82540EM, ([0-9a-f:]+)/.exec(text)![1]!.split(":");
  const plug = lab.plug("peer");
  const peers = new Map<number, TcpPeer>();
  listen(lab, plug, peers);
  const node = {
    mac: Uint8Array.from(mac, (byte) => Number.parseInt(byte, 16)),
    address: CLOUD.exec(text)![2]!,
  };
  return { lab, plug, peers, node };
}

test.each(TCP_CASES.map((one, index) => ({ ...one, index })))("$name", async ({ rows, port = 80, index }) => {
  made ??= makeScene();
  const { lab, plug, peers, node } = await made;
  const ownPort = FIRST_PORT + index;
  const peer = new TcpPeer(lab, plug, node, ownPort, port);
  peers.set(ownPort, peer);
  for (const [number, row] of rows.entries()) {
    const rest = row.slice(2);
    if (row.startsWith("< ")) peer.send(rest);
    else if (row.startsWith("> ")) expect(await peer.expect(rest), `row ${number}: ${row}`).toBe(rest);
    else if (row.startsWith("wait ")) await lab.advance(`${row.slice(5)}ms`);
    else expect(await peer.silence(Number(row.slice(8))), `row ${number}: ${row}`).toBe("silence");
  }
  peers.delete(ownPort);
});
