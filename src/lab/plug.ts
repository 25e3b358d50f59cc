/** A socket of the cluster's switch for a test or a program: frames come out, and any frame goes in. */
import type { Cluster } from "../../emulator/cluster/cluster.ts";
import type { Tap, TapHandler } from "../../emulator/ether/tap.ts";

/** A plug of the test's own in the cluster's switch. */
export class LabPlug {
  readonly #cluster: Cluster;
  readonly #tap: Tap;

  constructor(cluster: Cluster, tap: Tap) {
    this.#cluster = cluster;
    this.#tap = tap;
  }

  /** Every frame that the switch has sent here so far. */
  get received(): readonly Uint8Array[] {
    return this.#tap.received;
  }

  /** Has `received` begin anew: for what goes on for hours. */
  forget(): void {
    this.#tap.received.length = 0;
  }

  /** Sends a frame now: any bytes, from the destination's MAC address on, without FCS. */
  send(frame: Uint8Array): void {
    this.#cluster.network.send(this.#tap, 0, new Uint8Array(frame));
  }

  /** Takes it out of the switch, where nothing was plugged in after it: from then on the cluster can be saved. */
  unplug(): void {
    this.#cluster.unplug(this.#tap);
  }

  /** Has every frame answered, at the virtual time at which it comes, with the frames that `handler` returns. */
  answer(handler: TapHandler | null): void {
    this.#tap.handler = handler;
  }
}
