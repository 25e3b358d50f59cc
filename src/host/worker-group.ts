/**
 * Machines in a worker thread, as their cluster sees them. The worker runs while the main thread runs machines of its
 * own; at the end of a quantum frames and output are taken from shared memory. Everything else - typing, screens,
 * states - is a call that waits for its result.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { LocalGroup } from "../../emulator/cluster/local-group.ts";
import type {
  GroupConfig,
  GroupFactory,
  MachineGroup,
  MachineHost,
  MachineSpec,
} from "../../emulator/cluster/machine-host.ts";
import { FRAME, SERIAL } from "../../emulator/cluster/records.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import type { MachineCable, TimedFrame } from "../../emulator/ether/cable-end.ts";
import type { Picture, Power, TextScreen } from "../../emulator/machine.ts";
import { MediaDescriber } from "./media.ts";
import { shareModules } from "./module-exchange.ts";
import { packageRoot } from "./package.ts";
import { CALL, CONTINUE, END, FAILED, makeChannel, OUTBOX_FULL, RUN, TAKE, WorkerChannel } from "./worker-channel.ts";
import { type Call, type CallResult, isPlain, type WorkerMachine, type WorkerSetup } from "./worker-protocol.ts";

/**
 * Spreads machines over this thread and `threads - 1` workers, in turn. Machines whose media cannot leave this thread
 * stay in it. `areaBytes`: see `makeChannel`.
 */
export function spreadOver(threads: number, areaBytes?: number): GroupFactory {
  return (machines, config) => {
    const media = new MediaDescriber();
    const shares = Array.from({ length: threads }, (): number[] => []);
    machines.forEach(({ disk, cdrom, parts }, index) => {
      const isMovable =
        (!parts || isPlain(parts)) &&
        (!disk || media.describe(disk) !== null) &&
        (!cdrom || media.describe(cdrom) !== null);
      shares[isMovable ? index % threads : 0]!.push(index);
    });
    const [own, ...others] = shares;
    const groups: MachineGroup[] = others
      .filter((share) => share.length > 0)
      .map((share) => new WorkerGroup(share, machines, config, media, areaBytes));
    // This thread's machines run last: the workers are under way then.
    groups.push(
      new LocalGroup(
        own!.map((index) => machines[index]!),
        config,
        own,
      ),
    );
    return groups;
  };
}

/** The cable of a machine in a worker. */
class WorkerCable implements MachineCable {
  readonly name: string;
  onOutgoing: (() => void) | null = null;
  readonly #group: WorkerGroup;
  readonly #position: number;
  #linkUp = true;
  #outgoing: TimedFrame[] = [];

