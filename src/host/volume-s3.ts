/** Stores in S3 as this host opens them: keys from the environment, and a cache on its disk. */
import { nameOfPlace, parseS3Place, s3KeysOf } from "../volume/s3/place.ts";
import { openS3Store } from "../volume/s3/store.ts";
import type { Store } from "../volume/store.ts";
import { cacheFolderOf, probeMemory, withCache } from "./volume-cache.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Opens `s3://BUCKET/PREFIX?...`. Throws a RangeError for what is written wrong, and a `StoreError`. */
export async function openS3Place(
  text: string,
  env: Environment,
  onTrouble: (message: string) => void,
): Promise<Store> {
  const place = parseS3Place(text, env);
  const keys = s3KeysOf(env);
  const folder = cacheFolderOf(nameOfPlace(place), env);
  const host = {
    nowMs: () => Date.now(),
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    draw: () => Math.random(),
    fetch: (request: Request) => fetch(request),
  };
  const store = await openS3Store(place, keys, host, { memory: probeMemory(folder) });
  return withCache(store, folder, onTrouble);
}
