/**
 * Machines of this thread. For each of them the group remembers when it has something to do next; a machine that has
 * nothing to do before the end of a quantum is not even called, and its clock stays behind until `settle`, which it
 * cannot tell.
 */

import { type BoardParts, mapStored } from "../board-config.ts";
import { MOST_SPACES } from "../cpu/layout.ts";
import { MachineMemory } from "../cpu/memory.ts";
import type { BlockBackend } from "../disk/block.ts";
import { TrackedDisk } from "../disk/disk.ts";
import { CableEnd } from "../ether/cable-end.ts";
import { Machine } from "../machine.ts";
import { holds } from "../state/invariant.ts";
import { KeptState } from "../state/kept-state.ts";
import type { GroupConfig, GroupMemory, MachineGroup, MachineSpec } from "./machine-host.ts";

/**
 * Address spaces that all machines of a thread have room for, beyond one for each processor: their tables are 16 MiB
 * each, which browsers count (cpu/layout.ts). With fewer the guest changes page directories more slowly.
 */
const SPACES_OF_ALL = 128;

function spacesFor({ parts }: MachineSpec, machines: number): number {
  return Math.max(parts?.processors ?? 1, Math.min(MOST_SPACES, Math.floor(SPACES_OF_ALL / machines)));
}

export class LocalGroup implements MachineGroup {
  readonly indices: readonly number[];
  readonly hosts: readonly Machine[];
  readonly cables: readonly CableEnd[];
  /** Their disks, for whoever looks into them. */
  readonly disks: readonly (BlockBackend | null)[];
  /** When each machine has something to do. */
  readonly #nextNs: Float64Array;
  #leastNs = 0;
  #paused = false;
  #previous: GroupMemory | null = null;

  /** `indices`: where the machines stand in the cluster's order. */
  constructor(
    machines: readonly MachineSpec[],
    config: GroupConfig,
    indices: readonly number[] = machines.map((_, index) => index),
  ) {
    this.indices = indices;
    holds(indices.length === machines.length, "group", "machines and their places are not as many");
    this.#nextNs = new Float64Array(machines.length);
    this.disks = machines.map(({ disk }) => disk);
    this.cables = machines.map(({ name }) => new CableEnd(name));
    // All memories first: V8 collects garbage at each, and the less there is on its heap the sooner that is done.
    const memories = machines.map((spec) => new MachineMemory(spec.ramBytes, spacesFor(spec, machines.length)));
    this.hosts = machines.map((machine, position) => {
      const index = indices[position]!;
      return new Machine({
        name: machine.name,
        ramBytes: machine.ramBytes,
        memory: memories[position]!,
        firmware: config.firmware,
        rtcStartSeconds: config.startSeconds,
        powerOnNs: machine.powerOnNs,
        ide: [
          machine.disk && { kind: "disk", medium: new TrackedDisk(machine.disk) },
          null,
          machine.cdrom && { kind: "cd", medium: machine.cdrom },
          null,
        ],
        ...trackedParts(machine.parts),
        network: [{ macAddress: machine.macAddress, port: this.cables[position]! }],
        characterOutput: (port, byte) => config.characterOutput(index, port, byte, this.hosts[position]!.nowNs),
        soundOutput: (...played) => config.soundOutput(index, ...played),
        log: (line) => config.log(index, line),
        jit: config.jit,
        reboot: config.reboot,
        tickNs: config.tickNs,
      });
    });
    this.cables.forEach((cable, position) => {
      cable.onIncoming = (timeNs) => this.#moveUp(position, timeNs);
    });
    this.refresh();
  }

