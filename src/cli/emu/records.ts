/** What a run writes while it goes on, and at its end: captures, the consoles' logs, pictures of the screens. */
import { join } from "node:path";
import { writeFileAside } from "../../host/files.ts";
import { encodePng } from "../../host/png.ts";
import { RecordFile } from "../../host/record-file.ts";
import type { LabCluster } from "../../lab/lab.ts";

/** Opens a capture; the result appends to it. */
export function openCapture(path: string, closers: (() => void)[]): (bytes: Uint8Array) => void {
  const file = new RecordFile(path);
  closers.push(() => file.close());
  return (bytes) => file.append(bytes);
}

/** Has every console written to NAME.log as it prints. */
export function openLogs(lab: LabCluster, folder: string, closers: (() => void)[]): void {
  for (const node of lab.nodes) {
    const file = new RecordFile(join(folder, `${node.name}.log`));
    const silence = node.console.listen((bytes) => file.append(bytes));
    closers.push(() => {
      silence();
      file.close();
    });
  }
}

export function writeScreenshots(lab: LabCluster, folder: string): void {
  for (const node of lab.nodes) {
    const { width, height, rgba } = node.screenshot();
    writeFileAside(join(folder, `${node.name}.png`), encodePng(width, height, rgba));
  }
}
