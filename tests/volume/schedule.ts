/**
 * Drawn schedules of several machines on one volume: who acts next, what becomes of each call to the store, who is
 * killed, suspended or comes back, all by a seed. What must hold: nothing that was answered is lost, and nothing that a
 * fenced owner wrote after it was fenced is ever seen.
 */
import { Random } from "../../emulator/state/random.ts";
import type { OwnedVolume } from "../../src/volume/device.ts";
import type { VolumeDevice, VolumeHost, Volumes } from "../../src/volume/model.ts";
import type { Range, Store, Stored, Swapped, WriteOptions } from "../../src/volume/store.ts";
import { hostOf } from "./hosts.ts";

/** The parts that are judged: a copy with a fault planted in it may take their place. */
export interface Parts {
  openVolumes(store: Store, host: VolumeHost): Volumes;
  readonly MemoryStore: new () => Store;
  readonly StoreError: new (trouble: "unavailable", message: string) => Error;
}

const BLOCK = 4096;
const BLOCKS = 4;
const OBJECT = 4 << 20;
const NAME = "disk";
const MOST_STEPS = 6000;

interface Pending {
  readonly actor: Actor;
  /** Not before this step: who is suspended. */
  run(): Promise<void>;
}

class Actor {
  readonly name: string;
  isDead = false;
  suspendedUntil = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/** All that waits; one at a time goes on, drawn. */
class World {
  readonly random: Random;
  readonly pending: Pending[] = [];
  step = 0;
  running = 0;
  faulty = true;
  wrong: string | null = null;

  constructor(seed: number) {
    this.random = new Random(seed, "schedule");
  }

  wait(actor: Actor, action: () => Promise<void>): void {
    this.pending.push({ actor, run: action });
  }

  start(task: () => Promise<void>): void {
    this.running++;
    void task()
      .catch((error: unknown) => {
        this.wrong ??= `an error that nobody expected: ${error instanceof Error ? error.stack : String(error)}`;
      })
      .finally(() => this.running--);
  }

  /** Until nobody has anything left to do. */
  async run(): Promise<void> {
    await drained();
    while (this.pending.length > 0 && this.wrong === null && this.step < MOST_STEPS) {
      this.step++;
      const ready = this.pending.filter(({ actor }) => actor.suspendedUntil <= this.step);
      const from = ready.length > 0 ? ready : this.pending;
      const next = from[this.random.below(from.length)]!;
      this.pending.splice(this.pending.indexOf(next), 1);
      await next.run();
      await drained();
    }
    if (this.wrong === null && this.step >= MOST_STEPS) this.wrong = "it does not come to an end";
  }
}

/** All that follows from what has just been answered has happened. */
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A machine's way to the store: calls wait until they are drawn, and answers may be lost. */
class DrawnStore implements Store {
  readonly place = "store";
  readonly readOnly = null;

  readonly world: World;
  readonly store: Store;
  readonly actor: Actor;
  readonly parts: Parts;

  constructor(world: World, store: Store, actor: Actor, parts: Parts) {
    this.world = world;
    this.store = store;
    this.actor = actor;
    this.parts = parts;
  }

  #call<Result>(action: () => Promise<Result>, lost: (isDone: boolean) => Result | Error): Promise<Result> {
    const { world, actor } = this;
    return new Promise((resolve, reject) => {
      world.wait(actor, async () => {
        const fate = world.faulty ? world.random.below(100) : 99;
        if (actor.isDead) {
          // What was under way when it died may still arrive.
          if (fate < 50) await action();
          return;
        }
        if (fate < 3) {
          const answer = lost(false);
          // Another try of the same request may come later, when nobody waits for it any more.
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
          return;
        }
        const result = await action();
        const answer = fate < 6 ? lost(true) : result;
        // The answer takes its own time.
        world.wait(actor, async () => {
          if (actor.isDead) return;
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
      });
    });
  }

  #gone = (): Error => new this.parts.StoreError("unavailable", "the store does not answer");

  read(key: string, range?: Range): Promise<Stored | null> {
    return this.#call<Stored | null>(() => this.store.read(key, range), this.#gone);
  }

  write(key: string, atBytes: number, bytes: Uint8Array, options: WriteOptions): Promise<void> {
    const copy = bytes.slice();
    return this.#call<void>(() => this.store.write(key, atBytes, copy, options), this.#gone);
  }

  swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    const copy = bytes.slice();
    return this.#call<Swapped>(
      () => this.store.swap(key, copy, tag),
      (isDone) => {
        // It arrives late: another tag is there by then, or it is done.
        if (!isDone && this.world.random.chance(50))
          this.world.wait(new Actor("late"), async () => void (await this.store.swap(key, copy, tag)));
        return { outcome: "unknown", tag: null };
      },
    );
  }

