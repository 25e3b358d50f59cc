/** Runs a command of ours within the test, and gives back what it prints. */
export function captured(run: (args: readonly string[]) => void | Promise<void>, args: readonly string[]): string {
  const chunks: Buffer[] = [];
  const stdout = process.stdout.write.bind(process.stdout);
  const stderr = process.stderr.write.bind(process.stderr);
  process.stdout.write = ((chunk: string | Uint8Array) => (
    chunks.push(Buffer.from(chunk as Uint8Array)), true
  )) as typeof process.stdout.write;
  process.stderr.write = (() => true) as typeof process.stderr.write;
  try {
    void run(args);
  } finally {
    process.stdout.write = stdout;
    process.stderr.write = stderr;
  }
  return Buffer.concat(chunks).toString("latin1");
}
