/** Archives whose members are elsewhere: in files of their own, and within other archives (ar rcT of an archive). */
import { expect, test } from "vitest";
import { readArchive } from "../../src/object/archive.ts";

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const headerOf = (name: string, sizeBytes: number): string =>
  `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"644".padEnd(8)}${String(sizeBytes).padEnd(10)}\`\n`;
const NAMES = "inner.a/\nown.o/\n";
const thin = bytesOf(`!<thin>\n${headerOf("//", NAMES.length)}${NAMES}${headerOf("/0:68", 3)}${headerOf("/9", 4)}`);
const inner = `!<arch>\n${headerOf("//", 0)}${headerOf("one.o/", 3)}abc\n`;

test("a member is the one at its place in the other archive, or a whole file", () => {
  const files: Readonly<Record<string, string>> = { "inner.a": inner, "own.o": "file" };
  const { members, isThin } = readArchive(thin, "lib.a", (name) => bytesOf(files[name]!));
  expect(isThin).toBe(true);
  expect(members.map(({ name, origin, content }) => [name, origin, Buffer.from(content).toString()])).toEqual([
    ["inner.a", 68, "abc"],
    ["own.o", null, "file"],
  ]);
});

test("what is no member there, and a file that is gone, are told by name", () => {
  expect(() => readArchive(thin, "lib.a", () => bytesOf(inner.slice(0, -2)))).toThrow(
    "there is no archive member at byte 68 of inner.a (the archive is thin)",
  );
  expect(() => readArchive(thin, "lib.a", () => null)).toThrow("its member inner.a is a file that cannot be read");
});

test("sizes that are no numbers, and names beyond the table of names, are refused", () => {
  const member = headerOf("one.o/", 3);
  const withSize = (size: string): Uint8Array =>
    bytesOf(`!<arch>\n${member.slice(0, 48)}${size.padEnd(10)}${member.slice(58)}abc\n`);
  expect(readArchive(withSize("3"), "lib.a").members.length).toBe(1);
  for (const size of ["3x", "x3", "-3", ""])
    expect(() => readArchive(withSize(size), "lib.a")).toThrow("at byte 8 lies beyond the end of the file");
  const lost = bytesOf(`!<arch>\n${headerOf("//", 8)}other.o/${headerOf("/8", 2)}ab`);
  expect(() => readArchive(lost, "lib.a")).toThrow("lies beyond the table of names (offset 8)");
});
