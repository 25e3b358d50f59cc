/**
 * Keeps the page's files, so that it opens without the network: at once what the machines need, and what only the
 * editor needs when the page says that it has time. A new version takes over when its files are all there.
 */
declare const PAGE_FILES: readonly string[];
declare const LATER_FILES: readonly string[];
declare const PAGE_HASH: string;

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  addEventListener(type: string, listener: (event: never) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}

const scope = self as unknown as Scope;
const cacheName = `qure-page-${PAGE_HASH}`;

async function keepAll(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(PAGE_FILES.filter((file) => file !== "service-worker.js"));
  await scope.skipWaiting();
}

async function dropOthers(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((other) => other.startsWith("qure-page-") && other !== cacheName).map((other) => caches.delete(other)),
  );
  await scope.clients.claim();
}

async function keepLater(): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const file of LATER_FILES) if (!(await cache.match(file))) await cache.add(file);
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && LATER_FILES.some((name) => new URL(request.url).pathname.endsWith(`/${name}`)))
    await cache.put(request, response.clone());
  return response;
}

scope.addEventListener("install", (event: ExtendableEvent) => event.waitUntil(keepAll()));
scope.addEventListener("activate", (event: ExtendableEvent) => event.waitUntil(dropOthers()));
// What cannot be fetched now is kept when it is used.
scope.addEventListener("message", (event: ExtendableEvent) => event.waitUntil(keepLater().catch(() => {})));
scope.addEventListener("fetch", (event: FetchEvent) => {
  if (event.request.method === "GET" && new URL(event.request.url).origin === location.origin)
    event.respondWith(answer(event.request));
});
