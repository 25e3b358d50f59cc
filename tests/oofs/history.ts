/**
 * The history of a volume: operations, done to a volume and to a model of plain maps, and what each state looks like. A
 * state is one text, so that two of them are compared as one.
 */
import { type FileSystem, OofsError } from "../../src/oofs/index.ts";
import type { Random, RecordingDisk } from "./disks.ts";

export type Operation =
  | { readonly do: "create" | "mkdir" | "unlink" | "rmdir"; readonly path: string }
  | {
      readonly do: "write";
      readonly path: string;
      readonly offset: number;
      readonly length: number;
      readonly fill: number;
    }
  | { readonly do: "append"; readonly path: string; readonly length: number; readonly fill: number }
  | { readonly do: "truncate"; readonly path: string; readonly size: number }
  | { readonly do: "rename"; readonly path: string; readonly to: string }
  | { readonly do: "save"; readonly path: string; readonly length: number; readonly fill: number }
  | { readonly do: "snapshot" | "remove" | "restore"; readonly path: string }
  | { readonly do: "sync" };

/** A directory is null. */
type Tree = Map<string, Uint8Array | null>;

export class Model {
  tree: Tree = new Map([["", null]]);
  objects = new Map<string, Uint8Array>();
  snapshots = new Map<string, { tree: Tree; objects: Map<string, Uint8Array> }>();

  /** Throws the code of the error that the volume must give. */
  apply(operation: Operation): void {
    const { tree } = this;
    const fail = (code: string): never => {
      throw new OofsError(code as OofsError["code"], "the model says so");
    };
    const parentOf = (path: string): void => {
      const parent = path.slice(0, path.lastIndexOf("/"));
      if (tree.get(parent) === undefined) fail("not-found");
      if (tree.get(parent) !== null) fail("not-directory");
    };
    const isEmpty = (path: string): boolean => ![...tree.keys()].some((name) => name.startsWith(`${path}/`));
    const file = (path: string): Uint8Array => {
      parentOf(path);
      const content = tree.get(path);
      if (content === undefined) return fail("not-found");
      return content ?? fail("is-directory");
    };
    const put = (path: string, offset: number, length: number, fill: number): void => {
      const old = file(path);
      const next = new Uint8Array(Math.max(old.length, offset + length));
      next.set(old);
      next.set(content(length, fill), offset);
      tree.set(path, next);
    };
    switch (operation.do) {
      case "create":
      case "mkdir":
        parentOf(operation.path);
        if (tree.has(operation.path)) fail("exists");
        tree.set(operation.path, operation.do === "mkdir" ? null : new Uint8Array(0));
        break;
      case "unlink":
        file(operation.path);
        tree.delete(operation.path);
        break;
      case "rmdir":
        parentOf(operation.path);
        if (!tree.has(operation.path)) fail("not-found");
        if (tree.get(operation.path) !== null) fail("not-directory");
        if (!isEmpty(operation.path)) fail("not-empty");
        tree.delete(operation.path);
        break;
      case "write":
        put(operation.path, operation.offset, operation.length, operation.fill);
        break;
      case "append":
        put(operation.path, file(operation.path).length, operation.length, operation.fill);
        break;
      case "truncate": {
        const next = new Uint8Array(operation.size);
        next.set(file(operation.path).subarray(0, operation.size));
        tree.set(operation.path, next);
        break;
      }
      case "rename":
        this.#rename(operation.path, operation.to, parentOf, isEmpty, fail);
        break;
      case "save":
        this.objects.set(operation.path, content(operation.length, operation.fill));
        break;
      case "snapshot":
        if (this.snapshots.has(operation.path)) fail("exists");
        this.snapshots.set(operation.path, { tree: new Map(tree), objects: new Map(this.objects) });
        break;
      case "remove":
        if (!this.snapshots.delete(operation.path)) fail("not-found");
        break;
      case "restore": {
        const found = this.snapshots.get(operation.path) ?? fail("not-found");
        this.tree = new Map(found.tree);
        this.objects = new Map(found.objects);
        break;
      }
      case "sync":
        break;
    }
  }

