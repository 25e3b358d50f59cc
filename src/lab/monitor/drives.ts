/** `info block` and `query-block`: what is in the drives. */
import type { DriveView } from "../../../emulator/debug/drive-view.ts";
import type { Session } from "./session.ts";

interface Shown extends DriveView {
  readonly file: string;
}

function drives({ machine, control }: Session): Shown[] {
  return machine.drives.map((drive) => ({
    ...drive,
    file: control.host.mediumName(drive.name) ?? "(in memory)",
  }));
}

export function describeDrives(session: Session): string {
  return drives(session)
    .map(({ name, file, place, readOnly, removable }) =>
      [
        `${name}: ${file} (raw${readOnly ? ", read-only" : ""})\n`,
        `    Attached to:      ${place}\n`,
        removable ? "    Removable device: not locked, tray closed\n" : "",
        "    Cache mode:       writeback\n",
      ].join(""),
    )
    .join("\n");
}

export function queryDrives(session: Session): unknown {
  return drives(session).map(({ name, file, place, readOnly, removable, sizeBytes }) => ({
    device: name,
    qdev: place,
    type: "unknown",
    locked: false,
    removable,
    ...(removable ? { tray_open: false } : {}),
    "io-status": "ok",
    inserted: {
      file,
      drv: "raw",
      ro: readOnly,
      encrypted: false,
      image: { filename: file, format: "raw", "virtual-size": sizeBytes },
    },
  }));
}
