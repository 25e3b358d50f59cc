/** What is there on this host, as completion asks: by reading folders, and asking nobody. */
import { openHostVolumes } from "../../host/volume-host.ts";
import { defaultPlace, openStore } from "../../host/volume-place.ts";
import { Home, snapshotPrefix, volumeOf } from "../../vm/host/home.ts";
import type { Live } from "./answer.ts";

const OWN_CLUSTER = "main";
/** Of another kind than a folder: it may be far away. */
const FAR = /^(?:s3|role):/;

export function liveOf(env: Readonly<Record<string, string | undefined>>): Live {
  const homeOf = (cluster: string | null): Home => Home.of(cluster ?? (env["QURE_CLUSTER"] || OWN_CLUSTER), env);
  const volumes = async (store: string | null): Promise<readonly string[]> => {
    const place = store ?? defaultPlace(env);
    if (FAR.test(place)) return [];
    const opened = await openStore(place, env, { create: false });
    return (await openHostVolumes(opened, env).list()).map(({ name }) => name);
  };
  return {
    machines: (cluster, kind) =>
      homeOf(cluster)
        .machines({ removed: kind === "removed" })
        .filter(({ isRemoved }) => isRemoved === (kind === "removed"))
        .map(({ key }) => key),
    clusters: () => Home.clusters(env),
    volumes,
    snapshots: async (cluster, machine) => {
      const volume = volumeOf(homeOf(cluster).find(machine).configuration);
      if (volume === null) return [];
      const prefix = snapshotPrefix(volume);
      return (await volumes(null)).filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    },
  };
}