  #rename(
    from: string,
    to: string,
    parentOf: (path: string) => void,
    isEmpty: (path: string) => boolean,
    fail: (code: string) => never,
  ): void {
    const { tree } = this;
    parentOf(from);
    const moved = tree.get(from);
    if (moved === undefined) fail("not-found");
    parentOf(to);
    if (moved === null && `${to}/`.startsWith(`${from}/`)) {
      if (to === from) return;
      fail("invalid");
    }
    if (to === from) return;
    const there = tree.get(to);
    if (there === null && moved !== null) fail("is-directory");
    if (there === null && !isEmpty(to)) fail("not-empty");
    if (there && moved === null) fail("not-directory");
    for (const [name, value] of [...tree]) {
      if (name !== from && !name.startsWith(`${from}/`)) continue;
      tree.delete(name);
      tree.set(to + name.slice(from.length), value);
    }
  }

  describe(): string {
    const part = (tree: Tree, objects: Map<string, Uint8Array>): string[] => [
      ...[...tree]
        .filter(([path]) => path !== "")
        .map(([path, value]) => `${path} ${value ? digest(value) : "directory"}`),
      ...[...objects].map(([name, value]) => `object ${name} ${digest(value)}`),
    ];
    return [
      ...part(this.tree, this.objects),
      ...[...this.snapshots].flatMap(([name, { tree, objects }]) => [
        `snapshot ${name}`,
        ...part(tree, objects).map((line) => `@${name} ${line}`),
      ]),
    ]
      .sort()
      .join("\n");
  }
}

/** The same text of a volume. Everything is read. */
export function describeVolume(fs: FileSystem): string {
  const lines: string[] = [];
  const walk = (view: FileSystem, path: string, prefix: string): void => {
    for (const { name, kind } of view.list(path === "" ? "/" : path)) {
      const here = `${path}/${name}`;
      if (kind === "object") lines.push(`${prefix}object ${name} ${digest(view.loadObject(name).bytes)}`);
      else if (kind === "file") lines.push(`${prefix}${here} ${digest(view.read(here))}`);
      else {
        lines.push(`${prefix}${here} directory`);
        walk(view, here, prefix);
      }
    }
  };
  walk(fs, "", "");
  for (const { name } of fs.snapshots()) {
    lines.push(`snapshot ${name}`);
    walk(fs.openSnapshot(name), "", `@${name} `);
  }
  return lines.sort().join("\n");
}

export function perform(fs: FileSystem, operation: Operation): void {
  switch (operation.do) {
    case "create":
    case "mkdir":
    case "unlink":
    case "rmdir":
      return fs[operation.do](operation.path);
    case "write":
      return fs.write(operation.path, operation.offset, content(operation.length, operation.fill));
    case "append":
      return fs.append(operation.path, content(operation.length, operation.fill));
    case "truncate":
      return fs.truncate(operation.path, operation.size);
    case "rename":
      return fs.rename(operation.path, operation.to);
    case "save":
      return fs.saveObject(operation.path, 1, content(operation.length, operation.fill));
    case "snapshot":
      return fs.createSnapshot(operation.path);
    case "remove":
      return fs.removeSnapshot(operation.path);
    case "restore":
      return fs.restoreSnapshot(operation.path);
    case "sync":
      return fs.sync();
  }
}

/** Whether everything before is confirmed when the operation has returned. */
export function confirms(operation: Operation): boolean {
  return ["sync", "snapshot", "remove", "restore"].includes(operation.do);
}

function content(length: number, fill: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (fill + index * 7 + (index >> 8)) & 0xff || 1);
}

const ZEROS = new Uint8Array(4096);

/** FNV over the blocks that are not zero, and the length. */
function digest(bytes: Uint8Array): string {
  let hash = 2166136261;
  for (let at = 0; at < bytes.length; at += 4096) {
    const block = bytes.subarray(at, at + 4096);
    if (Buffer.compare(block, ZEROS.subarray(0, block.length)) === 0) continue;
    hash = Math.imul(hash ^ at, 16777619);
    for (const byte of block) hash = Math.imul(hash ^ byte, 16777619);
  }
  return `${bytes.length}:${hash >>> 0}`;
}

