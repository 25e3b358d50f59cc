/**
 * The Ethernet of a cluster: the emulator's switch and gateway, paced to the host's clock, into which machines are
 * plugged whatever runs them. The gateway leads to the host's networks.
 */
import { isForGateway } from "../../../emulator/ether/gateway.ts";
import { Outlet } from "../../../emulator/ether/outlet.ts";
import { parseIpv4, parseMac } from "../../../emulator/ether/packet.ts";
import { forwardPort, type OpenForward } from "../../host/forward.ts";
import { nodeNetwork } from "../../host/host-network.ts";
import type { UplinkWay } from "../../host/places.ts";
import { openUplink } from "../../host/uplink.ts";
import { LabCluster } from "../../lab/lab.ts";
import { parseForward } from "../../lab/way.ts";
import { AddressUse } from "./address-use.ts";
import { Pace } from "./pace.ts";
import type { Cable } from "./runner.ts";

/** One that nobody uses any more is used again: a switch's sockets are never taken away. */
interface Socket {
  readonly cable: Cable;
  take: ((frame: Uint8Array) => void) | null;
}

export class Wire {
  readonly #names = new Map<string, string>();
  readonly #lab: LabCluster;
  readonly #nat;
  readonly #sockets: Socket[] = [];
  readonly #pace = new Pace();
  readonly #use = new AddressUse();
  /** Hears every frame that anybody sends into the switch. */
  onFrame: (frame: Uint8Array) => void = () => {};
  /** A frame has come from another host, and is not to wait. */
  onWanted: () => void = () => {};

  constructor() {
    this.#lab = new LabCluster({ firmware: new Uint8Array(), nodes: [], linkLatency: "1us", hostNames: this.#names });
    this.#nat = this.#lab.cluster.openNat(nodeNetwork());
    this.#lab.accompany(this.#nat);
  }

  /** The name that whoever has this address gets with its lease. */
  nameHost(mac: string, name: string): void {
    this.#names.set(mac, name);
  }

  /** A machine's system begins: it has no address until it uses one. */
  begin(mac: string): void {
    this.#use.begin(mac);
  }

  plug(take: (frame: Uint8Array) => void): Cable {
    const free = this.#sockets.find((socket) => socket.take === null);
    const socket = free ?? this.#newSocket();
    socket.take = take;
    socket.cable.setLink(true);
    return {
      send: (frame) => {
        this.#use.hear(frame, performance.now());
        this.onFrame(frame);
        socket.cable.send(frame);
      },
      setLink: (isUp) => {
        socket.cable.setLink(isUp);
        if (!isUp) socket.take = null;
      },
    };
  }

  #newSocket(): Socket {
    const outlet = new Outlet(`machine ${this.#sockets.length + 1}`, (frame) => socket.take?.(frame));
    const { cluster } = this.#lab;
    const link = cluster.attach(outlet);
    const cable: Cable = {
      send: (frame) => cluster.network.send(outlet, 0, frame),
      setLink: (isUp) => cluster.network.setLink(link, isUp),
    };
    const socket: Socket = { cable, take: null };
    this.#sockets.push(socket);
    return socket;
  }

  /** Of two hosts that share the Ethernet this is the second: its machines get other addresses. */
  setSecond(isSecond: boolean): void {
    this.#lab.cluster.gateway.setSecond(isSecond);
  }

  /** Carries the Ethernet to another host's, whose gateway is its own. */
  async link(way: UplinkWay): Promise<() => void> {
    const cables: Cable[] = [];
    const uplink = await openUplink(way, (_name, take) => {
      const cable = this.plug((frame) => {
        if (!isForGateway(frame)) take(frame);
      });
      const send = (frame: Uint8Array): void => {
        if (isForGateway(frame)) return;
        cable.send(frame);
        this.onWanted();
      };
      cables.push(cable);
      return { send, setLink: (isUp) => cable.setLink(isUp) };
    });
    return () => {
      uplink.close();
      for (const cable of cables) cable.setLink(false);
    };
  }

  /** A Unix socket at which one machine after the other is plugged in, as QEMU's `-netdev stream` does it. */
  async listen(path: string): Promise<() => void> {
    const uplink = await openUplink({ kind: "stream", isServer: true, place: { path } }, (_name, take) => {
      const cable = this.plug(take);
      return { send: (frame) => cable.send(frame), setLink: () => {} };
    });
    return () => uplink.close();
  }

  /**
   * The address that the gateway has given to whoever has this MAC address, or that it was seen with; null: none. One
   * lent to another MAC address counts where it was announced last: a kernel has moved on with it.
   */
  addressOf(mac: string): string | null {
    const { gateway, nowNs } = this.#lab.cluster;
    const announced = this.#use.announcedBy(mac);
    if (announced !== null && gateway.hasLent(parseIpv4(announced), nowNs)) return announced;
    return gateway.addressOf(parseMac(mac), nowNs)?.join(".") ?? null;
  }

  /** The same as soon as the machine uses it: then its routes are there, too. */
  addressInUse(mac: string): string | null {
    return this.#use.isUsed(mac, performance.now()) ? this.addressOf(mac) : null;
  }

  /** Forwards a port of the host to a machine, wherever that is by then. */
  forward(text: string, mac: string): Promise<OpenForward> {
    const { protocol, host: address, port, toPort } = parseForward(text);
    const target = () => {
      const found = this.addressOf(mac);
      return found === null ? null : parseIpv4(found);
    };
    return forwardPort(this.#nat, { protocol, address, port, target, targetPort: toPort });
  }

  get nextMs(): number {
    return this.#pace.momentOf(this.#lab.cluster.nextEventNs);
  }

  /** Whether something of the host's may come at any moment. */
  get isBusy(): boolean {
    return this.#nat.counters.streams > 0;
  }

  turn(nowMs: number): void {
    this.#pace.forgive(nowMs, this.#lab.nowNs);
    this.#lab.runTo(this.#pace.timeAt(nowMs));
  }

  close(): void {
    this.#lab.close();
  }
}
