/** `qure page`: the page in which a cluster runs in a browser, served on this computer or written to a folder. */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Command } from "commander";
import { writeFilesAside } from "../host/files.ts";
import { pageFiles, readPageFile } from "../host/page-files.ts";
import { serveFiles } from "../host/static-server.ts";
import { CommandError } from "./fail.ts";
import {
  declareOptions,
  flag,
  type OptionValues,
  optional,
  readOptions,
  text,
  wholeNumber,
  withDefault,
} from "./option-table.ts";

const PAGE = "Page";
const LAST_PORT = 65535;

const PAGE_OPTIONS = {
  port: withDefault({
    flags: "--port <n>",
    help: "serve it at this TCP port of this computer; 0: any free one",
    group: PAGE,
    parse: wholeNumber(0, LAST_PORT),
    default: "8086",
  }),
  isolate: flag({
    flags: "--no-isolate",
    help: "serve it as most static hosts do, without the headers that let its threads share memory: one worker",
    group: PAGE,
  }),
  out: optional({
    flags: "--out <dir>",
    help: "write it to this folder instead, for any static host",
    group: PAGE,
    parse: text,
    conflicts: ["port"],
  }),
};

export function declare(command: Command): void {
  declareOptions(command, PAGE_OPTIONS).action((found: Record<string, unknown>) =>
    runPage(readOptions(PAGE_OPTIONS, found)),
  );
}

async function runPage({ port, isolate, out }: OptionValues<typeof PAGE_OPTIONS>): Promise<void> {
  const files = pageFiles();
  if (!files.includes("index.html"))
    throw new CommandError("the page is not built: `npm run page` in QuRe's sources does that");
  if (out !== null) {
    writeFilesAside(files.map((name) => ({ path: join(out, name), content: readPageFile(name)! })));
    process.stdout.write(`${join(out, "index.html")}\n`);
    return;
  }
  try {
    const server = await serveFiles(readPageFile, port, { isolate });
    process.stdout.write(`http://localhost:${(server.address() as AddressInfo).port}/\n`);
    const stop = (): void => void server.close().closeAllConnections();
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    await new Promise((resolve) => server.once("close", resolve));
  } catch (error) {
    throw new CommandError(`--port ${port}: ${(error as Error).message}`);
  }
}
