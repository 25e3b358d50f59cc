/**
 * Machines in a worker thread, as their cluster sees them. The worker runs while the main thread runs machines of its
 * own; at the end of a quantum frames and output are taken from shared memory. Everything else - typing, screens,
 * states - is a call that waits for its result.
 */

import type { CharacterPort, SerialPort } from "../board-config.ts";
import type { ProcessorView } from "../debug/processor-view.ts";
import type { BlockBackend } from "../disk/block.ts";
import type { DiskTrouble } from "../disk/faulty.ts";
import type { MachineCable, TimedFrame } from "../ether/cable-end.ts";
import type { Picture, Power, TextScreen } from "../machine.ts";
import { holds } from "../state/invariant.ts";
import type { Plain } from "../state/plain.ts";
import { type DescribeFile, MediaDescriber } from "./described-media.ts";
import { LocalGroup } from "./local-group.ts";
import {
  commonFacts,
  type GroupConfig,
  type GroupFactory,
  type GroupMemory,
  type MachineGroup,
  type MachineHost,
  type MachineSpec,
} from "./machine-host.ts";
import { CALL_PIECE, CHARACTER, FRAME, SOUND } from "./records.ts";
import { CALL, CONTINUE, END, FAILED, makeChannel, OUTBOX_FULL, RUN, TAKE, WorkerChannel } from "./worker-channel.ts";
import {
  type Call,
  type CallResult,
  type GroupMethod,
  isPlain,
  Pieces,
  putPieces,
  type WorkerMachine,
  type WorkerSetup,
} from "./worker-protocol.ts";

/** What a host with threads lends. */
export interface ThreadHost {
  /** Has a thread of the host's do `serveMachines` (worker-machines.ts) with this. It may wait while it begins. */
  start(setup: WorkerSetup): void;
  readonly describeFile: DescribeFile;
}

/**
 * Spreads machines over this thread and `threads - 1` workers, in turn. Machines whose media cannot leave this thread
 * stay in it. `areaBytes`: see `makeChannel`.
 */
