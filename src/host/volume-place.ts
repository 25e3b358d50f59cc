/**
 * Where volumes are, as people name it: a folder, `s3://BUCKET/PREFIX`, or `role:NAME` for what a role of the storage
 * serves. Without a name it is what the environment says, then what the configuration of the roles says, then a folder
 * of the user.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Store } from "../volume/store.ts";
import { openRolePlace, readStorage } from "./storage-role.ts";
import { openFolderStore } from "./volume-folder.ts";
import { openS3Place } from "./volume-s3.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface PlaceOptions {
  /** Makes a folder that somebody named and that is not there. The user's own one is made in any case. */
  readonly create?: boolean;
  /** Told what is no error and should be known: that there is no space for a cache. */
  onTrouble?(message: string): void;
}

const PLACES = "write a folder, s3://BUCKET/PREFIX or role:NAME";

/** The place that is meant when no option names one. Throws a `ConfigurationError`. */
export function defaultPlace(env: Environment): string {
  const given = env["QURE_STORE"] ?? "";
  if (given !== "") return given;
  const kinds = (readStorage(null, env)?.roles ?? []).map(({ kind }) => kind);
  if (kinds.includes("vlmc") || kinds.filter((kind) => kind === "mapper").length === 1) return "role:";
  return join(env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "qure", "volumes");
}

/** Opens the store at a place. Throws a RangeError for what is written wrong, and a `StoreError`. */
export async function openStore(
  place: string | null,
  env: Environment,
  { create = true, onTrouble = () => {} }: PlaceOptions = {},
): Promise<Store> {
  const named = place ?? defaultPlace(env);
  if (named.startsWith("s3:")) return openS3Place(named, env, onTrouble);
  if (named.startsWith("role:")) return openRolePlace(named, env);
  if (named === "" || /^[a-z0-9]+:\/\//i.test(named))
    throw new RangeError(`${JSON.stringify(named)} is no place of volumes: ${PLACES}`);
  const isNamed = place !== null || (env["QURE_STORE"] ?? "") !== "";
  return openFolderStore(named, { create: create || !isNamed });
}