  list(prefix: string): Promise<string[]> {
    return this.#call<string[]>(() => this.store.list(prefix), this.#gone);
  }

  remove(key: string): Promise<void> {
    return this.#call<void>(() => this.store.remove(key), this.#gone);
  }
}

const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

function blockOf(value: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK);
  const view = new DataView(bytes.buffer);
  for (let at = 0; value > 0 && at < BLOCK; at += 512) view.setUint32(at, value, true);
  return bytes;
}

/** What one opening of the volume knows. */
interface Session {
  readonly actor: Actor;
  readonly device: VolumeDevice;
  readonly volumes: Volumes;
  /** It grows when it is frozen. */
  readonly epoch: () => number;
  /** By block: what it may read there. */
  readonly candidates: Set<number>[];
  /** What was there when it began. */
  readonly initial: number[];
  readonly issued: number[][];
  /** Of those, what was not answered yet, by its place in the list: calls that overlap have no order. */
  readonly underWay: Set<number>[];
  isOver: boolean;
}

export class Schedule {
  readonly world: World;
  readonly store: Store;
  readonly #parts: Parts;
  readonly #possible: Set<number>[] = Array.from({ length: BLOCKS }, () => new Set([0]));
  readonly #forbidden = new Set<number>();
  readonly #sessions: Session[] = [];
  readonly #frozen = new Map<string, number[]>();
  /** What happened, so that it can be seen that something does. */
  readonly counts = { openings: 0, answered: 0, fenced: 0, snapshots: 0, clones: 0, collections: 0 };
  #values = 0;
  #names = 0;
  #fenceEpoch = 0;
  /** Nobody writes: clones, removals and collections meet. */
  readonly #isQuiet: boolean;
  /** Half of the blocks are in a second object. */
  readonly #isWide: boolean;

  constructor(seed: number, parts: Parts) {
    this.world = new World(seed);
    this.#isQuiet = seed % 4 === 0;
    this.#isWide = seed % 8 === 1;
    this.#parts = parts;
    this.store = new parts.MemoryStore();
  }

