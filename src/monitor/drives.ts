/** `info block` and `query-block`: what is in the drives. */
import type { DriveView } from "../../emulator/debug/drive-view.ts";
import type { Session } from "./session.ts";

interface Shown extends DriveView {
  readonly file: string;
}

function drives({ machine, node, control }: Session): Shown[] {
  return machine.drives.map((drive) => ({
    ...drive,
    file: control.mediumName(node, drive.name) ?? "(in memory)",
  }));
}

function describe({ name, file, place, medium, removable }: Shown): string {
  const { isOpen = false, isLocked = false } = removable ?? {};
  return [
    `${name}: ${medium ? `${file} (raw${medium.readOnly ? ", read-only" : ""})` : "[not inserted]"}\n`,
    `    Attached to:      ${place}\n`,
    removable ? `    Removable device: ${isLocked ? "" : "not "}locked, tray ${isOpen ? "open" : "closed"}\n` : "",
    medium ? "    Cache mode:       writeback\n" : "",
  ].join("");
}

export function describeDrives(session: Session): string {
  return drives(session).map(describe).join("\n");
}

export function queryDrives(session: Session): unknown {
  return drives(session).map(({ name, file, place, medium, removable }) => ({
    device: name,
    qdev: place,
    type: "unknown",
    locked: removable?.isLocked ?? false,
    removable: removable !== null,
    ...(removable ? { tray_open: removable.isOpen } : {}),
    "io-status": "ok",
    ...(medium
      ? {
          inserted: {
            file,
            drv: "raw",
            ro: medium.readOnly,
            encrypted: false,
            image: { filename: file, format: "raw", "virtual-size": medium.sizeBytes },
          },
        }
      : {}),
  }));
}