  #moveUp(position: number, timeNs: number): void {
    if (timeNs < this.#nextNs[position]!) this.#nextNs[position] = timeNs;
    if (timeNs < this.#leastNs) this.#leastNs = timeNs;
  }

  get nextEventNs(): number {
    return this.#leastNs;
  }

  get paused(): boolean {
    return this.#paused;
  }

  start(endNs: number): void {
    const nextNs = this.#nextNs;
    let leastNs = Infinity;
    this.#paused = false;
    for (let position = 0; position < nextNs.length; position++) {
      if (nextNs[position]! < endNs) {
        const machine = this.hosts[position]!;
        machine.runUntil(endNs);
        nextNs[position] = machine.nextEventNs;
        if (machine.paused) {
          this.#paused = true;
          return;
        }
      }
      if (nextNs[position]! < leastNs) leastNs = nextNs[position]!;
    }
    this.#leastNs = leastNs;
  }

  runAlone(endNs: number, latencyNs: number): number {
    holds(this.hosts.length === 1, "group", "one machine runs alone, and there are others");
    const [machine] = this.hosts;
    const [cable] = this.cables;
    const noteFrame = cable!.onOutgoing;
    let reachedNs = endNs;
    cable!.onOutgoing = () => {
      noteFrame?.();
      reachedNs = Math.min(reachedNs, machine!.nowNs + latencyNs);
      machine!.endBy(reachedNs);
    };
    this.start(endNs);
    cable!.onOutgoing = noteFrame;
    return reachedNs;
  }

  finish(): void {
    // `start` has done it.
  }

  refresh(): void {
    this.#leastNs = Infinity;
    this.hosts.forEach((machine, position) => {
      this.#nextNs[position] = Infinity;
      this.#moveUp(position, machine.nextEventNs);
    });
  }

  settle(timeNs: number): void {
    for (const machine of this.hosts) machine.runUntil(timeNs);
  }

  startDigests(): void {
    // `finishDigests` does it: by then the other groups are under way.
  }

  finishDigests(): readonly string[] {
    return this.hosts.map((machine) => machine.digest());
  }

  startRemember(previous: GroupMemory | null): void {
    this.#previous = previous;
  }

  finishRemember(): GroupMemory {
    return LocalMemory.of(this.hosts, this.#previous);
  }

  remembered(descriptions: readonly Uint8Array[], previous: GroupMemory | null): GroupMemory {
    return LocalMemory.described(this.hosts, descriptions, previous);
  }

  close(): void {
    // No thread of its own.
  }
}

/** States of machines of this thread. */
class LocalMemory implements GroupMemory {
  readonly #machines: readonly Machine[];
  readonly #states: readonly KeptState[];

  private constructor(machines: readonly Machine[], states: readonly KeptState[]) {
    this.#machines = machines;
    this.#states = states;
  }

  static of(machines: readonly Machine[], previous: GroupMemory | null): LocalMemory {
    const before = statesOf(previous);
    const states = machines.map((machine, index) =>
      KeptState.of((visitor) => machine.visitWhole(visitor), before?.[index] ?? null),
    );
    return new LocalMemory(machines, states);
  }

  static described(
    machines: readonly Machine[],
    descriptions: readonly Uint8Array[],
    previous: GroupMemory | null,
  ): LocalMemory {
    const before = statesOf(previous);
    const states = machines.map((_, index) => KeptState.described(descriptions[index]!, before?.[index] ?? null));
    return new LocalMemory(machines, states);
  }

  get states(): readonly KeptState[] {
    return this.#states;
  }

  get ownBytes(): number {
    return this.#states.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  }

  restore(): void {
    this.#machines.forEach((machine, index) => this.#states[index]!.restore((visitor) => machine.visitWhole(visitor)));
  }

  inherit(forgotten: GroupMemory, before: GroupMemory | null): void {
    const [between, earlier] = [statesOf(forgotten)!, statesOf(before)];
    this.#states.forEach((state, index) => state.inherit(between[index]!, earlier?.[index] ?? null));
  }

  release(): void {
    // Whoever held it has forgotten it.
  }

  describe(before: GroupMemory | null): readonly Uint8Array[] {
    const earlier = statesOf(before);
    return this.#states.map((state, index) => state.describe(earlier?.[index] ?? null));
  }
}

/** Memories of a group are only ever given to the group that they are of. */
function statesOf(memory: GroupMemory | null): readonly KeptState[] | null {
  return memory && (memory as LocalMemory).states;
}

/** What can be written of a machine's parts becomes part of its state. */
function trackedParts(parts: BoardParts = {}): BoardParts {
  const disk = (medium: BlockBackend): BlockBackend => new TrackedDisk(medium);
  return { ...parts, ...mapStored(parts, { disk, cd: (medium) => medium, rom: (rom) => rom }) };
}
