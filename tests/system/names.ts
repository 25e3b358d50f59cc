/** Names of files that are hard to get right, whichever file system has them. */

/** The console has bytes; this is what they mean. */
export const utf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");

/** Names by which long entries of one to several parts come, and characters of two, three and four bytes. */
export const WORDS = [
  "Ünïcödé",
  "ÿ.x",
  "日本語の名前",
  "😀 smile",
  "a😀b😀c😀d😀e",
  "exactly13char",
  "fourteen chars",
  "Ω".repeat(26),
  `${"long ".repeat(40)}end`,
  "UPPER.TXT",
  "lower.txt",
  "Mixed.Txt",
  "UPPER.low",
  "many.dots.in.it",
  "space in.ext",
  "toolong.extension",
  "plus+comma,[x]",
  "TOOLONGNAME",
  "~1",
];

/** What is no UTF-8: alone, too short, longer than needed, half of a pair, beyond the last character. */
export const NO_UTF8 = [
  [0x80],
  [0xbf, 0x41],
  [0xc3],
  [0xc3, 0x41],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xe2, 0x82],
  [0xe0, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xf0, 0x9f, 0x98],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xff],
];
