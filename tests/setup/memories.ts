/**
 * In the fast tier, machines of one test have the memories that those of the tests before had. In the thorough one
 * some machines serve one test after the other, as a person's would.
 */
import { afterAll, afterEach, beforeEach } from "vitest";
import { endFile, endTest, keepForFile, poolMemories } from "./memory-pool.ts";
import { isThorough } from "./tier.ts";

if (!isThorough) {
  poolMemories();
  // What was made before the first test, or by a file's hooks, may serve all of its tests.
  beforeEach(() => keepForFile());
  afterEach(endTest);
  afterAll(endFile);
}
