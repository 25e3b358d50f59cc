/** The service worker, which keeps the page's files: ../service-worker.ts. */

/** The machines have the network and the processors first. */
const REST_MS = 8000;

/** Pages from a file have no service worker, and need none. */
function serviceWorker(): ServiceWorkerContainer | null {
  return location.protocol.startsWith("http") ? (navigator.serviceWorker ?? null) : null;
}

export function keepPage(): void {
  void serviceWorker()
    ?.register("service-worker.js")
    .catch(() => {});
}

/** Has it keep what only the editor needs, too, so that the editor opens without the network. */
export function keepEditor(): () => void {
  const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean } };
  const timer = setTimeout(() => {
    // Somebody who saves data gets it when the editor is opened.
    if (connection?.saveData) return;
    void serviceWorker()?.ready.then(({ active }) => active?.postMessage("keep the editor"));
  }, REST_MS);
  return () => clearTimeout(timer);
}
