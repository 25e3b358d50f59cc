/** The file of `--sites`: JSON with the options that `startCluster` takes as `world`. */
import type { LieOptions, PortMappingOptions, SiteOptions, WayOptions, WorldOptions } from "../lab/sites.ts";
import { PlanError } from "./fields.ts";

type Names<Options> = Readonly<Record<keyof Options, true>>;

const WORLD: Names<WorldOptions> = { sites: true, ways: true, latency: true };
const SITE: Names<SiteOptions> = {
  ...{ name: true, nodes: true, nat: true, publicAddress: true, lanAddress: true, behind: true, forwards: true },
  ...{ dmz: true, udpIdle: true, hairpin: true, portMapping: true },
};
const PORT_MAPPING: Names<PortMappingOptions> = {
  ...{ natPmp: true, pcp: true, igd: true, permanentLeasesOnly: true, lies: true },
};
const LIES: Names<LieOptions> = {
  ...{ deadMappings: true, forgetsEvery: true, answersFromPort: true, publicAddress: true, forgetsAtReboot: true },
};
const WAY: Names<WayOptions> = { between: true, latency: true, lostPercent: true, kilobits: true };

function check(value: unknown, known: Readonly<Record<string, true>>, place: string): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new PlanError(place, "expected an object");
  const wrong = Object.keys(value).find((name) => !Object.hasOwn(known, name));
  if (wrong !== undefined)
    throw new PlanError(`${place}.${wrong}`, `there is no such field; there are ${Object.keys(known).join(", ")}`);
}

/** Throws a PlanError that begins with the file for what is no such list. */
export function readSites(path: string, bytes: Uint8Array): WorldOptions {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new PlanError(path, `not JSON: ${(error as Error).message}`);
  }
  check(found, WORLD, path);
  const { sites, ways = [] } = found as Partial<WorldOptions>;
  if (!Array.isArray(sites) || !Array.isArray(ways) || sites.length === 0)
    throw new PlanError(path, "expected a list of sites, and of ways if there are any");
  sites.forEach((site, index) => {
    const place = `${path}: sites[${index}]`;
    check(site, SITE, place);
    const { portMapping } = site as SiteOptions;
    if (portMapping !== undefined) check(portMapping, PORT_MAPPING, `${place}.portMapping`);
    if (portMapping?.lies !== undefined) check(portMapping.lies, LIES, `${place}.portMapping.lies`);
    if (!Number.isInteger((site as SiteOptions).nodes) || (site as SiteOptions).nodes < 0)
      throw new PlanError(`${place}.nodes`, "expected how many machines it has");
  });
  ways.forEach((way, index) => {
    check(way, WAY, `${path}: ways[${index}]`);
    if (!Array.isArray((way as WayOptions).between))
      throw new PlanError(`${path}: ways[${index}].between`, "expected two names");
  });
  return found as WorldOptions;
}
