/** What a machine of a lab reads of its configuration: files of its firmware configuration device. */
import type { SettingFile } from "../../emulator/devices/fw-cfg.ts";
import { KEY_SETTING, keyOf } from "./cluster-key.ts";

const HOST_NAME_SETTING = "opt/qure/hostname";

export interface Settings {
  /** The name and key of the cluster that it belongs to (cluster-key.ts); an open cluster when absent. */
  readonly key?: string;
  /** What its system is to call it, unless somebody has named it there: at most 15 letters, digits, - and dots. */
  readonly hostName?: string;
}

export function settingFilesOf({ key, hostName }: Settings): { settings?: readonly SettingFile[] } {
  const settings = [
    ...(key !== undefined ? [{ name: KEY_SETTING, text: key }] : []),
    ...(hostName !== undefined ? [{ name: HOST_NAME_SETTING, text: hostName }] : []),
  ];
  return settings.length > 0 ? { settings } : {};
}

/** The options of a node that has these files. */
export function settingsOf(files: readonly SettingFile[] = []): Settings {
  const name = files.find((file) => file.name === HOST_NAME_SETTING);
  return { ...keyOf(files), ...(name ? { hostName: name.text } : {}) };
}
