/**
 * What carries a cluster's Ethernet to another host: the file `link` of the cluster's folder, one line of JSON. Each
 * host has a gateway of its own; so that they give different addresses, one host is the second.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAside } from "../../host/files.ts";
import type { UplinkWay } from "../../host/places.ts";
import { parseWay } from "../../lab/way.ts";
import { type Home, MachineError } from "./home.ts";

export interface Link {
  /** As `--netdev` of `qure emu` has it. */
  readonly way: string;
  readonly isSecond: boolean;
}

const pathOf = (home: Home): string => join(home.folder, "link");

/** Throws a RangeError. */
export function uplinkOf({ way }: Link): UplinkWay {
  const parsed = parseWay(way);
  if (parsed.kind === "user") throw new RangeError(`${way}: it leads to no other host's switch`);
  return parsed;
}

export function readLink(home: Home): Link | null {
  const path = pathOf(home);
  if (!existsSync(path)) return null;
  try {
    const { way, isSecond } = JSON.parse(readFileSync(path, "utf8")) as Link;
    uplinkOf({ way, isSecond });
    return { way, isSecond: isSecond === true };
  } catch (error) {
    throw new MachineError(`${path}: ${(error as Error).message}; "qure vm link --off" removes it`);
  }
}

export function writeLink(home: Home, link: Link | null): void {
  if (link === null) rmSync(pathOf(home), { force: true });
  else writeFileAside(pathOf(home), `${JSON.stringify(link)}\n`, 0o600);
}
