/** Types of sources.mjs, which tests use too. */
export function sourcesHash(): string;
export function hashOf(places: readonly string[], isPart?: (path: string) => boolean): string;
