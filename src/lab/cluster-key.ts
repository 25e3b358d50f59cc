/**
 * The key of a cluster, as its machines are given it: a line `NAME KEY`, NAME of 1 to 31 printable characters without
 * blanks, KEY of 64 hexadecimal digits (docs/protocols/cluster.md). A machine reads it as the file `KEY_SETTING` of its
 * firmware configuration device.
 */
import type { SettingFile } from "../../emulator/devices/fw-cfg.ts";
import { Random } from "../../emulator/state/random.ts";

export const KEY_SETTING = "opt/org.qure/cluster";
const KEY_BYTES = 32;
const FORM = /^[\x21-\x7e]{1,31} [0-9a-fA-F]{64}\n?$/;

/** The key of runs that bring none of their own. It is no secret: whoever knows the seed has it. */
export const keyOfSeed = (seed: number): string => drawn(`seed-${seed}`, seed, "cluster key");

/** The key of a cluster that is called so, which is no secret either. */
export const keyOfCluster = (name: string, seed: number): string => drawn(name, seed, `key of the cluster ${name}`);

function drawn(name: string, seed: number, purpose: string): string {
  const random = new Random(seed, purpose);
  const digits = Array.from({ length: KEY_BYTES }, () => random.below(256).toString(16).padStart(2, "0"));
  return `${name} ${digits.join("")}\n`;
}

/** What is said of a text that is none. */
export const KEY_EXPECTED = "expected one line `NAME KEY`: a name without blanks and 64 hexadecimal digits";

export function isClusterKey(text: string): boolean {
  return FORM.test(text);
}

/** The option `key` of a node that has these settings. */
export function keyOf(settings: readonly SettingFile[] = []): { key?: string } {
  const found = settings.find(({ name }) => name === KEY_SETTING);
  return found ? { key: found.text } : {};
}
