/** What kernels begin the line with that says why they have stopped: QuRe's, Linux's, the BSDs'. */
export const PANIC_LINE = /^(?:panic|PANIC|kernel panic).*/m;