export function spreadOver(threads: number, host: ThreadHost, areaBytes?: number): GroupFactory {
  return (machines, config) => {
    const media = new MediaDescriber(host.describeFile);
    const shares = Array.from({ length: threads }, (): number[] => []);
    machines.forEach(({ disk, cdrom, parts }, index) => {
      const isMovable =
        (!parts || isPlain(parts)) &&
        (!disk || media.describe(disk) !== null) &&
        (!cdrom || media.describe(cdrom) !== null);
      shares[isMovable ? index % threads : 0]!.push(index);
    });
    const [own, ...others] = shares;
    holds(shares.flat().length === machines.length, "groups", "a machine is in no share, or in two");
    const groups: MachineGroup[] = others
      .filter((share) => share.length > 0)
      .map((share) => new WorkerGroup(share, machines, config, media, host, areaBytes));
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

/** `given`: the disk that a machine was made with. That of a machine in another thread can only be read, through it. */
export function liveDisk(machine: MachineHost, given: BlockBackend): BlockBackend {
  if (!(machine instanceof WorkerMachineHost)) return given;
  return {
    sizeBytes: given.sizeBytes,
    readOnly: true,
    read: (offsetBytes, target) => target.set(machine.readDisk(offsetBytes, target.length)),
    write: () => {
      throw new RangeError(`${machine.name} runs in another thread: its disk can only be read`);
    },
    flush: () => {},
  };
}

/** The cable of a machine in a worker. */
class WorkerCable implements MachineCable {
  readonly name: string;
  onOutgoing: (() => void) | null = null;
  readonly #group: WorkerGroup;
  readonly #position: number;
  #outgoing: TimedFrame[] = [];

  constructor(group: WorkerGroup, position: number, name: string) {
    this.#group = group;
    this.#position = position;
    this.name = name;
  }

  get linkUp(): boolean {
    return this.#group.channel.isPlugged(this.#position);
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
    if (up !== this.linkUp) this.#group.call(this.#position, "setLink", [up]);
  }
}

/** A machine in a worker. */
class WorkerMachineHost implements MachineHost {
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

  get halted(): boolean {
    return this.#group.channel.isHalted(this.#position);
  }

  get mayWake(): boolean {
    return this.#group.channel.mayWake(this.#position);
  }

  get paused(): boolean {
    return this.#group.channel.isPaused(this.#position);
  }

  /** A machine that has had nothing to do lags, which nobody can tell. */
  get nowNs(): number {
    const nowNs = this.#group.channel.nowNs(this.#position);
    return this.paused ? nowNs : Math.max(nowNs, this.#group.settledNs);
  }

  #call(method: Call["method"], ...args: Plain[]): Plain {
    return this.#group.call(this.#position, method, args);
  }

  pauseAt(retired: number): void {
    this.#call("pauseAt", retired);
  }

  resume(): void {
    this.#call("resume");
  }

  serialInput(port: SerialPort, bytes: Uint8Array): void {
    this.#call("serialInput", port, bytes);
  }

  moveMouse(right: number, down: number, wheel: number): void {
    this.#call("moveMouse", right, down, wheel);
  }

  holdMouseButtons(buttons: number): void {
    this.#call("holdMouseButtons", buttons);
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

  pressNmiButton(): void {
    this.#call("pressNmiButton");
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

  troubleDisk(change: Partial<DiskTrouble>): void {
    this.#call("troubleDisk", { ...change });
  }

  shiftClock(seconds: number): void {
    this.#call("shiftClock", seconds);
  }

  becomeCopy(number: number): void {
    this.#call("becomeCopy", number);
  }

  becomeTwin(number: number): void {
    this.#call("becomeTwin", number);
  }

  revertDisks(): void {
    this.#call("revertDisks");
  }

  eject(drive: string, isForced: boolean): boolean {
    return this.#call("eject", drive, isForced) as boolean;
  }

  insert(drive: string, content: Uint8Array): boolean {
    return this.#call("insert", drive, content) as boolean;
  }

  changedDrives(): readonly string[] {
    return this.#call("changedDrives") as unknown as readonly string[];
  }

  screen(): TextScreen {
    return this.#call("screen") as unknown as TextScreen;
  }

  screenshot(): Picture {
    return this.#call("screenshot") as unknown as Picture;
  }

  processorView(codeBytes: number): ProcessorView {
    return this.#call("processorView", codeBytes) as unknown as ProcessorView;
  }

  readLinear(linearAddress: number, lengthBytes: number): Uint8Array {
    return this.#call("readLinear", linearAddress, lengthBytes) as Uint8Array;
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
  readonly #config: GroupConfig;
  /** What comes of a call, as it comes. */
  readonly #result = new Pieces();
  #nextMemory = 1;
  /** From the start there is something to do; the first answer says when next. */
  #nextNs = 0;
  #settledNs = 0;
  #running = false;

  constructor(
    indices: readonly number[],
    all: readonly MachineSpec[],
    config: GroupConfig,
    media: MediaDescriber,
    host: ThreadHost,
    areaBytes?: number,
  ) {
    this.indices = indices;
    this.#config = config;
    const describe = (medium: BlockBackend | null) => medium && media.describe(medium);
    const machines = indices.map((index): WorkerMachine => {
      const { disk, cdrom, ...machine } = all[index]!;
      return { index, ...machine, disk: describe(disk), cdrom: describe(cdrom) };
    });
    const shape = makeChannel(machines.length, areaBytes);
    this.channel = new WorkerChannel(shape);
    this.hosts = machines.map(({ name }, position) => new WorkerMachineHost(this, position, name));
    this.cables = machines.map(({ name }, position) => new WorkerCable(this, position, name));
    host.start({
      channel: shape,
      ...commonFacts(config),
      machines,
    });
  }

  /** To which its machines have come, whether they had something to do or not. */
  get settledNs(): number {
    return this.#settledNs;
  }

  get paused(): boolean {
    return this.hosts.some(({ paused }) => paused);
  }

  get nextEventNs(): number {
    return this.#nextNs;
  }

  start(endNs: number): void {
    if (this.#nextNs >= endNs) return;
    this.channel.request(RUN, endNs);
    holds(!this.#running, "worker", "a quantum begins before the last one has ended");
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
      this.#emptyInbox();
      this.channel.inbox.put(FRAME, position, 0, timeNs, frame);
    }
    holds(position >= 0 && position < this.hosts.length, "worker", "a frame for a machine that it does not have");
    if (timeNs < this.#nextNs) this.#nextNs = timeNs;
  }

  startDigests(): void {
    this.#startCall("digests");
  }

  finishDigests(): readonly string[] {
    return this.#finishCall() as readonly string[];
  }

  startRemember(previous: GroupMemory | null): void {
    this.#startCall("remember", 0, [this.#nextMemory, numberOf(previous)]);
  }

  finishRemember(): GroupMemory {
    return new WorkerMemory(this, this.#nextMemory++, this.#finishCall() as number);
  }

  remembered(descriptions: readonly Uint8Array[], previous: GroupMemory | null): GroupMemory {
    const number = this.#nextMemory++;
    const ownBytes = this.call(0, "remembered", [number, descriptions, numberOf(previous)]) as number;
    return new WorkerMemory(this, number, ownBytes);
  }

  /** Calls a method of a machine, or of all, and waits for what comes of it. */
  call(position: number, method: Call["method"], args: readonly Plain[]): Plain {
    this.#startCall(method, position, args);
    return this.#finishCall();
  }

  #startCall(method: Call["method"], machine = 0, args: readonly Plain[] = []): void {
    holds(!this.#running, "worker", "a call while its machines run");
    holds(machine >= 0 && machine < this.hosts.length, "worker", "a call of a machine that it does not have");
    const call: Call = { machine, method, args };
    putPieces(this.channel.inbox, { ...call }, () => this.#emptyInbox());
    this.channel.request(CALL, this.#settledNs);
  }

  #finishCall(): Plain {
    this.#finishRequest();
    const result = this.#result.take() as CallResult;
    holds(typeof result === "object" && result !== null, "worker", "a call brought nothing");
    if ("error" in result) throw new Error(result.error);
    return result.value;
  }

  #emptyInbox(): void {
    this.channel.request(TAKE, 0);
    this.#finishRequest();
  }

  #finishRequest(): void {
    let status = this.channel.awaitReply();
    while (status === OUTBOX_FULL) {
      this.#takeOutbox();
      this.channel.request(CONTINUE, 0);
      status = this.channel.awaitReply();
    }
    this.#takeOutbox();
    if (status === FAILED) throw new Error(`a worker thread failed: ${String(this.#result.take())}`);
    this.#nextNs = this.channel.nextNs;
  }

  #takeOutbox(): void {
    this.channel.outbox.take(({ kind, machine, port, timeNs, bytes }) => {
      if (kind === FRAME) this.cables[machine]!.sent({ timeNs, frame: bytes });
      else if (kind === CALL_PIECE) this.#result.add(bytes);
      else if (kind === CHARACTER)
        this.#config.characterOutput(this.indices[machine]!, port as CharacterPort, bytes[0]!, timeNs);
      else if (kind === SOUND)
        this.#config.soundOutput(this.indices[machine]!, port, timeNs, new Int16Array(bytes.buffer));
      else this.#config.log(this.indices[machine]!, new TextDecoder().decode(bytes));
    });
  }

  close(): void {
    this.channel.request(END, 0);
  }
}

/** What a worker remembers of its machines. */
class WorkerMemory implements GroupMemory {
  readonly #group: WorkerGroup;
  readonly number: number;
  #ownBytes: number;

  constructor(group: WorkerGroup, number: number, ownBytes: number) {
    this.#group = group;
    this.number = number;
    this.#ownBytes = ownBytes;
  }

  get ownBytes(): number {
    return this.#ownBytes;
  }

  #call(method: GroupMethod, ...args: Plain[]): Plain {
    return this.#group.call(0, method, [this.number, ...args]);
  }

  restore(): void {
    this.#call("restore");
  }

  inherit(forgotten: GroupMemory, before: GroupMemory | null): void {
    this.#ownBytes = this.#call("inherit", numberOf(forgotten), numberOf(before)) as number;
  }

  release(): void {
    this.#call("release");
  }

  describe(before: GroupMemory | null): readonly Uint8Array[] {
    return this.#call("describe", numberOf(before)) as readonly Uint8Array[];
  }
}

/** Memories of a group are only ever given to the group that they are of; 0: none. */
function numberOf(memory: GroupMemory | null): number {
  return memory === null ? 0 : (memory as WorkerMemory).number;
}
