/** Virtual times and sizes as people read them. */

/** `0:02.312` : minutes, seconds, milliseconds. */
export function clock(timeNs: number): string {
  const total = Math.floor(timeNs / 1e6);
  const [minutes, seconds, milliseconds] = [Math.floor(total / 60_000), Math.floor(total / 1000) % 60, total % 1000];
  return `${minutes}:${String(seconds).padStart(2, "0")}.${String(milliseconds).padStart(3, "0")}`;
}

/** To the microsecond. */
export function exactClock(timeNs: number): string {
  return `${clock(timeNs)} ${String(Math.floor(timeNs / 1000) % 1000).padStart(3, "0")}`;
}

export function bytesText(bytes: number): string {
  if (bytes >= 1 << 20) return `${(bytes / (1 << 20)).toFixed(bytes < 10 << 20 ? 1 : 0)} MB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} kB` : `${bytes} B`;
}

export function countText(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} billion`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} million` : String(count);
}
