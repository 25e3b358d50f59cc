/**
 * Machines have a number and may have a name: `7`, `web`. Their folders, host names and what people may type for them
 * have `qure-` before it.
 */

const PREFIX = "qure-";
const KEY = /^(?:\d{1,9}|[A-Za-z_]\w{0,31})$/;
/** A cluster is a folder, and part of a volume's name. */
const CLUSTER = /^[A-Za-z0-9]\w{0,31}$/;

export class NameError extends Error {
  override readonly name = "NameError";
}

/** The key of a machine as it is written: `7`, `qure-7`, `web`. Throws a NameError. */
export function parseKey(text: string): string {
  const key = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  if (!KEY.test(key) || key === "all")
    throw new NameError(`${text || "nothing"}: a machine is a number, or a name of letters, digits and _, such as web`);
  if (/^0+$/.test(key)) throw new NameError(`${text}: the numbers of machines begin with 1`);
  return /^\d+$/.test(key) ? String(Number(key)) : key;
}

export const isNumber = (key: string): boolean => /^\d+$/.test(key);

/** Of a machine: its folder, and its host name unless that is set. */
export const folderName = (key: string): string => PREFIX + key;

/** The key of a folder; null: it is none of a machine. */
export function keyOfFolder(name: string): string | null {
  const key = name.slice(PREFIX.length);
  return name.startsWith(PREFIX) && KEY.test(key) ? key : null;
}

export const isCluster = (name: string): boolean => CLUSTER.test(name);

/** Throws a NameError. */
export function checkCluster(name: string): string {
  if (!isCluster(name)) throw new NameError(`${name || "nothing"}: a cluster's name has letters, digits and _`);
  return name;
}

/** Numbers in their order, before names in theirs. */
export function compareKeys(a: string, b: string): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  return isNumber(a) === isNumber(b) ? (a < b ? -1 : Number(a > b)) : isNumber(a) ? -1 : 1;
}

/** What a snapshot of a machine may be called: it is a part of a volume's name, and a file's. */
export const isSnapshotName = (name: string): boolean => /^[A-Za-z0-9][\w-]{0,31}$/.test(name);
