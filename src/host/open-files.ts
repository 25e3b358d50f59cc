/** Which processes have a file open for writing. Linux says it (proc(5)) of the processes of this user. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const ACCESS_MODE = 3;

export function writersOf(path: string): number[] {
  const wanted = statSync(path, { throwIfNoEntry: false });
  if (!wanted || process.platform !== "linux") return [];
  const isWriting = (pid: string, file: string): boolean => {
    try {
      const { dev, ino } = statSync(join("/proc", pid, "fd", file));
      if (dev !== wanted.dev || ino !== wanted.ino) return false;
      const [, flags = "0"] =
        /^flags:\s*([0-7]+)/m.exec(readFileSync(join("/proc", pid, "fdinfo", file), "utf8")) ?? [];
      return (Number.parseInt(flags, 8) & ACCESS_MODE) !== 0;
    } catch {
      // It was closed meanwhile, or it is another user's.
      return false;
    }
  };
  return namesIn("/proc")
    .filter((pid) => /^\d+$/.test(pid) && namesIn(join("/proc", pid, "fd")).some((file) => isWriting(pid, file)))
    .map(Number);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
