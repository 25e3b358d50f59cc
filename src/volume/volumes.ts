/** The operations on the volumes of a store: what `qure volume` does. */
import { assert } from "../diagnostic/invariant.ts";
import { contentHash, exportVolume, importObjects } from "./archive.ts";
import { check } from "./check.ts";
import { existsError, makeFrom, makeHead } from "./clone.ts";
import { allHeads, collect, generationOf, isThere } from "./collector.ts";
import { type Context, contextOf, eachOf, naming } from "./context.ts";
import { OwnedVolume } from "./device.ts";
import { freezeContent } from "./frozen.ts";
import { type Head, isFree, isMine, lockedError, readHead, type SeenHead, swapHead } from "./head.ts";
import { BLOCKS, checkName, checkSize, frozenKey, OBJECT_BYTES, objectsOf, sumsKey, toHex } from "./layout.ts";
import { changed, type Entry, entriesOf } from "./map.ts";
import type {
  Collected,
  Finding,
  OpenOptions,
  VolumeDevice,
  VolumeHost,
  VolumeInfo,
  VolumeSpace,
  Volumes,
} from "./model.ts";
import { VolumeError } from "./model.ts";
import { ReadVolume } from "./reader.ts";
import { changedHead, earlierOf, settle } from "./settle.ts";
import type { Store } from "./store.ts";

const MOST_TRIES = 20;
const AT_ONCE = 4;
/** How often a lock that somebody else has is looked at. */
const LOOK_MS = 250;

/** As `naming`, of a name that may be none. */
const named = <Result>(name: string, action: () => Promise<Result>): Promise<Result> =>
  naming(name, async () => {
    checkName(name);
    return action();
  });

export function openVolumes(store: Store, host: VolumeHost): Volumes {
  return new StoredVolumes(contextOf(store, host));
}

function infoOf({ name, head }: SeenHead): VolumeInfo {
  const { id, kind, sizeBytes, epoch, parent, owner } = head;
  return {
    name,
    id,
    kind,
    isRemoved: head.state === "removed",
    sizeBytes,
    epoch,
    parent,
    owner: owner && { id: owner.id, host: owner.host, sinceMs: owner.sinceMs },
  };
}

class StoredVolumes implements Volumes {
  readonly #context: Context;
  /** Those that this process writes. */
  readonly #open = new Map<string, OwnedVolume>();

  constructor(context: Context) {
    this.#context = context;
  }

  // ---- Names

