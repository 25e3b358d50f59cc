/**
 * The name and key of a cluster that this host has: the file `key` of the cluster's folder, one line `NAME KEY`, which
 * its owner alone can read. Whoever has it can be any member.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ClusterKey } from "../../cloud/invitation.ts";
import { writeFileAside } from "../../host/files.ts";
import { type Home, MachineError } from "./home.ts";

const OTHERS = 0o077;

const pathOf = (home: Home): string => join(home.folder, "key");

/** Changes when the file does; empty: there is none. */
export function keyStamp(home: Home): string {
  const stats = statSync(pathOf(home), { throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.mtimeMs} ${stats.size} ${stats.mode}` : "";
}

/** Null: the cluster is open, as far as this host knows. */
export function readKey(home: Home): ClusterKey | null {
  const path = pathOf(home);
  if (!existsSync(path)) return null;
  if (statSync(path).mode & OTHERS) throw new MachineError(`${path}: others can read it: "chmod 600 ${path}"`);
  const [, name, key] = /^([\x21-\x7e]{1,31}) ([0-9a-f]{64})\s*$/.exec(readFileSync(path, "utf8")) ?? [];
  if (key === undefined) throw new MachineError(`${path}: expected one line: a name, and 64 hexadecimal digits`);
  return { name: name!, key: Buffer.from(key, "hex") };
}

export function writeKey(home: Home, { name, key }: ClusterKey): void {
  writeFileAside(pathOf(home), `${name} ${Buffer.from(key).toString("hex")}\n`, 0o600);
}
