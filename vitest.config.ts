import { defineConfig } from "vitest/config";
import Order from "./tests/setup/order.ts";
import { leftOut } from "./tests/setup/tier.ts";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: [...leftOut],
    globalSetup: ["tests/setup/global.ts"],
    setupFiles: ["tests/setup/costs.ts", "tests/setup/memories.ts", "tests/setup/interpreter.ts"],
    reporters: ["default", "./tests/setup/reporter.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Half a minute of processor time less: machines are made and dropped all the time, so much of it is garbage that a
    // larger nursery never looks at, and threads that collect beside the two workers only take their cores.
    execArgv: ["--single-threaded-gc", "--max-semi-space-size=32", "--min-semi-space-size=32"],
    // Two cores: more workers only make each other slower.
    maxWorkers: 2,
    // A worker keeps what it has loaded and what V8 has compiled of it from one file to the next. So a test file that
    // changes something global puts it back.
    isolate: false,
    sequence: { sequencer: Order },
    // What esbuild makes of each module is kept from one run to the next.
    experimental: { fsModuleCache: true },
  },
});
