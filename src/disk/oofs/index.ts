/** OOFS: volumes read and written as docs/formats/oofs.md says. */

export { type BlockDevice, DevicePart } from "../device.ts";
export { FileSystemError, type FileSystemErrorCode } from "../error.ts";
export { type CheckReport, check, type Problem } from "./check.ts";
export { FileSystem, type Listed, type SnapshotStatus, type Status } from "./file-system.ts";
export { format } from "./format.ts";
export type { Time } from "./layout.ts";
export { type MountOptions, mount } from "./mount.ts";
