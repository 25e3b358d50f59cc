import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Two cores: more workers only make each other slower.
    maxWorkers: 2,
  },
});
