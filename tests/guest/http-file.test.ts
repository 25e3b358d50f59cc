/** Files by HTTP: whole ones, parts, what has not changed, and paths that lead elsewhere. */
import { expect, test } from "vitest";
import { get16, get32 } from "../../emulator/ether/packet.ts";
import { shared } from "../setup/shared.ts";
import { inState, PROMPT } from "../system/images.ts";
import { nodeWithVolume } from "../system/volume.ts";
import { http, httpSegments } from "./http-wire.ts";
import { PacketScene, tcp } from "./packet-wire.ts";

const TEXT = "0123456789abcdefghij";

const unserved = shared(async () => {
  const files = ["/a/secret", "/a/www/.hidden", "/a/www/index.html", "/a/www/a.txt", "/a/www/x.bin"];
  const lines = [
    "mkdir /a/www",
    ...files.map((path) => `echo '${TEXT}' > ${path}`),
    ...Array<string>(9).fill("cat /a/www/a.txt /a/www/x.bin >> /a/www/long.css"),
  ];
  const lab = await inState("serves files", () => nodeWithVolume(lines));
  return new PacketScene(lab);
});
const scene = shared(async () => {
  const s = await unserved();
  await s.node.enter("set http.root /a/www", PROMPT);
  return s;
});

interface Answer {
  readonly status: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

async function get(path: string, fields = "", method = "GET", of = scene): Promise<Answer> {
  const s = await of();
  const text = await http(s, `${method} ${path} HTTP/1.1\r\nHost: node\r\n${fields}\r\n`);
  const end = text.indexOf("\r\n\r\n");
  const [status = "", ...rows] = text.slice(0, end).split("\r\n");
  const pairs = rows.map((row) => row.split(": ") as [string, string]);
  return { status: status.slice(9), fields: new Map(pairs), body: text.slice(end + 4) };
}

test("without a root there are no files", async () => {
  expect((await get("/a.txt", "", "GET", unserved)).status).toBe("404 Not Found");
  expect((await get("/status")).body).toMatch(/^name /);
});

test("a file has its length, its kind and a tag", async () => {
  const { status, fields, body } = await get("/a.txt");
  expect(status).toBe("200 OK");
  expect(body).toBe(`${TEXT}\n`);
  expect(fields.get("Content-Length")).toBe("21");
  expect(fields.get("Content-Type")).toBe("text/plain; charset=utf-8");
  expect(fields.get("Accept-Ranges")).toBe("bytes");
  expect(fields.get("ETag")).toMatch(/^"[0-9a-f]+-15"$/);
  expect((await get("/x.bin")).fields.get("Content-Type")).toBe("application/octet-stream");
  expect((await get("/long.css")).body).toBe(`${TEXT}\n${TEXT}\n`.repeat(9));
  expect((await get("/index.html?x=1")).status).toBe("200 OK");
  expect((await get("/%61.txt")).body).toBe(`${TEXT}\n`);
  const head = await get("/a.txt", "", "HEAD");
  expect([head.status, head.body, head.fields.get("Content-Length")]).toEqual(["200 OK", "", "21"]);
});

test("what is no request, and a method that nobody serves", async () => {
  const refused = await get("/a.txt", "", "POST");
  expect([refused.status, refused.fields.get("Allow")]).toEqual(["405 Method Not Allowed", "GET, HEAD"]);
  expect(refused.body).toBe("405 Method Not Allowed\n");
  const s = await scene();
  expect(await http(s, "\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(await http(s, "\r\nGET /a.txt HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test("head and file leave together, so that nothing waits for a delayed acknowledgement", async () => {
  expect(await httpSegments(await scene(), "GET /a.txt HTTP/1.1\r\nHost: node\r\n\r\n")).toEqual([
    expect.stringContaining(TEXT),
  ]);
});

test.each([
  ["bytes=0-0", "206 Partial Content", "0", "bytes 0-0/21"],
  ["bytes=5-9", "206 Partial Content", "56789", "bytes 5-9/21"],
  ["bytes=18-", "206 Partial Content", "ij\n", "bytes 18-20/21"],
  ["bytes=18-999", "206 Partial Content", "ij\n", "bytes 18-20/21"],
  ["bytes=-3", "206 Partial Content", "ij\n", "bytes 18-20/21"],
  ["bytes=-999", "206 Partial Content", `${TEXT}\n`, "bytes 0-20/21"],
  ["bytes=21-", "416 Range Not Satisfiable", "", "bytes */21"],
  ["bytes=-0", "416 Range Not Satisfiable", "", "bytes */21"],
  ["bytes=9-5", "200 OK", `${TEXT}\n`, undefined],
  ["bytes=x-", "200 OK", `${TEXT}\n`, undefined],
  ["rows=1-2", "200 OK", `${TEXT}\n`, undefined],
  ["bytes=0-1,4-5", "200 OK", `${TEXT}\n`, undefined],
  ["bytes=18-,0-1", "200 OK", `${TEXT}\n`, undefined],
  ["bytes=-3,0-1", "200 OK", `${TEXT}\n`, undefined],
  ["bytes=0-1x", "200 OK", `${TEXT}\n`, undefined],
  ["bytes=0x1-0x2", "200 OK", `${TEXT}\n`, undefined],
  ["Bytes=0-0 ", "206 Partial Content", "0", "bytes 0-0/21"],
  ["bytes=18-99999999999", "206 Partial Content", "ij\n", "bytes 18-20/21"],
  ["bytes=99999999999-", "416 Range Not Satisfiable", "", "bytes */21"],
  ["bytes=-99999999999", "206 Partial Content", `${TEXT}\n`, "bytes 0-20/21"],
])("Range: %s", async (range, status, body, told) => {
  const answer = await get("/a.txt", `RANGE: ${range}\r\n`);
  expect([answer.status, answer.body, answer.fields.get("Content-Range")]).toEqual([status, body, told]);
});

test("a range is for GET only, and If-Match is for the file that it names", async () => {
  const head = await get("/a.txt", "Range: bytes=0-1\r\n", "HEAD");
  expect([head.status, head.fields.get("Content-Length")]).toEqual(["200 OK", "21"]);
  const tag = (await get("/a.txt")).fields.get("ETag")!;
  expect((await get("/a.txt", `If-Match: "x", ${tag}\r\n`)).status).toBe("200 OK");
  expect((await get("/a.txt", "If-Match: *\r\n")).status).toBe("200 OK");
  const other = await get("/a.txt", 'If-Match: "x"\r\n');
  expect([other.status, other.body]).toEqual(["412 Precondition Failed", ""]);
  // A weak tag says that the file is the same in meaning: enough for who has it, too little for who has a part.
  expect((await get("/a.txt", `If-Match: W/${tag}\r\n`)).status).toBe("412 Precondition Failed");
  expect((await get("/a.txt", `If-Match: W/${tag}, ${tag}\r\n`)).status).toBe("200 OK");
  expect((await get("/a.txt", `If-None-Match: W/${tag}\r\n`)).status).toBe("304 Not Modified");
  expect((await get("/a.txt", `If-Range: W/${tag}\r\nRange: bytes=0-1\r\n`)).status).toBe("200 OK");
  expect((await get("/a.txt", `If-Range: ${tag}\r\nRange: bytes=0-1\r\n`)).status).toBe("206 Partial Content");
});

const HOST = "Host: node\r\n";
test.each([
  ["no host", "GET /a.txt HTTP/1.1\r\n\r\n", ["400"]],
  ["two hosts", `GET /a.txt HTTP/1.1\r\n${HOST}${HOST}\r\n`, ["400"]],
  ["a blank behind a field's name", "GET /a.txt HTTP/1.1\r\nHost : node\r\n\r\n", ["400"]],
  ["no host in HTTP/1.0", "GET /a.txt HTTP/1.0\r\n\r\n", ["200 close"]],
  ["a later version", `GET /a.txt HTTP/1.2\r\n${HOST}\r\n`, ["200 keep-alive"]],
  ["another protocol", `GET /a.txt HTTP/2.0\r\n${HOST}\r\n`, ["505"]],
  [
    "a wish in a second field",
    `GET /a.txt HTTP/1.1\r\n${HOST}Connection: x\r\nConnection: close\r\n\r\n`,
    ["200 close"],
  ],
  ["a whole URI", `GET HTTP://node/a.txt HTTP/1.1\r\n${HOST}\r\n`, ["200 keep-alive"]],
  ["a URI without a path", `GET http://node HTTP/1.1\r\n${HOST}\r\n`, ["200 keep-alive"]],
  ["a list of wishes", `GET /a.txt HTTP/1.1\r\n${HOST}Connection: keep-alive, Close\r\n\r\n`, ["200 close"]],
  ["another wish", `GET /a.txt HTTP/1.1\r\n${HOST}Connection: closed\r\n\r\n`, ["200 keep-alive"]],
  ["a long field", `GET /a.txt HTTP/1.1\r\n${HOST}X: ${"x".repeat(3000)}\r\n\r\n`, ["431"]],
  ["a long path", `GET /${"x".repeat(3000)} HTTP/1.1\r\n${HOST}\r\n`, ["414"]],
  // What follows would be a second request if it was not the body.
  [
    "a body",
    `GET /a.txt HTTP/1.1\r\n${HOST}Content-Length: 40\r\n\r\nGET /status HTTP/1.1\r\n${HOST}\r\n`,
    ["200 close"],
  ],
  ["a body in pieces", `GET /a.txt HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, ["200 close"]],
  ["three at once", `GET /a.txt HTTP/1.1\r\n${HOST}\r\n`.repeat(3), Array<string>(3).fill("200 keep-alive")],
])("a request with %s", async (_, request, answers) => {
  const text = await http(await scene(), request, 100);
  const said = [...text.matchAll(/HTTP\/1\.1 (\d+).*?Connection: (\S+)/gs)].map(([, code, stays]) => [code, stays]);
  expect(said.map(([code, stays]) => (code! < "400" ? `${code} ${stays}` : code))).toEqual(answers);
});

/**
 * What may be read in two ways, or says what is not known: the second request of each is never answered (RFC 9112,
 * 11.2).
 */
const BEHIND = `GET /status HTTP/1.1\r\n${HOST}\r\n`;
test.each([
  ["two lengths that differ", "Content-Length: 5\r\nContent-Length: 6\r\n", 400],
  ["two lengths that are the same", "Content-Length: 5\r\ncontent-length: 5\r\n", 400],
  ["a list of lengths", "Content-Length: 5, 6\r\n", 400],
  ["a list of equal lengths", "Content-Length: 5, 5\r\n", 400],
  ["a negative length", "Content-Length: -1\r\n", 400],
  ["a length with a sign", "Content-Length: +5\r\n", 400],
  ["a length of 32 bits and one", "Content-Length: 4294967301\r\n", 400],
  ["a length of 64 bits and one", "Content-Length: 18446744073709551621\r\n", 400],
  ["a length of 40 digits", `Content-Length: ${"9".repeat(40)}\r\n`, 400],
  ["a hexadecimal length", "Content-Length: 0x5\r\n", 400],
  ["a length with letters", "Content-Length: 5a\r\n", 400],
  ["a length with a point", "Content-Length: 5.0\r\n", 400],
  ["a length with a blank in it", "Content-Length: 1 5\r\n", 400],
  ["a quoted length", 'Content-Length: "5"\r\n', 400],
  ["an empty length", "Content-Length:\r\n", 400],
  ["a length of blanks", "Content-Length:  \t \r\n", 400],
  ["a length and a coding", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400],
  ["a coding and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400],
  ["an unknown coding", "Transfer-Encoding: gzip\r\n", 501],
  ["an unknown coding in front", "Transfer-Encoding: gzip, chunked\r\n", 501],
  ["an unknown coding behind", "Transfer-Encoding: chunked, identity\r\n", 501],
  ["a coding that only begins as a known one", "Transfer-Encoding: chunkedx\r\n", 501],
  ["a coding with a parameter", "Transfer-Encoding: chunked;q=1\r\n", 501],
  ["a quoted coding", 'Transfer-Encoding: "chunked"\r\n', 501],
  ["a coding twice", "Transfer-Encoding: chunked, chunked\r\n", 400],
  ["a coding in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400],
  ["no coding", "Transfer-Encoding: \r\n", 400],
  ["a coding in a row that goes on", "Transfer-Encoding:\r\n chunked\r\n", 400],
  ["a row that goes on", "X: 1\r\n  2\r\n", 400],
  ["a row that goes on from the first", " X: 1\r\n", 400],
  ["a blank before a colon", "Content-Length : 5\r\n", 400],
  ["a tab before a colon", "Content-Length\t: 5\r\n", 400],
  ["a field without a name", ": 5\r\n", 400],
  ["a row that is no field", "Content-Length\r\n", 400],
  ["a name with signs that none has", "Content(Length): 5\r\n", 400],
  ["a CR alone in a value", "X: 1\rContent-Length: 5\r\n", 400],
  ["a CR alone in a name", "X\r: 1\r\n", 400],
  ["two CRs at the end of a row", "X: 1\r\r\n", 400],
  ["a NUL in a value", "X: 1\0\r\n", 400],
  ["a control character in a value", "X: 1\x7f\r\n", 400],
  ["a second host", "Host: other\r\n", 400],
])("a request with %s is refused, and its connection ends", async (_, fields, status) => {
  const text = await http(await scene(), `GET /a.txt HTTP/1.1\r\n${HOST}${fields}\r\n${BEHIND}`, 100);
  const said = [...text.matchAll(/HTTP\/1\.1 (\d+).*?Connection: (\S+)/gs)].map(([, code, stays]) => [
    Number(code),
    stays,
  ]);
  expect(said).toEqual([[status, "close"]]);
});

test.each([
  ["a length with zeros in front", `GET /a.txt HTTP/1.1\r\n${HOST}Content-Length: \t0005 \r\n\r\nhello`, 200],
  ["the largest length", `GET /a.txt HTTP/1.1\r\n${HOST}Content-Length: 4294967295\r\n\r\nhello`, 200],
  ["a coding in capitals", `GET /a.txt HTTP/1.1\r\n${HOST}TRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n`, 200],
  ["rows that end without CR", "GET /a.txt HTTP/1.1\nHost: node\n\n", 200],
  ["an empty host", "GET /a.txt HTTP/1.1\r\nHost:\r\n\r\n", 200],
  ["a host with a port", "GET /a.txt HTTP/1.1\r\nHost: [::1]:80 \r\n\r\n", 200],
  ["a host of two words", "GET /a.txt HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["a list of hosts", "GET /a.txt HTTP/1.1\r\nHost: a, b\r\n\r\n", 400],
  ["a path for a host", "GET /a.txt HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  ["two hosts in HTTP/1.0", `GET /a.txt HTTP/1.0\r\n${HOST}${HOST}\r\n`, 400],
  ["a coding in HTTP/1.0", `GET /a.txt HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["two blanks in the first row", `GET  /a.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a blank behind the version", `GET /a.txt HTTP/1.1 \r\n${HOST}\r\n`, 400],
  ["something behind the version", `GET /a.txt HTTP/1.1\rX\r\n${HOST}\r\n`, 400],
  ["a version of two digits", `GET /a.txt HTTP/1.10\r\n${HOST}\r\n`, 400],
  ["a version in small letters", `GET /a.txt http/1.1\r\n${HOST}\r\n`, 400],
  ["no version", "GET /a.txt\r\n\r\n", 400],
  ["a blank in front", ` GET /a.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a tab between", `GET\t/a.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a method that is no word", `G(T /a.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a method in small letters", `get /a.txt HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["an unknown method", `BREW /a.txt HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["a known method", `DELETE /a.txt HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["a wrong length for a method that nobody serves", `POST /a.txt HTTP/1.1\r\n${HOST}Content-Length: x\r\n\r\n`, 400],
])("a request with %s gets its answer", async (_, request, status) => {
  const text = await http(await scene(), request, 100);
  expect([...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, code]) => Number(code))).toEqual([status]);
});

test("an answer to a request with a body ends in good order, not by a reset that takes it away", async () => {
  const s = await scene();
  s.frames.length = 0;
  const text = await http(s, `POST /a.txt HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`, 100, true);
  expect(text).toContain("405 Method Not Allowed\n");
  const flags = s.frames.filter((frame) => frame[23] === 6).map((frame) => frame[14 + 20 + 13]!);
  expect(flags.some((set) => (set & 1) !== 0)).toBe(true);
  expect(flags.some((set) => (set & 4) !== 0)).toBe(false);
  await s.lab.advance("2s");
});

test("who sends a byte now and then has 15 s for a request, as everybody", async () => {
  const s = await scene();
  const client = { source: 30_001, port: 80 };
  let last: Uint8Array | undefined;
  s.answer = (frame) => {
    if (frame[23] === 6 && get16(frame, 36) === client.source) last = frame;
    return [];
  };
  s.plug.send(tcp({ ...client, flags: 2 })(s.facts));
  await s.lab.advance("20ms");
  const acknowledgement = (get32(last!, 38) + 1) >>> 0;
  const ends: boolean[] = [];
  for (let second = 0; second < 21; second += 3) {
    const data = Uint8Array.of(71);
    s.plug.send(tcp({ ...client, flags: 0x18, sequence: 1 + second / 3, acknowledgement, data })(s.facts));
    await s.lab.advance("3s");
    ends.push((last![47]! & 5) !== 0);
  }
  s.answer = () => [];
  expect(ends).toEqual([false, false, false, false, expect.any(Boolean), true, true]);
});

test("what the client has is not sent again", async () => {
  const tag = (await get("/a.txt")).fields.get("ETag")!;
  const same = await get("/a.txt", `If-None-Match: "x", ${tag}\r\n`);
  expect([same.status, same.body, same.fields.has("Content-Length")]).toEqual(["304 Not Modified", "", false]);
  expect((await get("/a.txt", 'If-None-Match: "x"\r\n')).status).toBe("200 OK");
  expect((await get("/a.txt", `If-Range: ${tag}\r\nRange: bytes=0-1\r\n`)).body).toBe("01");
  expect((await get("/a.txt", 'If-Range: "x"\r\nRange: bytes=0-1\r\n')).status).toBe("200 OK");
});

test.each([
  "/../secret",
  "/%2e%2e/secret",
  "/./a.txt",
  "/.hidden",
  "/none",
  "/www",
  "/a.txt/x",
  "/%zz",
  "/%00",
  "/%0a",
])("%s leads nowhere", async (path) => {
  const { status, body } = await get(path);
  expect(status).toBe("404 Not Found");
  expect(body).not.toContain(TEXT);
});
