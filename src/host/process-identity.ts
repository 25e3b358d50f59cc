/**
 * Which process something is of. A number alone says little: it is used again by another process, and after a reboot by
 * any. With the boot of the host and the moment at which the process began it is believed.
 */
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Of the host's boot; empty where the host does not say. */
  readonly boot: string;
  /** When it began, as the host counts; empty where it does not say. */
  readonly started: string;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

const bootOf = (): string => read("/proc/sys/kernel/random/boot_id");

/** The fields of `/proc/PID/stat` from the third on (proc(5)): the second may have blanks and parentheses in it. */
export function statOf(pid: number): readonly string[] {
  const text = read(`/proc/${pid}/stat`);
  return text === "" ? [] : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/**
 * The 22nd field of `/proc/PID/stat` (proc(5)); the second may have blanks and parentheses in it. A process that is
 * dead and was not waited for has its number still, and holds nothing: it began at no time.
 */
const startOf = (pid: number): string => {
  const fields = statOf(pid);
  return /^[ZXx]/.test(fields[0] ?? "") ? "never" : (fields[19] ?? "");
};

export const thisProcess = (): ProcessIdentity => ({ pid: process.pid, boot: bootOf(), started: startOf(process.pid) });

/** Whether that very process lives. Where the host does not say when one began, any process of the number counts. */
export function lives({ pid, boot, started }: ProcessIdentity): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || boot !== bootOf()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return started === "" || startOf(pid) === started;
}

/** Of what stands in a file; null: nothing that says who. */
export function parseIdentity(text: string): ProcessIdentity | null {
  try {
    const { pid, boot, started } = JSON.parse(text) as Partial<ProcessIdentity>;
    const isWhole = typeof pid === "number" && typeof boot === "string" && typeof started === "string";
    return isWhole ? { pid, boot, started } : null;
  } catch {
    return null;
  }
}

/** Whether a process has this number, whichever it is. */
export function isAlive(id: number): boolean {
  if (!Number.isInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
