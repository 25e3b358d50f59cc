/** Hosts that compile nothing - a page whose policy lacks `wasm-unsafe-eval` - interpret, to the same digest. */
import { expect, test, vi } from "vitest";
import { images } from "../../system/images.ts";

test("a host that refuses to compile says why, and the run is the same", async () => {
  const run = async (): Promise<{ digest: string; refusal: string | null; compiled: number }> => {
    vi.resetModules();
    const { LabCluster } = await import("../../../src/lab/lab.ts");
    const cache = await import("../../../emulator/jit/module-cache.ts");
    const { iso, firmware } = images();
    const lab = new LabCluster({ firmware, nodes: [{ cdrom: iso, ramBytes: 16 << 20 }], jit: "force" });
    await lab.advance("20ms");
    return { digest: lab.digest(), refusal: cache.compilationRefusal(), compiled: cache.moduleCounts.compiled };
  };
  const allowed = await run();
  expect(allowed.refusal).toBeNull();
  expect(allowed.compiled).toBeGreaterThan(0);
  const spy = vi.spyOn(WebAssembly, "Module").mockImplementation(function refuse() {
    throw new Error("refused by the page's policy");
  });
  try {
    expect(await run()).toEqual({ digest: allowed.digest, refusal: "refused by the page's policy", compiled: 0 });
  } finally {
    spy.mockRestore();
    // Workers stay from file to file: whoever comes next must not find modules that were refused.
    vi.resetModules();
  }
});