/** What every history starts with. */
export const BEGINNING: readonly Operation[] = [
  { do: "mkdir", path: "/d" },
  { do: "create", path: "/a" },
  { do: "write", path: "/a", offset: 0, length: 5000, fill: 1 },
  { do: "create", path: "/b" },
  { do: "write", path: "/b", offset: 0, length: 100, fill: 2 },
  { do: "create", path: "/d/c" },
  { do: "save", path: "node", length: 40, fill: 3 },
];

/** One of each kind and situation. */
export const OPERATIONS: readonly Operation[] = [
  { do: "create", path: "/n" },
  { do: "create", path: "/d/n" },
  { do: "write", path: "/a", offset: 10, length: 20, fill: 4 },
  { do: "write", path: "/a", offset: 4000, length: 5000, fill: 5 },
  { do: "write", path: "/b", offset: 2_200_000, length: 10, fill: 6 },
  { do: "append", path: "/a", length: 4000, fill: 7 },
  { do: "append", path: "/d/c", length: 8192, fill: 8 },
  { do: "truncate", path: "/a", size: 0 },
  { do: "truncate", path: "/a", size: 4097 },
  { do: "truncate", path: "/a", size: 20_000 },
  { do: "rename", path: "/a", to: "/n" },
  { do: "rename", path: "/a", to: "/b" },
  { do: "rename", path: "/b", to: "/d/c" },
  { do: "rename", path: "/d", to: "/e" },
  { do: "rename", path: "/m", to: "/d/m" },
  { do: "unlink", path: "/a" },
  { do: "unlink", path: "/d/c" },
  { do: "mkdir", path: "/m" },
  { do: "mkdir", path: "/d/m" },
  { do: "rmdir", path: "/d" },
  { do: "rmdir", path: "/m" },
  { do: "sync" },
  { do: "save", path: "node", length: 6000, fill: 9 },
  { do: "save", path: "other", length: 10, fill: 10 },
  { do: "snapshot", path: "s" },
  { do: "remove", path: "s" },
  { do: "restore", path: "s" },
];

export function randomOperations(random: Random, count: number): Operation[] {
  return Array.from({ length: count }, () => random.pick(OPERATIONS));
}

export interface Recorded {
  readonly disk: RecordingDisk;
  /** What the volume is after the first k operations. */
  readonly states: readonly string[];
  /** For each length of the log: how many operations were confirmed before, and how many begun. */
  readonly confirmedAt: number[];
  readonly begunAt: number[];
}

/** Does operations to a volume and to a model, and notes when what became durable. Throws when the two differ. */
export function record(disk: RecordingDisk, fs: FileSystem, model: Model, operations: readonly Operation[]): Recorded {
  const states = [model.describe()];
  const confirmedAt: number[] = [];
  const begunAt: number[] = [];
  let confirmed = 0;
  let done = 0;
  disk.log.length = 0;
  const note = (): void => {
    while (confirmedAt.length <= disk.log.length) confirmedAt.push(confirmed);
    while (begunAt.length <= disk.log.length) begunAt.push(Math.min(done + 1, operations.length));
  };
  note();
  for (const operation of operations) {
    const before = confirmed;
    // As if the window of free blocks were used up: what the operations before have freed must not be taken.
    fs.volume.space.closeWindow();
    const expected = errorOf(() => model.apply(operation));
    const found = errorOf(() => perform(fs, operation));
    if (expected !== found)
      throw new Error(`${JSON.stringify(operation)}: ${found ?? "done"} instead of ${expected ?? "done"}`);
    note();
    done++;
    if (found === null && confirms(operation)) confirmed = done;
    states.push(model.describe());
    if (confirmed !== before) confirmedAt[disk.log.length] = confirmed;
    begunAt[disk.log.length] = Math.min(done + 1, operations.length);
  }
  note();
  return { disk, states, confirmedAt, begunAt };
}

export function errorOf(body: () => void): string | null {
  try {
    body();
    return null;
  } catch (error) {
    if (error instanceof OofsError) return error.code;
    throw error;
  }
}