  /** Follows a rename that was interrupted to its end. Throws `missing`, or says that it was removed. */
  async #find(name: string, options: { readonly removed?: boolean } = {}): Promise<SeenHead> {
    const seen = await this.#look(name);
    if (!seen || !isThere(seen.head) || seen.head.state === "provisional")
      throw new VolumeError("missing", `there is no volume ${name} in ${this.#context.store.place}`);
    if (seen.head.state === "removed" && !options.removed)
      throw new VolumeError("missing", `${name} was removed: "qure volume restore ${name}" brings it back`);
    return seen;
  }

  async #look(name: string): Promise<SeenHead | null> {
    const seen = await readHead(this.#context.store, name);
    if (seen?.head.state !== "moved" || seen.head.movedTo === null) return seen;
    return (await this.#finishMove(seen)) ? readHead(this.#context.store, name) : seen;
  }

  /** True: the old name has it again, for the new one was taken. */
  async #finishMove(moved: SeenHead): Promise<boolean> {
    const { store, host } = this.#context;
    const to = moved.head.movedTo!;
    const there = await readHead(store, to);
    if (there?.head.id === moved.head.id) {
      await swapHead(
        store,
        host,
        moved.name,
        moved,
        changedHead(moved.head, { movedTo: null, map: null, owner: null }),
      );
      return false;
    }
    if (there && !isFree(there)) {
      const back = changedHead(moved.head, {
        state: moved.head.kind === "snapshot" ? "snapshot" : "live",
        movedTo: null,
      });
      return (await swapHead(store, host, moved.name, moved, back)) !== null;
    }
    const state = moved.head.kind === "snapshot" ? "snapshot" : "live";
    const epoch = Math.max(moved.head.epoch, (there?.head.epoch ?? 0) + 1);
    const from = epoch > moved.head.epoch && moved.head.kind === "volume" ? earlierOf(moved.head) : moved.head.from;
    await swapHead(store, host, to, there, changedHead(moved.head, { state, movedTo: null, epoch, from }));
    return this.#finishMove(moved);
  }

  // ---- Making

  create(
    name: string,
    { snapshot, sizeBytes }: { readonly snapshot?: string; readonly sizeBytes?: number },
  ): Promise<VolumeInfo> {
    return named(name, async () => {
      if (sizeBytes !== undefined) checkSize(name, sizeBytes);
      if (snapshot !== undefined) return this.#cloneOf(snapshot, name, sizeBytes);
      if (sizeBytes === undefined)
        throw new VolumeError("invalid", `${name}: a new volume needs a size, or a snapshot that it begins as`);
      const made = await makeHead(this.#context, name, () => this.#look(name), {
        state: "live",
        kind: "volume",
        sizeBytes,
        map: null,
        parent: null,
        generation: 0,
      });
      return infoOf(made);
    });
  }

  async #cloneOf(snapshot: string, name: string, sizeBytes?: number): Promise<VolumeInfo> {
    const source = async (): Promise<SeenHead> => {
      const seen = await this.#find(snapshot);
      if (seen.head.kind !== "snapshot")
        throw new VolumeError(
          "invalid",
          `${snapshot} is no snapshot: "qure volume clone ${snapshot} ${name}" copies a volume`,
        );
      if (sizeBytes !== undefined && sizeBytes < seen.head.sizeBytes)
        throw new VolumeError(
          "invalid",
          `${name}: ${snapshot} has ${seen.head.sizeBytes} bytes, and does not fit into ${sizeBytes}`,
        );
      return seen;
    };
    return infoOf(
      await this.#make(name, source, {
        kind: "volume",
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
      }),
    );
  }

  #make(
    name: string,
    source: () => Promise<SeenHead>,
    of: { readonly kind: "volume" | "snapshot"; readonly sizeBytes?: number },
  ): Promise<SeenHead> {
    return makeFrom(this.#context, name, () => this.#look(name), source, of);
  }

  snapshot(volume: string, name: string): Promise<VolumeInfo> {
    return named(volume, async () => {
      checkName(name);
      return infoOf(await this.#make(name, () => this.#frozen(volume), { kind: "snapshot" }));
    });
  }

  clone(source: string, name: string): Promise<VolumeInfo> {
    return named(source, async () => {
      checkName(name);
      return infoOf(await this.#make(name, () => this.#frozen(source), { kind: "volume" }));
    });
  }

  /** With everything of it in its map. At once, or not at all: another one's lock is not waited for. */
  async #frozen(name: string): Promise<SeenHead> {
    const open = this.#open.get(name);
    if (open) return open.freeze();
    const seen = await this.#find(name);
    if (seen.head.kind === "snapshot") return seen;
    return this.#changing(name, null, { seen });
  }

  /** Takes a volume that nobody else has into its next epoch, with everything in its map, and changes it. */
  async #changing(
    name: string,
    change: Partial<Head> | ((head: Head) => Promise<Partial<Head>>) | null,
    options: { readonly removed?: boolean; readonly force?: boolean; readonly seen?: SeenHead } = {},
  ): Promise<SeenHead> {
    const { store, host } = this.#context;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const seen = (tries === 0 && options.seen) || (await this.#find(name, options));
      const { head } = seen;
      if (head.owner && !isMine(head.owner, host.me) && !options.force) throw lockedError(name, head.owner);
      const from = earlierOf(head);
      if (!from && change === null) return seen;
      const taken = await swapHead(
        store,
        host,
        name,
        seen,
        changedHead(head, { epoch: head.epoch + 1, from, isIdle: true }),
      );
      if (!taken) continue;
      const settled = await settle(this.#context, taken);
      const changes = typeof change === "function" ? await change(settled.head) : change;
      if (changes === null) return settled;
      const done = await swapHead(store, host, name, settled, changedHead(settled.head, changes));
      if (done) return done;
    }
    throw new VolumeError("locked", `${name} is changed by others all the time: try again`);
  }

  // ---- Looking

  async list({ removed = false }: { readonly removed?: boolean } = {}): Promise<VolumeInfo[]> {
    return naming(this.#context.store.place, async () => {
      const heads = await allHeads(this.#context);
      for (const seen of heads)
        if (seen.head.state === "moved" && seen.head.movedTo !== null) await this.#finishMove(seen);
      return (await allHeads(this.#context))
        .filter(({ head: { state } }) => state === "live" || state === "snapshot" || (removed && state === "removed"))
        .map(infoOf);
    });
  }

  look(name: string): Promise<VolumeInfo> {
    return named(name, async () => infoOf(await this.#find(name, { removed: true })));
  }

  info(name: string): Promise<VolumeInfo & VolumeSpace> {
    return named(name, async () => {
      const seen = await this.#find(name, { removed: true });
      const { pages, store } = this.#context;
      const mine = new Set<string>();
      for await (const [, { id, epoch, hash }] of entriesOf(pages, name, seen.head.map))
        mine.add(frozenKey(id, epoch, hash));
      let [allocatedBytes, sharedBytes] = [0, 0];
      const others = new Set<string>();
      for (const other of await allHeads(this.#context)) {
        if (other.name === name || !isThere(other.head)) continue;
        for await (const [, { id, epoch, hash }] of entriesOf(pages, other.name, other.head.map, {
          skip: (root) => others.has(root.hash) || !others.add(root.hash),
        })) {
          const key = frozenKey(id, epoch, hash);
          if (mine.has(key)) others.add(key);
        }
      }
      await eachOf(mine, AT_ONCE, async (key) => {
        const size = (await store.read(key, { atBytes: 0, lengthBytes: 0 }))?.sizeBytes ?? 0;
        allocatedBytes += size;
        if (others.has(key)) sharedBytes += size;
      });
      for (const epoch of [seen.head.epoch, seen.head.from?.epoch ?? 0])
        for (const key of await store.list(sumsKey(seen.head.id, epoch, 0).slice(0, -8))) {
          const object = key.replace(/^sums/, "object");
          allocatedBytes += (await store.read(object, { atBytes: 0, lengthBytes: 0 }))?.sizeBytes ?? 0;
        }
      return { ...infoOf(seen), allocatedBytes, sharedBytes };
    });
  }

  hash(name: string): Promise<string> {
    return named(name, async () => {
      await this.#open.get(name)?.flush();
      return contentHash(this.#context, await this.#find(name));
    });
  }

  // ---- Changing

  remove(name: string): Promise<void> {
    return this.#state(name, "removed", (head) => head.state !== "removed");
  }

  restore(name: string): Promise<void> {
    return named(name, async () => {
      const seen = await this.#find(name, { removed: true });
      if (seen.head.state !== "removed") return;
      await this.#state(name, seen.head.kind === "snapshot" ? "snapshot" : "live", () => true);
    });
  }

  #state(name: string, state: Head["state"], isWanted: (head: Head) => boolean): Promise<void> {
    return named(name, async () => {
      const { store, host } = this.#context;
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const seen = await this.#find(name, { removed: state !== "removed" });
        const { owner } = seen.head;
        if (owner && !isMine(owner, host.me)) throw lockedError(name, owner);
        if (this.#open.has(name)) throw openError(name);
        if (!isWanted(seen.head)) return;
        if (await swapHead(store, host, name, seen, changedHead(seen.head, { state, owner: null }))) return;
      }
      throw new VolumeError("locked", `${name} is changed by others all the time: try again`);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return named(from, async () => {
      checkName(to);
      const { store, host } = this.#context;
      const there = await this.#look(to);
      if (there && !isFree(there)) throw existsError(to, there);
      const seen = await this.#find(from);
      if (seen.head.owner && !isMine(seen.head.owner, host.me)) throw lockedError(from, seen.head.owner);
      if (this.#open.has(from)) throw openError(from);
      const moved = await swapHead(store, host, from, seen, changedHead(seen.head, { state: "moved", movedTo: to }));
      if (!moved) throw new VolumeError("locked", `${from} is being changed: try again`);
      if (await this.#finishMove(moved)) throw existsError(to, (await this.#look(to))!);
    });
  }

  resize(name: string, sizeBytes: number, { shrink = false }: { readonly shrink?: boolean } = {}): Promise<void> {
    return named(name, async () => {
      checkSize(name, sizeBytes);
      const seen = await this.#find(name);
      if (seen.head.kind === "snapshot") throw snapshotError(name);
      if (this.#open.has(name)) throw openError(name);
      if (sizeBytes < seen.head.sizeBytes && !shrink)
        throw new VolumeError(
          "invalid",
          `${name} has ${seen.head.sizeBytes} bytes: to cut what is beyond ${sizeBytes} off, say --shrink`,
        );
      await this.#changing(name, async (head) =>
        sizeBytes < head.sizeBytes ? { sizeBytes, map: await this.#cut(name, head, sizeBytes) } : { sizeBytes },
      );
    });
  }

  /** What is beyond a smaller size is zeros, should the volume grow again. */
  async #cut(name: string, head: Head, sizeBytes: number): Promise<Head["map"]> {
    const { pages, frozen, store, host } = this.#context;
    const changes = new Map<number, Entry | null>();
    const kept = sizeBytes % OBJECT_BYTES;
    for await (const [index, entry] of entriesOf(pages, name, head.map)) {
      if (index >= objectsOf(sizeBytes)) changes.set(index, null);
      if (index !== objectsOf(sizeBytes) - 1 || kept === 0) continue;
      const content = (await frozen.read(`${name} at ${index * OBJECT_BYTES}`, entry, 0, BLOCKS)).slice();
      content.fill(0, kept);
      changes.set(index, await freezeContent(store, host, head, content));
    }
    return changed(pages, name, head.map, changes, head);
  }

  replace(name: string, source: string): Promise<void> {
    return named(name, async () => {
      if (this.#open.has(name)) throw openError(name);
      const seen = await this.#find(name);
      if (seen.head.kind === "snapshot") throw snapshotError(name);
      checkName(source);
      await this.#changing(name, async () => {
        const { name: parent, head } = await this.#frozen(source);
        return { sizeBytes: head.sizeBytes, map: head.map, parent: head.kind === "snapshot" ? parent : head.parent };
      });
    });
  }

  flatten(name: string): Promise<void> {
    return named(name, async () => {
      if (this.#open.has(name)) throw openError(name);
      const seen = await this.#find(name);
      if (seen.head.kind === "snapshot") throw snapshotError(name);
      const { pages, frozen, store, host } = this.#context;
      await this.#changing(name, async (head) => {
        const changes = new Map<number, Entry | null>();
        for await (const [index, entry] of entriesOf(pages, name, head.map)) {
          if (entry.id === head.id) continue;
          const content = await frozen.read(`${name} at ${index * OBJECT_BYTES}`, entry, 0, BLOCKS);
          changes.set(index, await freezeContent(store, host, head, content));
        }
        return { map: await changed(pages, name, head.map, changes, head), parent: null };
      });
    });
  }

  // ---- Locks

  open(name: string, { readOnly = false, timeoutMs = 0 }: OpenOptions = {}): Promise<VolumeDevice> {
    return named(name, async () => {
      if (readOnly) return new ReadVolume(this.#context, await this.#find(name));
      if (this.#open.has(name)) throw openError(name);
      const settled = await this.#take(name, timeoutMs);
      const device = new OwnedVolume(this.#context, settled, () => {
        if (this.#open.get(name) === device) this.#open.delete(name);
      });
      this.#open.set(name, device);
      return device;
    });
  }

  async #take(name: string, timeoutMs: number): Promise<SeenHead> {
    const { store, host } = this.#context;
    const endMs = host.nowMs() + timeoutMs;
    for (;;) {
      const seen = await this.#find(name);
      const { head } = seen;
      if (head.kind === "snapshot") throw snapshotError(name);
      if (!head.owner || isMine(head.owner, host.me)) {
        const from = earlierOf(head);
        const owner = { ...host.me, sinceMs: head.owner?.sinceMs ?? host.nowMs(), nonce: toHex(host.random(8)) };
        const next = changedHead(head, { epoch: head.epoch + 1, from, owner, isIdle: false });
        const taken = await swapHead(store, host, name, seen, next);
        if (taken) return settle(this.#context, taken);
        continue;
      }
      if (host.nowMs() >= endMs) throw lockedError(name, head.owner);
      await host.sleep(Math.max(1, Math.min(LOOK_MS, endMs - host.nowMs())));
    }
  }

  lock(name: string, { timeoutMs = 0 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    return named(name, async () => {
      const { store, host } = this.#context;
      const endMs = host.nowMs() + timeoutMs;
      for (;;) {
        const seen = await this.#find(name);
        const { head } = seen;
        if (head.kind === "snapshot") throw snapshotError(name);
        if (isMine(head.owner, host.me)) return;
        if (!head.owner) {
          const owner = { ...host.me, sinceMs: host.nowMs(), nonce: toHex(host.random(8)) };
          if (await swapHead(store, host, name, seen, changedHead(head, { owner }))) return;
          continue;
        }
        if (host.nowMs() >= endMs) throw lockedError(name, head.owner);
        await host.sleep(Math.max(1, Math.min(LOOK_MS, endMs - host.nowMs())));
      }
    });
  }

  unlock(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    return named(name, async () => {
      const { store, host } = this.#context;
      if (this.#open.has(name) && !force) throw openError(name);
      const seen = await this.#find(name);
      const { owner } = seen.head;
      if (!owner) return;
      if (!isMine(owner, host.me) && !force) throw lockedError(name, owner);
      // Only when nothing of the old owner's can come any more is it said to be without one.
      if (force) await this.#changing(name, { owner: null }, { force });
      else if (!(await swapHead(store, host, name, seen, changedHead(seen.head, { owner: null }))))
        throw new VolumeError("locked", `${name} is being changed: try again`);
    });
  }

  // ---- The store

  collect(options: { readonly dryRun?: boolean } = {}): Promise<Collected> {
    return naming(this.#context.store.place, () => collect(this.#context, options));
  }

  check(options: { readonly repair?: boolean } = {}): Promise<Finding[]> {
    return naming(this.#context.store.place, () => check(this.#context, options));
  }

  // ---- Files

  async *export(name: string, { since }: { readonly since?: string } = {}): AsyncGenerator<Uint8Array> {
    await this.#open.get(name)?.flush();
    const seen = await this.#find(name);
    const old = since === undefined ? null : await this.#find(since);
    if (old && old.head.kind !== "snapshot") throw new VolumeError("invalid", `${since} is no snapshot: it may change`);
    yield* exportVolume(this.#context, seen, old);
  }

  import(name: string, content: AsyncIterable<Uint8Array>): Promise<VolumeInfo> {
    return named(name, async () => {
      const { store, host, pages } = this.#context;
      const old = await this.#look(name);
      if (old && !isFree(old)) throw existsError(name, old);
      let made: SeenHead | null = null;
      let isCut = false;
      try {
        const { header, changes } = await importObjects(
          this.#context,
          `the archive for ${name}`,
          content,
          async (header) => {
            const base = header.since && (await this.#withHash(header.since));
            isCut = base !== null && base.head.sizeBytes > header.sizeBytes;
            const generation = await generationOf(this.#context);
            made = await makeHead(this.#context, name, () => this.#look(name), {
              state: "provisional",
              kind: "volume",
              sizeBytes: checkSize(name, header.sizeBytes),
              map: base?.head.map ?? null,
              parent: base?.name ?? null,
              generation,
            });
            return { ...made.head, base: made.head.map };
          },
        );
        const begun: SeenHead = made!;
        assert(begun.head.sizeBytes === header.sizeBytes, "a volume of another size than its archive");
        const whole = await changed(pages, name, begun.head.map, changes, begun.head);
        const map = isCut ? await this.#cut(name, { ...begun.head, map: whole }, header.sizeBytes) : whole;
        const done = await swapHead(store, host, name, begun, changedHead(begun.head, { state: "live", map }));
        if (!done)
          throw new VolumeError(
            "unavailable",
            `${name}: it took so long that a collection has taken it for given up: import it again`,
          );
        made = null;
        return infoOf(done);
      } finally {
        const left = made as SeenHead | null;
        if (left)
          await swapHead(store, host, name, left, changedHead(left.head, { state: "gone", map: null })).catch(() => {});
      }
    });
  }

  async #withHash({ name, hash }: { readonly name: string; readonly hash: string }): Promise<SeenHead> {
    const heads = (await allHeads(this.#context)).filter(({ head }) => head.state === "snapshot");
    heads.sort((a, b) => Number(b.name === name) - Number(a.name === name));
    for (const seen of heads) if ((await contentHash(this.#context, seen)) === hash) return seen;
    throw new VolumeError(
      "missing",
      `the archive has what differs from snapshot ${name}, and none here has that content: import it first`,
    );
  }
}

const openError = (name: string): VolumeError =>
  new VolumeError("locked", `${name} is open in this process: close it first`);

const snapshotError = (name: string): VolumeError =>
  new VolumeError("read-only", `${name} is a snapshot, which never changes: read it, or write a clone of it`);
