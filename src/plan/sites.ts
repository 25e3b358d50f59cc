/** The file of `--sites`: JSON with the options that `startCluster` takes as `world`. */
import type { LieOptions, PortMappingOptions, SiteOptions, WayOptions, WorldOptions } from "../lab/sites.ts";
import { PlanError } from "./fields.ts";
import { readPlaced } from "./placed.ts";

/** What a field may be, and how a message asks for it. */
const KINDS = {
  text: { asks: "a text", fits: (value: unknown) => typeof value === "string" },
  number: { asks: "a number", fits: (value: unknown) => typeof value === "number" },
  flag: { asks: "true or false", fits: (value: unknown) => typeof value === "boolean" },
  time: { asks: 'a time, such as "40ms"', fits: (value: unknown) => ["string", "number"].includes(typeof value) },
  texts: { asks: "a list of texts", fits: (value: unknown) => isListOf("string", value) },
  list: { asks: "a list", fits: (value: unknown) => Array.isArray(value) },
  fields: { asks: "an object", fits: isObject },
} as const;

type Fields<Options> = Readonly<Record<keyof Options, keyof typeof KINDS>>;

const WORLD: Fields<WorldOptions> = { sites: "list", ways: "list", latency: "time" };
const SITE: Fields<SiteOptions> = {
  ...({ name: "text", nodes: "number", cluster: "text", nat: "text", publicAddress: "text" } as const),
  ...({ lanAddress: "text", behind: "text", forwards: "texts", dmz: "text", udpIdle: "time" } as const),
  ...({ hairpin: "flag", dropsUdp: "flag", portMapping: "fields" } as const),
};
const PORT_MAPPING: Fields<PortMappingOptions> = {
  ...({ natPmp: "flag", pcp: "flag", igd: "number", permanentLeasesOnly: "flag", lies: "fields" } as const),
};
const LIES: Fields<LieOptions> = {
  ...({ deadMappings: "flag", forgetsEvery: "time", answersFromPort: "number" } as const),
  ...({ publicAddress: "text", forgetsAtReboot: "flag" } as const),
};
const WAY: Fields<WayOptions> = { between: "texts", latency: "time", lostPercent: "number", kilobits: "number" };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isListOf(type: string, value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === type);
}

function check(value: unknown, known: Readonly<Record<string, keyof typeof KINDS>>, place: string): void {
  if (!isObject(value)) throw new PlanError(place, "expected an object");
  for (const [name, field] of Object.entries(value)) {
    const at = place === "" ? name : `${place}.${name}`;
    if (!Object.hasOwn(known, name))
      throw new PlanError(at, `there is no such field; there are ${Object.keys(known).join(", ")}`);
    const { asks, fits } = KINDS[known[name]!];
    if (!fits(field)) throw new PlanError(at, `expected ${asks}`);
  }
}

/** What begins with { is no path, but such a text itself. */
export const isSitesText = (path: string): boolean => path.startsWith("{");

/** From a file's text. Throws a PlanError with `name:line:column: error:` before it. */
export const readSites = (path: string, bytes: Uint8Array): WorldOptions =>
  readPlaced(new TextDecoder().decode(bytes), path, worldOf);

function worldOf(found: unknown): WorldOptions {
  check(found, WORLD, "");
  const { sites, ways = [] } = found as Partial<WorldOptions>;
  if (sites === undefined || sites.length === 0) throw new PlanError("sites", "expected a list of sites");
  sites.forEach((site, index) => {
    const place = `sites[${index}]`;
    check(site, SITE, place);
    const { nodes, portMapping } = site;
    if (portMapping !== undefined) check(portMapping, PORT_MAPPING, `${place}.portMapping`);
    if (portMapping?.lies !== undefined) check(portMapping.lies, LIES, `${place}.portMapping.lies`);
    if (!Number.isInteger(nodes) || nodes < 0)
      throw new PlanError(`${place}.nodes`, "expected how many machines it has");
  });
  ways.forEach((way, index) => {
    check(way, WAY, `ways[${index}]`);
    if (way.between?.length !== 2) throw new PlanError(`ways[${index}].between`, "expected two names");
  });
  return found as WorldOptions;
}
