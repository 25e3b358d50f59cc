/** `wget`, a program that fetches pages: byte by byte, to output, and what it says when there is none. */
import { expect, test } from "vitest";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

const SERVING = [
  "set http.root /a",
  "echo begin > /a/page",
  "truncate /a/page 9000",
  "echo end >> /a/page",
  "echo some text > /a/text",
];

/** Line, what it prints. */
const LINES: readonly (readonly [line: string, printed: string])[] = [
  ["wget http://127.0.0.1/page > /a/fetched", "\nwget: 9004 bytes\n"],
  ["wget -q 127.0.0.1:80/page; echo $?", "wget: 9004 bytes\n0\n"],
  ["wget http://127.0.0.1/text", "some text\n\nwget: 10 bytes\n"],
  [
    "wget http://127.0.0.1/none > /a/got; echo $?; wc /a/got",
    "wget: HTTP/1.1 404 Not Found\n1\n      0       0       0 /a/got\n",
  ],
  ["wget http://127.0.0.1:81/; echo $?", "127.0.0.1: connection refused\n1\n"],
  ["wget; wget -x 127.0.0.1", "usage: wget [-q] URL\n".repeat(2)],
  ["wget http://:80/; wget http:///page; echo $?", "wget: the URL names no host\n".repeat(2).concat("1\n")],
  [
    "wget 1.2.3.4:99999/; wget 1.2.3.4:/; wget 1.2.3.4:8x/; wget 1.2.3.4:0",
    "wget: a port is a number from 1 to 65535\n".repeat(4),
  ],
  ["wget https://1.2.3.4/; wget ftp://1.2.3.4/", "wget: only http:// is known here\n".repeat(2)],
  ["wget '127.0.0.1/a b'", "wget: a URL has no blanks; %20 stands for one\n"],
  ["wget HTTP://127.0.0.1/text#part", "some text\n\nwget: 10 bytes\n"],
  ["wget -q '127.0.0.1?IP'", "wget: 10 bytes\n"],
];

test("wget fetches pages byte by byte, and says why there is none", async () => {
  const node = (await nodeWithVolume(SERVING)).nodes[0]!;
  for (const [line, printed] of LINES) expect(await output(node, line), line).toBe(printed);
  expect(await output(node, "hexdump /a/fetched")).toBe(await output(node, "hexdump /a/page"));
});
