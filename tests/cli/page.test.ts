/** What `qure page` serves: files of its folder, compressed once, and nothing else of this computer. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readIfPresent } from "../../src/host/files.ts";
import { serveFiles } from "../../src/host/static-server.ts";

/** The status of a path that is sent as it is written. */
function statusOf(port: number, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      const { statusCode, headers: got } = response;
      response.resume();
      response.on("end", () =>
        resolve(`${statusCode} ${got["content-type"] ?? "-"} ${got["content-encoding"] ?? "-"}`),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("files with their types, compressed where that helps, and nothing from outside of the folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qure-page-"));
  try {
    const page = join(folder, "page");
    mkdirSync(join(page, "inner"), { recursive: true });
    for (const name of ["index.html", "system.gz"]) writeFileSync(join(page, name), "some text");
    writeFileSync(join(folder, "secret"), "not for anyone");
    const server = await serveFiles((path) => readIfPresent(join(page, path)), 0);
    const { port } = server.address() as AddressInfo;
    const gzip = { "accept-encoding": "gzip" };
    const missing = "404 text/plain -";
    expect(await statusOf(port, "/")).toBe("200 text/html; charset=utf-8 -");
    expect(await statusOf(port, "/index.html?embed", gzip)).toBe("200 text/html; charset=utf-8 gzip");
    expect(await statusOf(port, "/system.gz", gzip)).toBe("200 application/octet-stream -");
    for (const path of ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/%00", "/%zz", "/none", "/inner", "//"])
      expect(await statusOf(port, path, gzip), path).toMatch(/^404 |^200 text\/html/);
    expect(await statusOf(port, "/..%2fsecret")).toBe(missing);
    expect(await statusOf(port, "/", {}, "POST")).toBe(missing);
    await new Promise((resolve) => server.close(resolve));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
