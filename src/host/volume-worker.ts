/** The thread that has the volumes of this process's machines (volume-disk.ts). */
import { type MessagePort, parentPort } from "node:worker_threads";
import type { VolumeDevice, Volumes } from "../volume/model.ts";
import { ANSWERED, type VolumeAnswer, type VolumeOrder, type VolumeSetup } from "./volume-disk.ts";
import { openHostVolumes } from "./volume-host.ts";
import { openStore } from "./volume-place.ts";

/** One volume. */
class Served {
  readonly #setup: VolumeSetup;
  #volumes: Volumes | null = null;
  #device: VolumeDevice | null = null;

  constructor(setup: VolumeSetup) {
    this.#setup = setup;
  }

  async #open(): Promise<VolumeAnswer> {
    const { name, readOnly, env } = this.#setup;
    this.#volumes = openHostVolumes(await openStore(null, env, { create: false }), env);
    const isSnapshot = !readOnly && (await this.#volumes.look(name)).kind === "snapshot";
    const identity = await this.#identity();
    this.#device = await this.#volumes.open(name, { readOnly: readOnly || isSnapshot });
    return { sizeBytes: this.#device.sizeBytes, readOnly: this.#device.readOnly, identity };
  }

  /** After a seal that came to nothing, as on a full disk, whoever has it goes on. */
  async #opened(): Promise<VolumeDevice> {
    if (this.#device === null) await this.#open();
    return this.#device!;
  }

  /** It is taken into another epoch whenever somebody is to write it. */
  async #identity(): Promise<string> {
    const { id, epoch } = await this.#volumes!.look(this.#setup.name);
    return `${id}.${epoch}`;
  }

  async follow(order: VolumeOrder): Promise<VolumeAnswer> {
    const { name, bytes } = this.#setup;
    if (order.verb === "open") return this.#open();
    if (order.verb === "read") bytes.set(await (await this.#opened()).read(order.at, order.length));
    else if (order.verb === "write") await (await this.#opened()).write(order.at, bytes.slice(0, order.length));
    else if (order.verb === "flush") await (await this.#opened()).flush();
    else if (order.verb === "snapshot" || order.verb === "clone") await this.#volumes![order.verb](name, order.name);
    else {
      const device = this.#device;
      this.#device = null;
      await device?.close();
      if (order.verb === "seal") return { identity: await this.#identity() };
    }
    return null;
  }
}

parentPort!.on("message", ({ setup, port }: { readonly setup: VolumeSetup; readonly port: MessagePort }) => {
  const served = new Served(setup);
  port.on("message", (order: VolumeOrder) => {
    void served
      .follow(order)
      .catch((error: unknown): VolumeAnswer => ({ error: error instanceof Error ? error.message : String(error) }))
      .then((answer) => {
        port.postMessage(answer);
        Atomics.store(setup.words, ANSWERED, 1);
        Atomics.notify(setup.words, ANSWERED);
      });
  });
});
