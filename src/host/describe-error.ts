/** Errors of the host in words: a missing file, a full disk, a port that is taken. */

const HOST_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a folder",
  ENOSPC: "no space left on the disk",
  EDQUOT: "no space left for this user",
  EROFS: "the file system is read-only",
  ENOTDIR: "not a folder",
  EEXIST: "exists, and is not a folder",
  EMFILE: "too many open files",
  ELOOP: "links that lead in a circle",
  EADDRINUSE: "in use already",
  EADDRNOTAVAIL: "no address of this machine",
  ECONNREFUSED: "nobody listens there",
};

/** What an error of the host is about: a file, or an address with its port; a Unix socket is an address, too. */
function placeOf(error: NodeJS.ErrnoException & { address?: string; port?: number }): string | undefined {
  const { path, address, port } = error;
  return path ?? (address !== undefined && port !== undefined && port >= 0 ? `${address}:${port}` : address);
}

/** Errors of the host (a missing file, a full disk, a port that is taken) in words, with the file or the port. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : HOST_ERRORS[code];
  if (known === undefined) return error.message;
  const place = placeOf(error);
  return place === undefined ? known : `${place}: ${known}`;
}
