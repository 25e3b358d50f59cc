/** A machine of VMware's as the template of one of ours. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigurationError, type Template } from "../../vm/configuration.ts";
import { parseVmdk } from "../../vm/vmdk.ts";
import { templateOfVmx } from "../../vm/vmx.ts";
import { withFile } from "../fail.ts";

/** Of a sparse disk the file itself is binary: its head is enough to see that. */
const textOf = (path: string): string => withFile(path, () => readFileSync(path, "latin1"));

/** Throws a ConfigurationError at the first thing that is wrong. */
export function readVmx(path: string): Template {
  const { template, disk } = templateOfVmx(
    path,
    withFile(path, () => readFileSync(path, "utf8")),
  );
  const beside = (file: string): string => resolve(dirname(path), file.replaceAll("\\", "/"));
  const cdrom = template.cdrom === null ? null : beside(template.cdrom);
  if (disk === null) return { ...template, cdrom };
  const vmdk = beside(disk.file);
  if (!existsSync(vmdk)) throw new ConfigurationError(disk.place, `${disk.file}: no such disk beside it`);
  const { extent } = parseVmdk(vmdk, textOf(vmdk));
  const image = resolve(dirname(vmdk), extent);
  if (!existsSync(image)) throw new ConfigurationError(vmdk, `${extent}: no such file beside it`);
  return { ...template, cdrom, disk: { size: "0M", content: `file:${image}` } };
}
