/** Types of aside.mjs, for tests. */
export function licencesOf(
  metafiles: readonly { readonly inputs: Readonly<Record<string, object>> }[],
): Promise<string>;
export function putInPlace(made: string, place: string, old: string): void;
export function writeStamp(folder: string, name: string, sources: string): void;
export function isCurrent(folder: string, name: string, sources: string): boolean;
