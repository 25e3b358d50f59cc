/** A node on whose wire TCP peers play their cases (tcp-wire.ts). */
import { expect } from "vitest";
import type { LabCluster, LabPlug } from "../../../src/index.ts";
import { CLOUD, PROMPT } from "../../system/images.ts";
import type { TcpCase, TcpCases } from "./tcp-cases.ts";
import { listen, TcpPeer } from "./tcp-wire.ts";

const CROWD_PORT = 20_000;
const HTTP_PORT = 80;

export interface TcpScene {
  readonly lab: LabCluster;
  readonly plug: LabPlug;
  readonly peers: Map<number, TcpPeer>;
  readonly node: { readonly mac: Uint8Array; readonly address: string };
}

/** The scene of a cluster whose first node has an address. */
export function tcpScene(lab: LabCluster): TcpScene {
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

/** A pause may end so much sooner: time goes by in ticks, and begins before the row. */
const PAUSE_GRAIN_MS = 20;

/**
 * Plays a case from `ownPort` to `port` of the node; 0: the node calls. Besides the rows of tcp-wire.ts:
 *
 *   $ nc 10.0.2.77 5101 &          typed at the node's shell, up to the next prompt
 *   type a row                     typed, whoever reads it
 *   says nc: timed out             the node's console shows this
 *   crowd 40                       SYNs come from as many other ports
 *   pause 400                      the node is silent for so many milliseconds, a sixteenth of them more at most
 */
export async function play(
  scene: TcpScene,
  rows: readonly string[],
  ownPort: number,
  port: number,
  name = "",
): Promise<void> {
  const { lab, plug, peers, node } = scene;
  const peer = new TcpPeer(lab, plug, node, ownPort, port);
  peers.set(ownPort, peer);
  for (const [number, row] of rows.entries()) {
    const rest = row.slice(2);
    const place = `${name}, row ${number}: ${row}`;
    // Behind what a case expects nothing else comes in the same moment, unless it has waited.
    if (row.startsWith("< ") && rows[number - 1]?.startsWith("> "))
      expect(await peer.silence(0), place).toBe("silence");
    if (row.startsWith("< ")) peer.send(rest);
    else if (row.startsWith("$ ")) await lab.nodes[0]!.enter(rest, PROMPT);
    else if (row.startsWith("type ")) lab.nodes[0]!.type(`${row.slice(5)}\n`);
    else if (row.startsWith("says ")) await lab.nodes[0]!.waitFor(row.slice(5));
    else if (row.startsWith("icmp ")) peer.sendError(row.slice(5));
    else if (row.startsWith("crowd "))
      for (let other = 1; other <= Number(row.slice(6)); other++)
        new TcpPeer(lab, plug, node, CROWD_PORT + other, port).send("S 0:0 mss 1460");
    else if (row.startsWith("> ")) expect(await peer.expect(rest), place).toBe(rest);
    else if (row.startsWith("wait ")) await lab.advance(`${row.slice(5)}ms`);
    else if (row.startsWith("pause ")) {
      const ms = Number(row.slice(6));
      expect(await peer.silence(ms - PAUSE_GRAIN_MS), place).toBe("silence");
      await peer.silence(ms / 16 + PAUSE_GRAIN_MS);
    } else expect(await peer.silence(Number(row.slice(8))), place).toBe("silence");
  }
  peers.delete(ownPort);
}

/** The themes of a table: the cases of each, with a port of the peer's own for each of them. */
export function themesOf(
  table: TcpCases,
  firstPort: number,
): readonly {
  readonly theme: string;
  readonly cases: readonly (Required<TcpCase> & { readonly ownPort: number })[];
}[] {
  let ownPort = firstPort;
  return Object.entries(table).map(([theme, cases]) => ({
    theme,
    cases: cases.map((one) => ({ port: HTTP_PORT, ...one, ownPort: ownPort++ })),
  }));
}
