/**
 * `--debug-prefix-map`: what tables for debuggers call the folders of a build, so that they are the same wherever it
 * ran.
 */

/** Beginnings of folders and what stands in their place, in the order of the command line. */
export type FolderMap = readonly (readonly [before: string, after: string])[];

/** The last one that fits counts. As in GNU as, a beginning need not end where a folder's name does. */
export function mappedFolder(folder: string, map: FolderMap = []): string {
  const found = map.findLast(([before]) => folder.startsWith(before));
  return found === undefined ? folder : found[1] + folder.slice(found[0].length);
}
