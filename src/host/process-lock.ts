/**
 * A file that one living process of this host has. It is made under another name and then linked, which one process
 * alone succeeds in; what a dead one left is moved away first, and looked at again: somebody else may have been faster.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { naming } from "./files.ts";
import { makeFolder } from "./folder.ts";
import { lives, type ProcessIdentity, parseIdentity, thisProcess } from "./process-identity.ts";

const MOST_TRIES = 20;

/** Takes the file, and returns how to give it back; or who has it. */
export function takeProcessLock(path: string): (() => void) | ProcessIdentity {
  makeFolder(dirname(path));
  const me = thisProcess();
  const aside = `${path}.${me.pid}.${Math.random().toString(16).slice(2)}`;
  try {
    naming(path, () => writeFileSync(aside, `${JSON.stringify(me)}\n`, { mode: 0o600 }));
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      try {
        linkSync(aside, path);
        return () => release(path, me);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = holderOf(path);
      if (holder && lives(holder)) return holder;
      moveAway(path, `${aside}.dead`);
    }
    throw new Error(`${path} changes hands faster than it can be taken`);
  } finally {
    rmSync(aside, { force: true });
  }
}

function holderOf(path: string): ProcessIdentity | null {
  try {
    return parseIdentity(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** What a dead process left; what a living one has just put there goes back. */
function moveAway(path: string, to: string): void {
  try {
    renameSync(path, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = holderOf(to);
  try {
    if (moved && lives(moved)) linkSync(to, path);
  } finally {
    rmSync(to, { force: true });
  }
}

function release(path: string, me: ProcessIdentity): void {
  const holder = holderOf(path);
  if (holder?.pid === me.pid && holder.started === me.started) rmSync(path, { force: true });
}
