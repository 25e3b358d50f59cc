/**
 * What a worker thread does: a group of machines that does what the main thread asks for (worker-group.ts), one request
 * after the other, until it is not needed any more.
 */
import type { Plain } from "../state/plain.ts";
import { MediaOpener, type OpenFile } from "./described-media.ts";
import { LocalGroup } from "./local-group.ts";
import { commonFacts, type GroupMemory } from "./machine-host.ts";
import { CALL_PIECE, CHARACTER, FRAME, LOG, SOUND } from "./records.ts";
import { CALL, DONE, END, FAILED, OUTBOX_FULL, RUN, WorkerChannel } from "./worker-channel.ts";
import {
  type Call,
  type CallResult,
  type GroupMethod,
  Pieces,
  putPieces,
  type WorkerSetup,
} from "./worker-protocol.ts";

/** `openFile`: opens media that only this host has. */
export function serveMachines(setup: WorkerSetup, openFile: OpenFile): void {
  new Service(setup, openFile).run();
}

class Service {
  readonly #channel: WorkerChannel;
  readonly #positions: ReadonlyMap<number, number>;
  readonly #group: LocalGroup;
  /** Machines that have sent frames. */
  readonly #senders: number[] = [];
  readonly #call = new Pieces();
  /** By the numbers that the main thread has for them. */
  readonly #memories = new Map<number, GroupMemory>();
  #request = 0;

  constructor(setup: WorkerSetup, openFile: OpenFile) {
    const { machines } = setup;
    this.#channel = new WorkerChannel(setup.channel);
    this.#positions = new Map(machines.map(({ index }, position) => [index, position]));
    const media = new MediaOpener(openFile);
    const byte = new Uint8Array(1);
    this.#group = new LocalGroup(
      machines.map((machine) => ({
        ...machine,
        disk: machine.disk && media.open(machine.disk),
        cdrom: machine.cdrom && media.openShared(machine.cdrom),
      })),
      {
        ...commonFacts(setup),
        characterOutput: (index, port, value, timeNs) => {
          byte[0] = value;
          this.#put(CHARACTER, this.#positions.get(index)!, port, timeNs, byte);
        },
        soundOutput: (index, card, rateHertz, { buffer, byteOffset, byteLength }) =>
          this.#put(
            SOUND,
            this.#positions.get(index)!,
            card,
            rateHertz,
            new Uint8Array(buffer, byteOffset, byteLength),
          ),
        log: (index, line) => this.#put(LOG, this.#positions.get(index)!, 0, 0, new TextEncoder().encode(line)),
      },
      machines.map(({ index }) => index),
    );
    this.#group.cables.forEach((cable, position) => (cable.onOutgoing = () => void this.#senders.push(position)));
  }

  run(): void {
    const channel = this.#channel;
    for (;;) {
      const { number, command, endNs } = channel.awaitRequest(this.#request);
      this.#request = number;
      if (command === END) return;
      try {
        this.#takeInbox();
        if (command === RUN) this.#runTo(endNs);
        else if (command === CALL) this.#answer(endNs);
        this.#publish();
        channel.reply(this.#request, DONE, this.#group.nextEventNs);
      } catch (error) {
        channel.outbox.used = 0;
        putPieces(channel.outbox, (error as Error).stack ?? String(error), () => this.#makeRoom());
        channel.reply(this.#request, FAILED, Infinity);
      }
    }
  }

  /** Hands a record over; when the outbox is full, the main thread empties it first. */
  #put(kind: number, machine: number, port: number, timeNs: number, bytes: Uint8Array): void {
    const { outbox } = this.#channel;
    if (outbox.put(kind, machine, port, timeNs, bytes)) return;
    this.#makeRoom();
    outbox.put(kind, machine, port, timeNs, bytes);
  }

  #makeRoom(): void {
    this.#channel.reply(this.#request, OUTBOX_FULL, 0);
    this.#request = this.#channel.awaitRequest(this.#request).number;
  }

  #takeInbox(): void {
    this.#channel.inbox.take(({ kind, machine, timeNs, bytes }) => {
      if (kind === CALL_PIECE) this.#call.add(bytes);
      else if (kind === FRAME) this.#group.cables[machine]!.deliver([{ timeNs, frame: bytes }]);
    });
  }

  #runTo(endNs: number): void {
    this.#group.start(endNs);
    for (const position of this.#senders)
      for (const { timeNs, frame } of this.#group.cables[position]!.takeOutgoing())
        this.#put(FRAME, position, 0, timeNs, frame);
    this.#senders.length = 0;
  }

  #answer(nowNs: number): void {
    let result: CallResult;
    try {
      this.#group.settle(nowNs);
      result = { value: this.#perform(this.#call.take() as unknown as Call) };
    } catch (error) {
      result = { error: (error as Error).message };
    }
    this.#group.refresh();
    putPieces(this.#channel.outbox, { ...result }, () => this.#makeRoom());
  }

  #perform({ machine, method, args }: Call): Plain {
    if (method in this.#ofAll) return this.#ofAll[method as GroupMethod](...(args as never[]));
    if (method === "setLink") return this.#group.cables[machine]!.setLink(args[0] as boolean) as undefined;
    if (method === "readDisk") return this.#readDisk(machine, args[0] as number, args[1] as number);
    const host = this.#group.hosts[machine]! as unknown as Record<string, (...all: readonly Plain[]) => Plain>;
    return host[method]!(...args);
  }

  readonly #ofAll: Readonly<Record<GroupMethod, (...args: never[]) => Plain>> = {
    digests: () => this.#group.finishDigests(),
    remember: (number: number, previous: number) => {
      this.#group.startRemember(this.#memory(previous));
      return this.#keep(number, this.#group.finishRemember());
    },
    remembered: (number: number, descriptions: readonly Uint8Array[], previous: number) =>
      this.#keep(number, this.#group.remembered(descriptions, this.#memory(previous))),
    restore: (number: number) => this.#memory(number)!.restore() as undefined,
    inherit: (number: number, forgotten: number, before: number) => {
      const memory = this.#memory(number)!;
      memory.inherit(this.#memory(forgotten)!, this.#memory(before));
      return memory.ownBytes;
    },
    release: (number: number) => void this.#memories.delete(number),
    describe: (number: number, before: number) => this.#memory(number)!.describe(this.#memory(before)),
  };

  #memory(number: number): GroupMemory | null {
    return this.#memories.get(number) ?? null;
  }

  /** Returns the bytes that no earlier memory holds. */
  #keep(number: number, memory: GroupMemory): number {
    this.#memories.set(number, memory);
    return memory.ownBytes;
  }

  #readDisk(machine: number, offsetBytes: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    this.#group.disks[machine]?.read(offsetBytes, bytes);
    return bytes;
  }

  #publish(): void {
    this.#group.hosts.forEach((host, position) =>
      this.#channel.publish(position, host, this.#group.cables[position]!.linkUp),
    );
  }
}
