/**
 * The results of a campaign on disk: `results.jsonl`, a line for each run, grows while it goes on, so that what was
 * interrupted is continued by the same command. `campaign.json` says of what image and options they are.
 */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CampaignOptions, SeedResult } from "../../chaos/campaign.ts";
import type { StageSetup } from "../../chaos/setup.ts";
import { writeFileAside } from "../../host/files.ts";
import { makeFolder } from "../../host/folder.ts";
import { CommandError } from "../fail.ts";

export class Results {
  readonly #folder: string | null;
  readonly #path: string | null;
  readonly #results = new Map<number, SeedResult>();

  /** Throws a CommandError for a folder that holds another campaign, unless it may be forgotten. */
  constructor(folder: string | null, setup: StageSetup, options: CampaignOptions, fresh: boolean) {
    this.#folder = folder;
    this.#path = folder && join(folder, "results.jsonl");
    if (folder === null) return;
    makeFolder(folder);
    const about = join(folder, "campaign.json");
    const snapshot = createHash("sha256").update(setup.snapshot).digest("hex").slice(0, 16);
    // The snapshot of machines at sites is an ISO, which does not say how many boot it.
    const atSites = setup.sites ? { nodesAtSite: setup.sites.nodes } : {};
    const text = `${JSON.stringify({ version: 1, snapshot, ...atSites, ...options }, null, 1)}\n`;
    const isSame = existsSync(about) && readFileSync(about, "utf8") === text;
    if (existsSync(about) && !isSame && !fresh)
      throw new CommandError(
        `${folder} holds another campaign, of another image or other options; --fresh forgets it, --out names another folder`,
      );
    if (!isSame || fresh) rmSync(this.#path!, { force: true });
    writeFileSync(about, text);
    this.#read();
  }

  #read(): void {
    if (!existsSync(this.#path!)) return;
    for (const line of readFileSync(this.#path!, "utf8").split("\n")) {
      if (line === "") continue;
      try {
        const result = JSON.parse(line) as SeedResult;
        this.#results.set(result.seed, result);
      } catch {
        // The line that was being written when the campaign was interrupted: the run is done again.
      }
    }
  }

  /** Writes what is to be read beside the results. */
  write(name: string, text: string): void {
    if (this.#folder !== null) writeFileAside(join(this.#folder, name), new TextEncoder().encode(text));
  }

  has(seed: number): boolean {
    return this.#results.has(seed);
  }

  add(result: SeedResult): void {
    this.#results.set(result.seed, result);
    if (this.#path !== null) appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }

  /** In the order of the seeds, those from one to another. */
  between(first: number, last: number): SeedResult[] {
    return [...this.#results.values()]
      .filter(({ seed }) => seed >= first && seed <= last)
      .sort((a, b) => a.seed - b.seed);
  }
}
