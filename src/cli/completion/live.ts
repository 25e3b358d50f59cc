/** What is there on this host, as completion asks: by reading folders, and asking nobody. */
import { openHostVolumes } from "../../host/volume-host.ts";
import { defaultPlace, openStore } from "../../host/volume-place.ts";
import { Home } from "../../vm/host/home.ts";
import type { Live } from "./answer.ts";

const OWN_CLUSTER = "main";
/** Of another kind than a folder: it may be far away. */
const FAR = /^(?:s3|role):/;

export function liveOf(env: Readonly<Record<string, string | undefined>>): Live {
  return {
    machines: (cluster, kind) =>
      Home.of(cluster ?? (env["QURE_CLUSTER"] || OWN_CLUSTER), env)
        .machines({ removed: kind === "removed" })
        .filter(({ isRemoved }) => isRemoved === (kind === "removed"))
        .map(({ key }) => key),
    clusters: () => Home.clusters(env),
    volumes: async (store) => {
      const place = store ?? defaultPlace(env);
      if (FAR.test(place)) return [];
      const opened = await openStore(place, env, { create: false });
      return (await openHostVolumes(opened, env).list()).map(({ name }) => name);
    },
  };
}
