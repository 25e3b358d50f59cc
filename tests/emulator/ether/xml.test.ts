/** What the reader of SOAP's messages takes for XML, and what it makes of it. */
import { describe, expect, test } from "vitest";
import { escapeXml, parseXml, type XmlElement } from "../../../emulator/ether/wide/upnp/xml.ts";

/** As `name"text"(children)`. */
const written = ({ name, text, children }: XmlElement): string =>
  `${name}${text === "" ? "" : JSON.stringify(text)}${children.length === 0 ? "" : `(${children.map(written).join(" ")})`}`;

test.each([
  ["<a/>", "a"],
  ["<a></a>", "a"],
  ["<a ></a >", "a"],
  ["<x:a y:b='1' c=\"'\"/>", "a"],
  ["<a b = '\"&amp;>'\n/>", "a"],
  ['\uFEFF<?xml version="1.0"?>\r\n<a/>\n<!-- > -->\n<?b?>', "a"],
  ["<a><b>1</b><c><d/></c></a>", 'a(b"1" c(d))'],
  ["<a>1<b/>2<!-- 3 -->4</a>", 'a"124"(b)'],
  ["<a><![CDATA[<b>&amp;]]]>&lt;</a>", 'a"<b>&amp;]<"'],
  ["<a>&amp;&lt;&gt;&quot;&apos;</a>", 'a"&<>\\"\'"'],
  ["<a>&#65;&#x41;&#xaF;&#xe000;&#x10ffff;</a>", `a"AA\u00af\ue000\u{10ffff}"`],
  ["<a>\t\r\n</a>", 'a"\\t\\r\\n"'],
  [`${"<a>".repeat(8)}${"</a>".repeat(8)}`, "a(a(a(a(a(a(a(a)))))))"],
])("%j is %s", (text, tree) => {
  expect(written(parseXml(text)!)).toBe(tree);
});

describe("no XML, or more than there is room for", () => {
  test.each([
    "",
    "a",
    "a<a/>",
    "<a/>a",
    "<a/>&#32;b",
    "<a/><![CDATA[ ]]>",
    "<![CDATA[ ]]><a/>",
    "<a/><b/>",
    "<a><b></a>",
    "<a></b>",
    "<x:a></a>",
    "</a>",
    "<a",
    "<a b></a>",
    "<a b=1></a>",
    "<a b='<'></a>",
    "<a b='1'c='2'></a>",
    "<1/>",
    "< a/>",
    "<a>&</a>",
    "<a>&;</a>",
    "<a>& amp;</a>",
    "<a>&amp</a>",
    "<a>&#;</a>",
    "<a>&#1;</a>",
    "<a>&#xd800;</a>",
    "<a>&#xdfff;</a>",
    "<a>&#x110000;</a>",
    "<a>&#4x;</a>",
    "<a>&#xg;</a>",
    "<a>&#99999999;</a>",
    "<a>\u0000</a>",
    "<a>&b;</a>",
    "<!DOCTYPE a><a/>",
    "<a><!DOCTYPE a></a>",
    "<a><!-- </a>",
    "<a><![CDATA[</a>",
    "<?xml",
    `${"<a>".repeat(9)}${"</a>".repeat(9)}`,
    `<a>${"<b/>".repeat(64)}</a>`,
  ])("%j", (text) => {
    expect(parseXml(text)).toBeNull();
  });
});

test("as many elements as there is room for", () => {
  expect(parseXml(`<a>${"<b/>".repeat(63)}</a>`)!.children).toHaveLength(63);
});

test("marks of text come back", () => {
  const text = `<a> & "b" 'c' ]]> é`;
  expect(parseXml(`<a>${escapeXml(text)}</a>`)!.text).toBe(text);
});

test("what is long and wrong is refused at once", () => {
  for (const piece of ["<a ", " ", "&", "<a b=' '", "<", "<!--", '<a b="'])
    expect(parseXml(piece.repeat(8192 / piece.length))).toBeNull();
});
