/** DHCP (RFC 2131, RFC 2132) and DNS (RFC 1035), as far as a person reads them. */
import { get16, get32 } from "../../emulator/ether/packet.ts";
import type { Field, Layer } from "./layer.ts";

const DHCP_TYPES = ["", "discover", "offer", "request", "decline", "acknowledge", "refuse", "release", "inform"];
const DHCP_HEAD_BYTES = 240;
const DNS_HEAD_BYTES = 12;
const DNS_TYPES: Readonly<Record<number, string>> = {
  1: "A",
  2: "NS",
  5: "CNAME",
  12: "PTR",
  15: "MX",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
};
const OPTIONS: Readonly<Record<number, string>> = {
  1: "subnet mask",
  3: "router",
  6: "name server",
  12: "host name",
  50: "address wanted",
  51: "lease time",
  53: "message",
  54: "server",
};
const ADDRESS_OPTIONS = new Set([1, 3, 6, 50, 54]);

function address(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 4)).join(".");
}

function optionText(code: number, bytes: Uint8Array, at: number, length: number): string {
  if (ADDRESS_OPTIONS.has(code) && length >= 4) return address(bytes, at);
  if (code === 12) return String.fromCharCode(...bytes.subarray(at, at + length));
  if (code === 51 && length === 4) return `${get32(bytes, at) >>> 0} s`;
  return Array.from(bytes.subarray(at, at + length), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

export function decodeDhcp(bytes: Uint8Array, at: number): Layer {
  const title = "DHCP";
  if (bytes.length < at + DHCP_HEAD_BYTES) return { title, summary: "cut off", fields: [] };
  const fields: Field[] = [
    ["transaction", (get32(bytes, at + 4) >>> 0).toString(16), at + 4, 4],
    ["your address", address(bytes, at + 16), at + 16, 4],
  ];
  let message = "message";
  for (let next = at + DHCP_HEAD_BYTES; next + 1 < bytes.length && bytes[next] !== 255; ) {
    const code = bytes[next]!;
    if (code === 0) {
      next++;
      continue;
    }
    const length = bytes[next + 1]!;
    const text = code === 53 ? (DHCP_TYPES[bytes[next + 2]!] ?? "?") : optionText(code, bytes, next + 2, length);
    if (code === 53) message = text;
    fields.push([OPTIONS[code] ?? `option ${code}`, text, next, length + 2]);
    next += 2 + length;
  }
  const given = address(bytes, at + 16);
  return { title, summary: `${message}${given === "0.0.0.0" ? "" : ` ${given}`}`, fields };
}

/** A name, and where it ends. Pointers that go in circles end. */
function dnsName(bytes: Uint8Array, base: number, start: number): { text: string; end: number } {
  const labels: string[] = [];
  let end = -1;
  let at = start;
  for (let hops = 0; hops < 64 && at < bytes.length; hops++) {
    const length = bytes[at]!;
    if (length === 0) {
      if (end < 0) end = at + 1;
      break;
    }
    if (length >= 0xc0) {
      if (end < 0) end = Math.min(at + 2, bytes.length);
      at = base + (get16(bytes, at) & 0x3fff);
      continue;
    }
    labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return { text: labels.join(".") || ".", end: end < 0 ? bytes.length : end };
}

export function decodeDns(bytes: Uint8Array, at: number): Layer {
  const title = "DNS";
  if (bytes.length < at + DNS_HEAD_BYTES) return { title, summary: "cut off", fields: [] };
  const isAnswer = (bytes[at + 2]! & 0x80) !== 0;
  const [questions, answers] = [get16(bytes, at + 4), get16(bytes, at + 6)];
  const fields: Field[] = [
    ["identifier", String(get16(bytes, at)), at, 2],
    ["kind", isAnswer ? "answer" : "question", at + 2, 1],
    ["questions", String(questions), at + 4, 2],
    ["answers", String(answers), at + 6, 2],
  ];
  let summary = isAnswer ? "answer" : "question";
  if (questions > 0 || answers > 0) {
    const { text, end } = dnsName(bytes, at, at + DNS_HEAD_BYTES);
    const type = end + 2 <= bytes.length ? get16(bytes, end) : 0;
    fields.push(["name", text, at + DNS_HEAD_BYTES, end - at - DNS_HEAD_BYTES]);
    summary += ` ${text} ${DNS_TYPES[type] ?? ""}`.trimEnd();
  }
  return { title, summary, fields };
}
