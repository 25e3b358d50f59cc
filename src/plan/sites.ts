/** The file of `--sites`: JSON with the options that `startCluster` takes as `world`. */
import type { LieOptions, PortMappingOptions, SiteOptions, WayOptions, WorldOptions } from "../lab/sites.ts";
import { PlanError } from "./fields.ts";
import { readPlaced } from "./placed.ts";

type Names<Options> = Readonly<Record<keyof Options, true>>;

const WORLD: Names<WorldOptions> = { sites: true, ways: true, latency: true };
const SITE: Names<SiteOptions> = {
  ...{
    name: true,
    nodes: true,
    cluster: true,
    nat: true,
    publicAddress: true,
    lanAddress: true,
    behind: true,
    forwards: true,
  },
  ...{ dmz: true, udpIdle: true, hairpin: true, dropsUdp: true, portMapping: true },
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
    throw new PlanError(
      place === "" ? wrong : `${place}.${wrong}`,
      `there is no such field; there are ${Object.keys(known).join(", ")}`,
    );
}

/** What begins with { is no path, but such a text itself. */
export const isSitesText = (path: string): boolean => path.startsWith("{");

/** From a file's text. Throws a PlanError with `name:line:column: error:` before it. */
export const readSites = (path: string, bytes: Uint8Array): WorldOptions =>
  readPlaced(new TextDecoder().decode(bytes), path, worldOf);

function worldOf(found: unknown): WorldOptions {
  check(found, WORLD, "");
  const { sites, ways = [] } = found as Partial<WorldOptions>;
  if (!Array.isArray(sites) || sites.length === 0) throw new PlanError("sites", "expected a list of sites");
  if (!Array.isArray(ways)) throw new PlanError("ways", "expected a list of ways between sites");
  sites.forEach((site, index) => {
    const place = `sites[${index}]`;
    check(site, SITE, place);
    const { portMapping } = site as SiteOptions;
    if (portMapping !== undefined) check(portMapping, PORT_MAPPING, `${place}.portMapping`);
    if (portMapping?.lies !== undefined) check(portMapping.lies, LIES, `${place}.portMapping.lies`);
    if (!["string", "undefined"].includes(typeof (site as SiteOptions).name))
      throw new PlanError(`${place}.name`, "expected a name");
    if (!Array.isArray((site as SiteOptions).forwards ?? []))
      throw new PlanError(`${place}.forwards`, "expected a list of forwards");
    if (!["string", "undefined"].includes(typeof (site as SiteOptions).cluster))
      throw new PlanError(`${place}.cluster`, "expected the name of its cluster");
    if (!Number.isInteger((site as SiteOptions).nodes) || (site as SiteOptions).nodes < 0)
      throw new PlanError(`${place}.nodes`, "expected how many machines it has");
  });
  ways.forEach((way, index) => {
    check(way, WAY, `ways[${index}]`);
    if (!Array.isArray((way as WayOptions).between))
      throw new PlanError(`ways[${index}].between`, "expected two names");
  });
  return found as WorldOptions;
}
