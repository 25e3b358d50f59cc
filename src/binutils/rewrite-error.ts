/** A copy that cannot be made as it was asked for: what objcopy says of it. */
export class RewriteError extends Error {}
