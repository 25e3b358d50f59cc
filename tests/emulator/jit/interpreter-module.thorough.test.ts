/** The interpreter's module that comes with bundles, which hosts take in place of making one. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { encodeInterpreter, USUAL_SHAPE } from "../../../emulator/jit/threaded/module.ts";

const root = join(import.meta.dirname, "../../..");

test("bundles have the module that the source makes", () => {
  const script = pathToFileURL(join(root, "scripts/interpreter.mjs")).href;
  const printed = execFileSync(
    "node",
    [
      "--input-type=module",
      "-e",
      `import { interpreterDefine } from ${JSON.stringify(script)}; console.log(JSON.parse((await interpreterDefine()).QURE_INTERPRETER));`,
    ],
    { cwd: root, encoding: "latin1", maxBuffer: 4 << 20 },
  );
  expect(Buffer.from(printed.trim(), "base64").equals(encodeInterpreter(USUAL_SHAPE))).toBe(true);
});