  constructor(group: WorkerGroup, position: number, name: string) {
    this.#group = group;
    this.#position = position;
    this.name = name;
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  /** The machine has sent a frame. */
  sent(frame: TimedFrame): void {
    if (this.#outgoing.push(frame) === 1) this.onOutgoing?.();
  }

  takeOutgoing(): TimedFrame[] {
    const frames = this.#outgoing;
    this.#outgoing = [];
    return frames;
  }

  deliver(frames: readonly TimedFrame[]): void {
    for (const { timeNs, frame } of frames) this.#group.deliver(this.#position, timeNs, frame);
  }

  setLink(up: boolean): void {
    if (up === this.#linkUp) return;
    this.#linkUp = up;
    this.#group.call(this.#position, "setLink", [up]);
  }
}

/** A machine in a worker. */
export class WorkerMachineHost implements MachineHost {
  readonly name: string;
  readonly #group: WorkerGroup;
  readonly #position: number;

  constructor(group: WorkerGroup, position: number, name: string) {
    this.#group = group;
    this.#position = position;
    this.name = name;
  }

  get power(): Power {
    return this.#group.channel.isOff(this.#position) ? "off" : "on";
  }

  get exitStatus(): number | null {
    return this.#group.channel.exitStatus(this.#position);
  }

  get instructions(): number {
    return this.#group.channel.instructions(this.#position);
  }

  #call(method: Call["method"], ...args: unknown[]): unknown {
    return this.#group.call(this.#position, method, args);
  }

  serialInput(port: 0 | 1, bytes: Uint8Array): void {
    this.#call("serialInput", port, bytes);
  }

  typeText(text: string): void {
    this.#call("typeText", text);
  }

  key(code: number, down: boolean): void {
    this.#call("key", code, down);
  }

  reset(): void {
    this.#call("reset");
  }

  pressPowerButton(): void {
    this.#call("pressPowerButton");
  }

  powerOff(): void {
    this.#call("powerOff");
  }

  powerOn(): void {
    this.#call("powerOn");
  }

  powerCycle(): void {
    this.#call("powerCycle");
  }

  hold(untilNs: number): void {
    this.#call("hold", untilNs);
  }

  slowDisk(factor: number): void {
    this.#call("slowDisk", factor);
  }

  failDisk(readPercent: number, writePercent: number): void {
    this.#call("failDisk", readPercent, writePercent);
  }

  screen(): TextScreen {
    return this.#call("screen") as TextScreen;
  }

  screenshot(): Picture {
    return this.#call("screenshot") as Picture;
  }

  readMemory(physicalAddress: number, lengthBytes: number): Uint8Array {
    return this.#call("readMemory", physicalAddress, lengthBytes) as Uint8Array;
  }

  writeMemory(physicalAddress: number, bytes: Uint8Array): void {
    this.#call("writeMemory", physicalAddress, bytes);
  }

  digest(): string {
    return this.#call("digest") as string;
  }

  saveState(): Uint8Array {
    return this.#call("saveState") as Uint8Array;
  }

  restoreState(state: Uint8Array): void {
    this.#call("restoreState", state);
  }

  /** What its disk holds now. */
  readDisk(offsetBytes: number, lengthBytes: number): Uint8Array {
    return this.#call("readDisk", offsetBytes, lengthBytes) as Uint8Array;
  }
}

class WorkerGroup implements MachineGroup {
  readonly indices: readonly number[];
  readonly hosts: readonly WorkerMachineHost[];
  readonly cables: readonly WorkerCable[];
  readonly channel: WorkerChannel;
  /** Debuggers reach only into the main thread. */
  readonly paused = false;
  readonly #config: GroupConfig;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** From the start there is something to do; the first answer says when next. */
  #nextNs = 0;
  #settledNs = 0;
  #running = false;

  constructor(
    indices: readonly number[],
    all: readonly MachineSpec[],
    config: GroupConfig,
    media: MediaDescriber,
    areaBytes?: number,
  ) {
    this.indices = indices;
    this.#config = config;
    const describe = (medium: BlockBackend | null) => medium && media.describe(medium);
    const machines = indices.map((index): WorkerMachine => {
      const { name, ramBytes, macAddress, powerOnNs, disk, cdrom, parts } = all[index]!;
      const drives = { disk: describe(disk), cdrom: describe(cdrom) };
      return { index, name, ramBytes, macAddress, powerOnNs, ...drives, ...(parts ? { parts } : {}) };
    });
    const shape = makeChannel(machines.length, areaBytes);
    this.channel = new WorkerChannel(shape);
    this.hosts = machines.map(({ name }, position) => new WorkerMachineHost(this, position, name));
    this.cables = machines.map(({ name }, position) => new WorkerCable(this, position, name));
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.unref();
    const setup: WorkerSetup = {
      channel: shape,
      firmware: config.firmware,
      startSeconds: config.startSeconds,
      jit: config.jit,
      reboot: config.reboot,
      machines,
    };
    shareModules();
    const program = join(packageRoot(), "dist", "worker.js");
    if (!existsSync(program)) throw new Error(`${program} is missing: npm run build makes it`);
    this.#worker = new Worker(program, { workerData: { setup, port: port2 }, transferList: [port2] });
    this.#worker.unref();
  }

  get nextEventNs(): number {
    return this.#nextNs;
  }

  start(endNs: number): void {
    if (this.#nextNs >= endNs) return;
    this.channel.request(RUN, endNs);
    this.#running = true;
  }

  finish(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#finishRequest();
  }

  refresh(): void {
    // Every call has brought its answer to what comes next.
  }

  settle(timeNs: number): void {
    // Done when a machine is called: until then its clock lags.
    this.#settledNs = timeNs;
  }

  /** A frame for a machine. */
  deliver(position: number, timeNs: number, frame: Uint8Array): void {
    if (!this.channel.inbox.put(FRAME, position, 0, timeNs, frame)) {
      this.channel.request(TAKE, 0);
      this.#finishRequest();
      this.channel.inbox.put(FRAME, position, 0, timeNs, frame);
    }
    if (timeNs < this.#nextNs) this.#nextNs = timeNs;
  }

  startDigests(): void {
    this.#startCall({ machine: 0, method: "digests", args: [] });
  }

  finishDigests(): readonly string[] {
    return this.#finishCall() as readonly string[];
  }

  /** Calls a method of a machine and waits for what comes of it. */
  call(position: number, method: Call["method"], args: readonly unknown[]): unknown {
    this.#startCall({ machine: position, method, args });
    return this.#finishCall();
  }

  #startCall(call: Call): void {
    this.#port.postMessage(call);
    this.channel.request(CALL, this.#settledNs);
  }

  #finishCall(): unknown {
    this.#finishRequest();
    const result = receiveMessageOnPort(this.#port)!.message as CallResult;
    if ("error" in result) throw new Error(result.error);
    return result.value;
  }

  #finishRequest(): void {
    let status = this.channel.awaitReply();
    while (status === OUTBOX_FULL) {
      this.#takeOutbox();
      this.channel.request(CONTINUE, 0);
      status = this.channel.awaitReply();
    }
    if (status === FAILED)
      throw new Error(
        `a worker thread failed: ${(receiveMessageOnPort(this.#port)?.message as { error: string } | undefined)?.error}`,
      );
    this.#takeOutbox();
    this.#nextNs = this.channel.nextNs;
  }

  #takeOutbox(): void {
    this.channel.outbox.take(({ kind, machine, port, timeNs, bytes }) => {
      if (kind === FRAME) this.cables[machine]!.sent({ timeNs, frame: bytes });
      else if (kind === SERIAL) this.#config.serialOutput(this.indices[machine]!, port as 0 | 1, bytes[0]!);
      else this.#config.log(this.indices[machine]!, new TextDecoder().decode(bytes));
    });
  }

  close(): void {
    this.channel.request(END, 0);
    this.#port.close();
  }
}
