/**
 * Unix sockets at paths that outlive their process: what one that was killed left there is taken away, what a living
 * one has is left alone, and what is no socket is nobody's to take.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, lstatSync, renameSync, rmSync, statSync } from "node:fs";
import { connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Of the paths of sockets, to Linux and macOS. */
const MOST_PATH_BYTES = 103;
const DRAWN_BYTES = 5;
const MOST_TRIES = 10;

const aside = (path: string): string => `${path}.${randomBytes(DRAWN_BYTES).toString("hex")}`;

/** Whether a server can listen there: the name that it has at first is longer. */
const isShortEnough = (path: string): boolean => Buffer.byteLength(aside(path)) <= MOST_PATH_BYTES;

/**
 * The folder for sockets of a kind: the session's own, or one for temporary files where a socket there with the longest
 * name has a path that a server can listen at.
 */
export function socketFolder(env: Readonly<Record<string, string | undefined>>, kind: string, longest: string): string {
  const own = env["XDG_RUNTIME_DIR"] ?? "";
  const others = [tmpdir(), "/tmp"].map((folder) => join(folder, `${kind}-${process.getuid?.() ?? 0}`));
  const folders = own === "" ? others : [join(own, kind), ...others];
  return folders.find((folder) => isShortEnough(join(folder, longest))) ?? folders.at(-1)!;
}

export interface OwnSocket {
  /** Nobody has taken the path since. */
  readonly isOwn: boolean;
  /** Takes the socket away, unless it is another's by now. */
  remove(): void;
}

/** Listens at a path, for its user alone. `taken` is the error when somebody answers there. */
export async function listenAt(server: Server, path: string, taken: string): Promise<OwnSocket> {
  if (!isShortEnough(path))
    throw new Error(`${path}: the path of a socket has at most ${MOST_PATH_BYTES - 1 - 2 * DRAWN_BYTES} bytes here`);
  // Node says of a folder that is missing that it may not be entered.
  statSync(dirname(path));
  const first = aside(path);
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(first, () => {
      server.off("error", fail);
      done();
    });
  }).catch((error: NodeJS.ErrnoException) => {
    // The name that it has at first says nothing to anybody.
    throw Object.assign(error, { address: path });
  });
  try {
    chmodSync(first, 0o600);
    await takePlace(first, path, taken);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(first, { force: true });
  }
  const inode = lstatSync(path).ino;
  const isOwn = (): boolean => lstatSync(path, { throwIfNoEntry: false })?.ino === inode;
  return {
    get isOwn() {
      return isOwn();
    },
    remove: () => void (isOwn() && rmSync(path, { force: true })),
  };
}

/** Gives the socket its name, unless somebody who has it answers. */
async function takePlace(first: string, path: string, taken: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      linkSync(first, path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || tries > MOST_TRIES) throw error;
    }
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there && !there.isSocket()) throw new Error(`${path} is there, and is no socket: name another path`);
    if (await isAnswered(path)) throw new Error(taken);
    // Moved away first, so that of two who find it dead neither takes away the other's.
    const moved = aside(path);
    try {
      renameSync(path, moved);
    } catch {
      continue;
    }
    const isLive = await isAnswered(moved);
    if (isLive) linkSync(moved, path);
    rmSync(moved, { force: true });
    if (isLive) throw new Error(taken);
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    const end = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
