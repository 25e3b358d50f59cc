/**
 * Opens ways out of a cluster's network with Node's sockets. What comes in by them is no part of the run: it cannot be
 * repeated, and goes into no snapshot or link.
 */
import type { Nat } from "../../emulator/ether/nat/nat.ts";
import { Outlet } from "../../emulator/ether/outlet.ts";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import { forwardPort, type OpenForward } from "../host/forward.ts";
import { nodeNetwork } from "../host/host-network.ts";
import { openUplink, type UplinkPort } from "../host/uplink.ts";
import type { LabCluster } from "./cluster.ts";
import { type Forward, parseForward, parseWay, type Way } from "./way.ts";

export interface OpenWay {
  /** The ports of the host at which it listens, those that it was given and those that it chose. */
  readonly ports: readonly number[];
}

const nats = new WeakMap<LabCluster, Nat>();

function natOf(lab: LabCluster): Nat {
  const known = nats.get(lab);
  if (known) return known;
  if (!lab.cluster.gateway.enabled) throw new RangeError("a network without gateway has no way to the host's");
  const nat = lab.cluster.openNat(nodeNetwork());
  lab.accompany(nat);
  nats.set(lab, nat);
  return nat;
}

/** Real time is what the other side keeps: a cluster that ran ahead of it would time everything out. */
function checkPace(lab: LabCluster): void {
  if (!lab.realtime) throw new RangeError("a way out of the emulator needs a cluster in real time (realtime: true)");
}

async function openForward(lab: LabCluster, forward: Forward): Promise<OpenForward> {
  const nat = natOf(lab);
  const { to, toPort } = forward;
  const mac = typeof to === "number" ? lab.cluster.macAddresses[to] : null;
  if (mac === undefined) throw new RangeError(`there is no machine ${Number(to) + 1} to forward to`);
  const fixed = typeof to === "string" ? parseIpv4(to) : null;
  const target = () => fixed ?? lab.cluster.gateway.addressOf(mac!, lab.nowNs);
  const { protocol, host: address, port } = forward;
  const opened = await forwardPort(nat, { protocol, address, port, target, targetPort: toPort });
  lab.accompany(opened);
  return opened;
}

/** Makes a socket of the switch for an uplink. */
function plugInto(lab: LabCluster, name: string, take: (frame: Uint8Array) => void): UplinkPort {
  const { cluster } = lab;
  const outlet = new Outlet(name, take);
  const link = cluster.attach(outlet);
  return {
    send: (frame) => cluster.network.send(outlet, 0, frame),
    setLink: (up) => cluster.network.setLink(link, up),
  };
}

/** Forwards a port of the host, such as "8080:80" (docs/emulator.md). Rejects when the port cannot be had. */
export async function openPort(lab: LabCluster, forward: Forward | string): Promise<OpenWay> {
  checkPace(lab);
  const { port } = await openForward(lab, typeof forward === "string" ? parseForward(forward) : forward);
  return { ports: [port] };
}

/** Opens a way, such as "vxlan,vni=42,remote=10.9.0.2" (docs/emulator.md). Rejects when that cannot be done. */
export async function openWay(lab: LabCluster, given: Way | string): Promise<OpenWay> {
  checkPace(lab);
  const way = typeof given === "string" ? parseWay(given) : given;
  if (way.kind === "user") {
    natOf(lab);
    const ports: number[] = [];
    for (const forward of way.forwards) ports.push((await openForward(lab, forward)).port);
    return { ports };
  }
  const uplink = await openUplink(way, (name, take) => plugInto(lab, name, take));
  lab.accompany(uplink);
  return { ports: uplink.port === 0 ? [] : [uplink.port] };
}