  #fail(why: string): void {
    this.world.wrong ??= `step ${this.world.step}: ${why}`;
  }

  #volumes(actor: Actor, id: string): Volumes {
    const host = hostOf(id, this.world.random.below(1e9));
    const sleep = (): Promise<void> => new Promise((resolve) => this.world.wait(actor, async () => resolve()));
    // The clock of a host jumps as it likes.
    const nowMs = (): number => this.world.random.below(1e9);
    return this.#parts.openVolumes(new DrawnStore(this.world, this.store, actor, this.#parts), {
      ...host,
      sleep,
      nowMs,
    });
  }

  /** Where a block is. */
  #at(block: number): number {
    return block * BLOCK + (this.#isWide && block >= BLOCKS / 2 ? OBJECT : 0);
  }

  async #readAll(device: VolumeDevice): Promise<number[]> {
    const values: number[] = [];
    for (let block = 0; block < BLOCKS; block++) {
      const bytes = await device.read(this.#at(block), BLOCK);
      const value = numberOf(bytes);
      if (value !== 0)
        for (let at = 0; at < BLOCK; at += 512)
          if (numberOf(bytes.subarray(at)) !== value)
            this.#fail(`block ${block} is half of one write, half of another`);
      values.push(value);
    }
    return values;
  }

  async #begin(actor: Actor, volumes: Volumes): Promise<Session> {
    const device = await volumes.open(NAME);
    const epoch = (): number => (device as OwnedVolume).head.head.epoch;
    this.#fence(epoch());
    const initial = await this.#readAll(device);
    const session: Session = {
      actor,
      device,
      volumes,
      epoch,
      initial,
      candidates: initial.map((value) => new Set([value])),
      issued: initial.map(() => []),
      underWay: initial.map(() => new Set()),
      isOver: false,
    };
    if (epoch() < this.#fenceEpoch) return session;
    initial.forEach((value, block) => {
      if (!this.#possible[block]!.has(value))
        this.#fail(`block ${block} has ${value}, and may have ${[...this.#possible[block]!]}`);
      if (this.#forbidden.has(value)) this.#fail(`block ${block} has ${value}, which a fenced owner wrote`);
      this.#possible[block] = new Set([value]);
    });
    this.#sessions.push(session);
    this.counts.openings++;
    return session;
  }

  /** Whoever has an epoch before this one writes in vain from now on. */
  #fence(epoch: number): void {
    this.#fenceEpoch = Math.max(this.#fenceEpoch, epoch);
    for (const session of this.#sessions) if (session.epoch() < this.#fenceEpoch) session.isOver = true;
  }

  async #write(session: Session): Promise<void> {
    const block = this.world.random.below(BLOCKS);
    const isZero = this.world.random.chance(15);
    const value = isZero ? 0 : ++this.#values;
    if (!session.isOver) this.#possible[block]!.add(value);
    else if (value > 0) this.#forbidden.add(value);
    session.candidates[block]!.add(value);
    session.issued[block]!.push(value);
    const at = session.issued[block]!.length;
    const underWay = session.underWay[block]!.add(at);
    try {
      if (isZero) await session.device.zero(this.#at(block), BLOCK);
      else await session.device.write(this.#at(block), blockOf(value));
    } catch (error) {
      this.#expected(error);
      return;
    } finally {
      underWay.delete(at);
    }
    const others = session.issued[block]!.filter((_, index) => index >= at || underWay.has(index + 1));
    session.candidates[block] = new Set([value, ...others]);
  }

  async #writeOften(session: Session): Promise<void> {
    for (let count = 0; count < 8; count++) await this.#write(session);
    await this.#flush(session);
  }

  async #read(session: Session): Promise<void> {
    const block = this.world.random.below(BLOCKS);
    try {
      const value = numberOf(await session.device.read(this.#at(block), BLOCK));
      if (!session.isOver && !session.candidates[block]!.has(value))
        this.#fail(`block ${block} reads ${value}, and ${[...session.candidates[block]!]} was written`);
    } catch (error) {
      this.#expected(error);
    }
  }

  async #flush(session: Session): Promise<void> {
    const wasOver = session.isOver;
    const then = session.candidates.map((values) => new Set(values));
    const counts = session.issued.map((values) => values.length);
    try {
      await session.device.flush();
    } catch (error) {
      this.#expected(error);
      return;
    }
    this.counts.answered++;
    if (wasOver) this.#fail(`a flush of ${session.actor.name} was answered after it was fenced`);
    then.forEach((values, block) => {
      const may = new Set([...values, ...session.issued[block]!.slice(counts[block])]);
      if (!session.isOver) {
        this.#possible[block] = may;
        return;
      }
      // It was answered late: who came after it has begun with what was flushed.
      const next = this.#sessions.find(({ epoch }) => epoch() > session.epoch());
      if (next && !may.has(next.initial[block]!))
        this.#fail(`block ${block} had ${[...values]} flushed, and began as ${next.initial[block]} for the next owner`);
    });
  }

  /** A snapshot while some write and some read, in both halves. */
  async #freezeAtWork(session: Session): Promise<void> {
    await this.#flush(session);
    const reads = async (): Promise<void> => {
      for (let count = 0; count < 8; count++) await this.#read(session);
    };
    await Promise.all([reads(), reads(), this.#writeOften(session), this.#freeze(session), this.#writeOften(session)]);
  }

  /** A snapshot of a volume that is open, while it is written. */
  async #freeze(session: Session): Promise<void> {
    const name = `s${++this.#names}`;
    try {
      await session.volumes.snapshot(NAME, name);
      await this.#remember(session.volumes, name);
      this.counts.snapshots++;
    } catch (error) {
      this.#expected(error);
    }
  }

  #expected(error: unknown): void {
    const trouble = (error as { trouble?: string }).trouble;
    if (trouble === "fenced") this.counts.fenced++;
    if (trouble === undefined || trouble === "damaged")
      this.#fail(`an error that may not be: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /** A machine: it opens, works, and ends in one of many ways. */
  async machine(id: string): Promise<void> {
    const { random } = this.world;
    for (let session = 0; session < 2; session++) {
      const actor = new Actor(`${id}.${session}`);
      await new Promise<void>((done) => this.world.start(async () => this.#live(actor, id).finally(done)));
      // A machine that is dead or asleep never comes to its end: the next one is started by itself.
      if (random.chance(20)) return;
    }
  }

  async #live(actor: Actor, id: string): Promise<void> {
    const { random } = this.world;
    let session: Session;
    try {
      session = await this.#begin(actor, this.#volumes(actor, id));
    } catch (error) {
      this.#expected(error);
      return;
    }
    const steps = 3 + random.below(10);
    for (let step = 0; step < steps; step++) {
      const draw = random.below(100);
      if (draw < 45) await this.#write(session);
      else if (draw < 65) await this.#flush(session);
      else if (draw < 85) await this.#read(session);
      else if (draw < 90) await Promise.all([this.#write(session), this.#flush(session), this.#write(session)]);
      else if (draw < 92) await this.#freezeAtWork(session);
      else if (draw < 95) actor.suspendedUntil = this.world.step + random.below(400);
      else if (draw < 98) {
        // Killed: the next one of this machine begins at once.
        actor.isDead = true;
        return;
      } else {
        // It goes on by itself, as one that was suspended, or whose host came back from a snapshot.
        this.world.start(() => this.#haunt(session));
        return;
      }
    }
    try {
      await session.device.close();
    } catch (error) {
      this.#expected(error);
    }
  }

  async #haunt(session: Session): Promise<void> {
    session.actor.suspendedUntil = this.world.step + this.world.random.below(600);
    for (let step = 0; step < 4; step++) {
      await this.#write(session);
      await this.#flush(session);
    }
  }

  /** Whoever looks after the store. */
  async keeper(id: string): Promise<void> {
    const actor = new Actor(id);
    const volumes = this.#volumes(actor, id);
    for (let step = 0; step < (this.#isQuiet ? 12 : 6); step++) {
      try {
        await this.#keep(volumes);
      } catch (error) {
        this.#expected(error);
      }
    }
  }

  async #keep(volumes: Volumes): Promise<void> {
    const { random } = this.world;
    // Where nobody writes, clones and collections meet.
    const draw = this.#isQuiet ? 60 + random.below(60) : random.below(100);
    const known = [...this.#frozen.keys()];
    const some = known[random.below(Math.max(1, known.length))];
    if (draw < 25 || draw >= 100) {
      await volumes.collect();
      this.counts.collections++;
    } else if (draw < 45) {
      const before = [...this.#sessions];
      await volumes.unlock(NAME, { force: true });
      for (const session of before) session.isOver = true;
    } else if (draw < 65) {
      const name = `s${++this.#names}`;
      await volumes.snapshot(NAME, name);
      await this.#remember(volumes, name);
      this.counts.snapshots++;
    } else if (draw < 80 && some) {
      this.counts.clones++;
      const name = `c${++this.#names}`;
      await volumes.clone(some, name);
      await this.#remember(volumes, name, this.#frozen.get(some)!);
    } else if (some) {
      this.#frozen.delete(some);
      await volumes.remove(some);
    }
  }

  async #remember(volumes: Volumes, name: string, wanted?: readonly number[]): Promise<void> {
    const values = await this.#readAll(await volumes.open(name, { readOnly: true }));
    values.forEach((value, block) => {
      if (this.#forbidden.has(value)) this.#fail(`${name} has ${value} in block ${block}, which a fenced owner wrote`);
      if (wanted && wanted[block] !== value) this.#fail(`${name} has ${value} in block ${block}, not ${wanted[block]}`);
    });
    this.#frozen.set(name, values);
  }

  /** Null: all is as it must be. */
  async run(): Promise<string | null> {
    const { world } = this;
    const first = new Actor("first");
    world.faulty = false;
    world.start(async () => {
      const volumes = this.#volumes(first, "first");
      await volumes.create(NAME, { sizeBytes: this.#at(BLOCKS - 1) + BLOCK });
      if (!this.#isQuiet) return;
      for (const name of ["s0", null]) {
        const session = await this.#begin(first, volumes);
        await this.#writeOften(session);
        await this.#writeOften(session);
        await session.device.close();
        // What it has is the snapshot's alone before long.
        if (name === null) continue;
        await volumes.snapshot(NAME, name);
        await this.#remember(volumes, name);
      }
      await volumes.unlock(NAME);
    });
    await world.run();
    world.faulty = true;
    const machines = 2 + world.random.below(3);
    const ids = world.random.chance(50) ? ["a", "a", "b", "b"] : ["a", "b", "c", "d"];
    for (let count = 0; count < machines && !this.#isQuiet; count++) world.start(() => this.machine(ids[count]!));
    const keepers = this.#isQuiet ? ["keeper", "other keeper", "third keeper"] : ["keeper", "other keeper"];
    for (const id of keepers) world.start(() => this.keeper(id));
    await world.run();
    if (world.wrong === null) await this.#judge();
    return world.wrong;
  }

  /** Everything that was there is there, whole. */
  async #judge(): Promise<void> {
    const { world } = this;
    world.faulty = false;
    const actor = new Actor("judge");
    world.start(async () => {
      const volumes = this.#volumes(actor, "judge");
      await volumes.unlock(NAME, { force: true });
      await this.#begin(actor, volumes);
      for (const [name, values] of this.#frozen)
        (await this.#readAll(await volumes.open(name, { readOnly: true }))).forEach((value, block) => {
          if (values[block] !== value) this.#fail(`${name} has ${value} in block ${block}, and had ${values[block]}`);
        });
      await volumes.collect();
      const findings = await volumes.check();
      if (findings.length > 0) this.#fail(`${findings[0]!.key}: ${findings[0]!.wrong}`);
    });
    await world.run();
  }
}
