/** Where volumes are, as people name it; and roles as processes' sockets, in this process. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { askRole, endRole, readStorage, serveRole } from "../../src/host/storage-role.ts";
import { defaultPlace, openStore } from "../../src/host/volume-place.ts";
import { S3Stub } from "./s3-stub.ts";

let folder: string;
let env: Record<string, string>;
beforeEach(() => {
  // Sockets have short names.
  folder = mkdtempSync("/tmp/qp-");
  mkdirSync(join(folder, "run"));
  const config = join(folder, "storage.conf");
  env = {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_RUNTIME_DIR: join(folder, "run"),
    QURE_STORAGE_CONFIG: config,
  };
  return () => rmSync(folder, { recursive: true, force: true });
});

const configure = (text: string): void => writeFileSync(env["QURE_STORAGE_CONFIG"]!, text);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FOUR = `
roles = [('b', 'blocker'), ('m', 'blocker'), ('mapperd', 'mapper'), ('vlmcd', 'vlmc')]
b = { 'portno_start': 0, 'portno_end': 1, 'archip_dir': 'data' }
m = { 'portno': 2, 'archip_dir': 'maps' }
mapperd = { 'portno': 3, 'blockerb_port': 1, 'blockerm_port': 2 }
vlmcd = { 'blocker_port': 0, 'mapper_port': 3 }
`;

test("without a name it is the environment's, the configuration's, or the user's folder", async () => {
  delete env["QURE_STORAGE_CONFIG"];
  expect(defaultPlace(env)).toBe(join(folder, "qure", "volumes"));
  expect((await openStore(null, env, { create: false })).place).toBe(`folder ${join(folder, "qure", "volumes")}`);
  env["QURE_STORAGE_CONFIG"] = join(folder, "storage.conf");
  configure(FOUR);
  expect(defaultPlace(env)).toBe("role:");
  env["QURE_STORE"] = join(folder, "mine");
  expect((await openStore(null, env)).place).toBe(`folder ${join(folder, "mine")}`);
  await expect(openStore("s3://", env)).rejects.toThrow(/write s3:\/\/BUCKET/);
  await expect(openStore("http://bucket", env)).rejects.toThrow(/^"http:\/\/bucket" is no place of volumes: write/);
  await expect(openStore("", env)).rejects.toThrow(/^"" is no place of volumes/);
  await expect(openStore(null, { ...env, QURE_STORE: join(folder, "no") }, { create: false })).rejects.toThrow(
    /there is no folder .* with volumes: "qure volume create" makes it/,
  );
  await expect(openStore("s3://bucket", env)).rejects.toThrow(/AWS_ACCESS_KEY_ID/);
  delete env["QURE_STORE"];
  await expect(openStore("role:b", env)).rejects.toThrow(
    /^role b does not answer: it does not run \("qure storage start" starts it\), after \d s$/,
  );
  await expect(openStore("role:nobody", env)).rejects.toThrow(/storage\.conf has no role nobody/);
});

test("a bucket is opened by the environment's keys, through a cache", async () => {
  const stub = await S3Stub.start();
  Object.assign(env, {
    AWS_ACCESS_KEY_ID: "KEY",
    AWS_SECRET_ACCESS_KEY: "S",
    AWS_ENDPOINT_URL: stub.endpoint,
    XDG_CACHE_HOME: folder,
  });
  const store = await openStore("s3://bucket/disks", env);
  await store.write("map/a", 0, bytes("page"), { isDurable: true });
  expect([...stub.objects.keys()]).toEqual(["disks/map/a"]);
  expect((await (await openStore("s3://bucket/disks", env)).read("map/a"))!.bytes).toEqual(bytes("page"));
  await stub.close();
});

test("roles serve one another and whoever asks, know that they run, and end when they are told", async () => {
  configure(FOUR);
  const storage = readStorage(null, env)!;
  const roles = storage.roles.filter(({ kind }) => kind !== "vlmc");
  expect(await askRole(storage, roles[0]!, 1000)).toBe(null);
  const serving: Promise<void>[] = [];
  for (const role of roles) {
    serving.push(serveRole(storage, role, env));
    while ((await askRole(storage, role, 10_000)) === null) await new Promise(setImmediate);
  }
  await expect(serveRole(storage, roles[0]!, env)).rejects.toThrow(/^b runs already: .*port-0 answers$/);
  const store = await openStore("role:", env);
  await store.write("object/a/1/0", 0, bytes("data"), { isDurable: true });
  expect((await store.swap("head/a", bytes("head"), null)).outcome).toBe("done");
  expect(await (await openStore("role:b", env)).list("")).toEqual(["object/a/1/0"]);
  expect(await (await openStore("role:mapperd", env)).list("")).toEqual(["head/a", "object/a/1/0"]);
  expect(await (await openStore(join(folder, "maps"), env)).list("")).toEqual(["head/a"]);
  expect(await askRole(storage, roles[2]!, 10_000)).toMatchObject({ name: "mapperd", readOnly: null });
  for (const role of [...roles].reverse()) expect(await endRole(storage, role, 10_000)).toBe(true);
  await Promise.all(serving);
  expect(await endRole(storage, roles[0]!, 1000)).toBe(false);
});

/** A socket at which nobody answers. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((heard) => server.listen(`${path}.first`, heard));
  linkSync(`${path}.first`, path);
  await new Promise((ended) => server.close(ended));
}

test("a socket that a process left when it was killed is taken over, and a folder that others may enter is refused", async () => {
  configure(FOUR);
  const storage = readStorage(null, env)!;
  const [role] = storage.roles;
  mkdirSync(storage.runFolder, { mode: 0o755 });
  await expect(serveRole(storage, role!, env)).rejects.toThrow(/is not a folder that its owner alone may enter/);
  rmSync(storage.runFolder, { recursive: true });
  mkdirSync(storage.runFolder, { mode: 0o700 });
  await leaveSocket(join(storage.runFolder, "port-0"));
  const serving = serveRole(storage, role!, env);
  while ((await askRole(storage, role!, 10_000).catch(() => null)) === null) await new Promise(setImmediate);
  await endRole(storage, role!, 10_000);
  await serving;
});
