/**
 * The standard output and the standard error stream, opened when something is written: most calls of a tool write
 * nothing.
 */

/** As a program that SIGPIPE ended. */
const EXIT_NO_READER = 141;

/**
 * Ends the process when whoever reads a stream leaves (`qure nm ... | head`): nobody is left to tell, and nothing went
 * wrong. A disk that is full under a redirected output is told in a line.
 */
function watchReader(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT_NO_READER);
    if (stream !== process.stderr) process.stderr.write(`qure: error: standard output: ${error.message}\n`);
    process.exit(1);
  });
}

let output: NodeJS.WriteStream | null = null;
let errors: NodeJS.WriteStream | null = null;

export function standardOutput(): NodeJS.WriteStream {
  return (output ??= watchReader(process.stdout));
}

export function standardError(): NodeJS.WriteStream {
  return (errors ??= watchReader(process.stderr));
}
