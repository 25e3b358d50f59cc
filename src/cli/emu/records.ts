/** What a run writes while it goes on, and at its end: captures, the consoles' logs, pictures of the screens. */
import { closeSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAside } from "../../host/files.ts";
import { makeFolder } from "../../host/folder.ts";
import { encodePng } from "../../host/png.ts";
import type { LabCluster } from "../../lab/lab.ts";

/** Opens a capture; the result appends to it. */
export function openCapture(path: string, closers: (() => void)[]): (bytes: Uint8Array) => void {
  makeFolder(dirname(path));
  const file = openSync(path, "w");
  closers.push(() => closeSync(file));
  return (bytes) => void writeSync(file, bytes);
}

/** Has every console written to NAME.log as it prints. */
export function openLogs(lab: LabCluster, folder: string, closers: (() => void)[]): void {
  makeFolder(folder);
  for (const node of lab.nodes) {
    const file = openSync(join(folder, `${node.name}.log`), "w");
    const silence = node.console.listen((bytes) => void writeSync(file, bytes));
    closers.push(() => {
      silence();
      closeSync(file);
    });
  }
}

export function writeScreenshots(lab: LabCluster, folder: string): void {
  for (const node of lab.nodes) {
    const { width, height, rgba } = node.screenshot();
    writeFileAside(join(folder, `${node.name}.png`), encodePng(width, height, rgba));
  }
}
