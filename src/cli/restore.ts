/** `qure restore`: parts of an archive back to where they came from, or elsewhere (docs/backup.md). */
import type { Command } from "commander";
import { partName, partsOf, withBackup } from "./backup/archives.ts";
import { targetOf } from "./backup/targets.ts";
import { type BackupVerb, baseOption, type Common, runBy } from "./backup/verb.ts";
import { UsageError } from "./fail.ts";
import { makeProgress } from "./progress.ts";
import { formatBytes } from "./volume/show.ts";

const LINE_MS = 10_000;

interface RestoreOptions extends Common {
  readonly stop?: boolean;
}

/** All is judged before the first of them is changed. */
const restore: BackupVerb["run"] = (
  context,
  [path, given],
  { base = [], part: wanted, stop = false }: RestoreOptions,
) =>
  withBackup(path!, base, async (backup) => {
    const parts = partsOf(backup, wanted);
    if (given !== undefined && parts.length > 1)
      throw new UsageError(`${given}: which part? --part names one of ${parts.map(partName).join(", ")}`);
    const progress = makeProgress(process.stderr, LINE_MS);
    try {
      const targets = parts.map((part) => {
        const step = (): void => progress.step(`restoring ${partName(part)}`);
        return targetOf({ context, backup, part, mayStop: stop, step }, given);
      });
      for (const target of targets) await target.check();
      await backup.verify((name) => progress.step(`${name}: judged`));
      const done: { readonly part: string; readonly target: string }[] = [];
      const lines: string[] = [];
      for (const [index, target] of targets.entries()) {
        try {
          await target.restore();
        } catch (error) {
          // Those before it are what was wanted, and that is to be known.
          for (const line of lines) process.stdout.write(`${line}\n`);
          throw error;
        }
        const part = parts[index]!;
        done.push({ part: partName(part), target: target.text });
        lines.push(`${target.text}: ${partName(part)}, ${formatBytes(part.sizeBytes)}`);
      }
      return { json: { file: path, restored: done }, text: lines.join("\n") };
    } finally {
      progress.done();
    }
  });

export function declare(command: Command): void {
  baseOption(
    command
      .argument("<file>", "an archive that qure backup wrote")
      .argument("[target]", "a node, a disk image or volume:NAME; where the part came from if absent"),
  )
    .option("--part <name>", "only this one")
    .option("--stop", "switch off a node that is on, once the archive is judged")
    .option("-c, --cluster <name>", "of which cluster (default: $QURE_CLUSTER, main)")
    .option("--store <place>", "where volumes are: a folder, s3://BUCKET/PREFIX or role:NAME")
    .addHelpText("after", "\nExample:\n  qure restore web.qbak web --stop\n");
  runBy(command, restore);
}
