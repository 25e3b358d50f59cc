/** Volumes that are there while a backup is made or restored; those of processes that are dead are taken away. */
import { randomBytes } from "node:crypto";
import { isAlive } from "../../host/process-identity.ts";
import type { Volumes } from "../../volume/model.ts";

const NAME = /^(?:backup|restore)-(\d+)-[0-9a-f]{8}$/;

export const passingName = (what: "backup" | "restore"): string =>
  `${what}-${process.pid}-${randomBytes(4).toString("hex")}`;

/** What cannot be removed now is removed the next time. */
export async function removeLeft(volumes: Volumes): Promise<void> {
  for (const { name } of await volumes.list()) {
    const [, pid] = NAME.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) await volumes.remove(name).catch(() => {});
  }
}
