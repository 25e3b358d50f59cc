/**
 * Programs for text: each line is typed at a node and given to a shell of Debian, where the same files are. What GNU's
 * programs print, and the status with which they end, is right.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { answer } from "../setup/answers.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { isThorough, rowsOf } from "../setup/tier.ts";
import { diskWith } from "./disk-with.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A text of so many lines, of a few that are repeated. */
function drawn(seed: number, lines: number, kinds: number): Uint8Array {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % kinds;
  };
  return text(Array.from({ length: lines }, () => `line ${next()}\n`).join(""));
}

const FILES: ReadonlyMap<string, Uint8Array> = new Map([
  ["words", text("pear\napple\nfig\napple\nPear\n\nbanana\nfig\nfig\n")],
  ["numbers", text("10\n9\n-3\n2.5\n2.50\n0\n-0\n\nabc\n 7\n10\n007\n-12.25\n99999999999999999999\n.5\n")],
  ["table", text("b:2:x\na:10:y\nc:1:\nb:2:a\nplain\n:3:z\na:10:y:more\n")],
  ["blanks", text("x  3 b\ny 20 a\n z 1  c\nw\t5 d\n")],
  ["open", text("one\ntwo\nno end")],
  ["empty", text("")],
  ["bytes", Uint8Array.from({ length: 600 }, (_, at) => (at * 7) & 255)],
  ["drawn1", drawn(1, 40, 8)],
  ["drawn2", drawn(2, 40, 8)],
  ["drawn3", drawn(3, 200, 30)],
  ["drawn4", drawn(4, 180, 30)],
  ["nul", text("a\0b\nc\0\n\0\n")],
  // Each line is longer than what a pipe holds.
  ["long", text(`${"long line ".repeat(isThorough ? 100_000 : 2_000)}\nshort\n${"x".repeat(70_000)}`)],
]);

/** Lines whose output is compared, with the status. */
const SORT: readonly string[] = [
  "sort words",
  "sort -r words open",
  "sort -u words",
  "sort -n numbers",
  "sort -nr numbers",
  "sort -nu numbers",
  "sort -t : -k 2 table",
  "sort -t : -k 2,2n table",
  "sort -t: -k1,1 -k2,2nr table",
  "sort -u -t : -k 1,1 table",
  "sort -t : -k 4 table",
  "sort -k 2 blanks",
  "sort -k 2n blanks",
  "sort -k 3,3 -r blanks",
  "sort < words",
  "sort empty",
  "sort nul | tr '\\000' 0",
  "sort long | cut -c 1-20",
  "seq 500 | sort | head -3",
  "seq 3000 | sort -n | tail -2",
  "seq 300 | sort -rn | sort -n | head -2",
];
const UNIQ: readonly string[] = [
  "uniq words",
  "sort words | uniq -c",
  "sort words | uniq -d",
  "sort words | uniq -u",
  "sort words | uniq -cd",
  "uniq -du words",
  "uniq open",
  "uniq empty",
];
const CUT: readonly string[] = [
  "cut -d : -f 2 table",
  "cut -d: -f1,3 table",
  "cut -d : -f 2- -s table",
  "cut -f -2 -d : table",
  "cut -f 3,1 -d : table",
  "cut -c 2-3 words",
  "cut -c 1,3- words",
  "cut -f 2 blanks",
  "cut -c 2 open",
  "cut -c 1 nul",
];
const TR: readonly string[] = [
  "tr a-z A-Z < words",
  "tr '[:lower:]' '[:upper:]' < words",
  "tr -d aeiou < words",
  "tr -s p < words",
  "tr -s a-z X < words",
  "tr -cd '[:alpha:]' < words",
  "tr -c '[:alnum:]' '\\n' < table",
  "tr -cs '[:alnum:]' '\\n' < table",
  "tr -ds a p < words",
  "tr abc x < words",
  "tr : '\\t' < table",
  "tr -d '\\n\\000' < nul",
  "tr '\\0-\\37\\177-\\377' . < bytes",
  "tr -cd '[:print:]' < bytes",
  "tr -cd '[:punct:][:space:]' < bytes | tr '\\11-\\15' abcde",
  "tr -d '[:cntrl:]' < bytes | tr -cd '[:graph:]'",
  "tr -cd '[:xdigit:]' < bytes",
  "tr -d '[:blank:]' < blanks",
];

const SED: readonly string[] = [
  "sed s/a/b/ words",
  "sed s/p/P/g words",
  "sed 's/p/P/2' words",
  "sed 's/a/X/2g' words",
  "sed -n 's/fig/&&/p' words",
  "sed -n 2p words",
  "sed -n '$p' words open",
  "sed '2,4d' words",
  "sed -n '/apple/,/banana/p' words",
  "sed -n '/fig/,3p' words",
  "sed '3,$d' words",
  "sed '2,$!d' words",
  "sed 3q words",
  "sed -n -e '/^$/=' -e '$=' words",
  "sed -e 1d -e 's/^/> /' words",
  "sed '1d; /Pear/d; s/$/ end/' words",
  "sed 's/.*/<&>/' open",
  "sed p open",
  "sed p open words | tail -3",
  "sed 's/x*/-/g' words",
  "sed 's/b*/-/2' words",
  "sed 's/\\(.\\)\\(.\\)/\\2\\1/g' words",
  "sed 's/\\(.\\)\\1/[\\1]/' words",
  "sed 's,/,|,g; s|:|\\||g' table",
  "sed 's/[0-9][0-9]*/(&)/; s/[[:alpha:]]\\+$/W/' table",
  "sed 's/[]:/]/#/g; s/[^a-z:]/_/g' table",
  "sed -E 's/(a|ap|app)(p|l|ple)/<\\1,\\2>/' words",
  "sed -E 's/(a|b|an)+/<&>/g; s/x?$/!/' words",
  "sed -E 's/^(.)(.*)$/\\2\\1/' words",
  "sed -E 's/([a-z]+):([0-9]{2,})/\\2=\\1/' table",
  "sed 's/a\\{2\\}/X/; s/p\\{1,\\}/Q/; s/b\\|f/Z/' words",
  "sed 's/PEAR/x/I' words",
  "sed '/pear/Id' words",
  "sed 'y/abc/xyz/' words",
  "sed '/a/s//A/g' words",
  "sed 's/a\\.b/x/; s/*/y/' words",
  "sed 's/:/\\n/' table",
  "sed -n 's/[^ ]* line/L/gp' long | cut -c 1-30",
  "sed 's/^.*$/&&/' long | sha256sum",
  "sed 's/\\(long \\)*//' long | sha256sum",
  "sed 's/[^a-z]/./g' bytes | sha256sum",
  "sed -n '/b/p' nul | tr '\\000' 0",
  "sed '' empty",
  "sed -E 's/(^|:)[0-9]/<&>/g' table",
  "sed -E 's/((a)|(b))*/[\\1\\2\\3]/' words",
  "sed -E 's/(a*)+/<\\1>/' words",
];

const XARGS: readonly string[] = [
  "seq 3 | xargs",
  "seq 5 | xargs -n 2 echo got",
  "cat words | xargs -n 1 echo",
  "echo 'a \"b c\" d\\ e' | xargs -n 1 echo",
  "cat words | xargs -I {} echo '<{}>' {}{}",
  "cat empty | xargs echo none",
  "cat empty | xargs -r echo none",
  "tr '\\n' '\\000' < words | xargs -0 -n 2 echo",
  "seq 30000 | xargs echo | tr ' ' '\\n' | sha256sum",
  "echo words | xargs grep fig",
  "echo words words | xargs cat",
];
const CMP: readonly string[] = [
  "cmp words words",
  "cmp words open",
  "cmp -s words open",
  "cat words | cmp - words",
  "tr a A < words | cmp -l words - | sed 's/^ *//; s/  */ /g'",
  "cmp empty empty",
  "cmp -s empty words",
  "cmp -s long long",
];
const SHA256SUM: readonly string[] = [
  "sha256sum words open empty bytes long",
  "cat words | sha256sum",
  "sha256sum words open > sums; sha256sum -c sums",
  "sha256sum words open | sed 's/[0-9]/0/' | sha256sum -c",
  "sha256sum open | sed 'y/abcdef/ABCDEF/; s/opEn/open/' | sha256sum -c -",
];
const DIFF: readonly string[] = [
  "diff words words",
  "sed 's/fig/FIG/' words | diff words -; echo $?",
  "sed 2d words | diff words -",
  "sed 2d words | diff - words",
  "sed '1d; $d; s/Pear/pear/' words | diff words -",
  "diff words empty",
  "diff empty words",
  "diff words open",
  "diff open words",
  "sed s/end/End/ open | diff open -",
  "cat open open | diff open -",
  "diff bytes nul",
  "diff bytes bytes",
  "diff -q words open",
  "diff -q words words",
  "seq 60 > s60; sed '3d; 10s/$/x/; 17s/$/y/; 30,40d; 59p' s60 | diff -u s60 - | sed 's/\\t.*//'",
  "sed '3d; 10s/$/x/; 17s/$/y/; 30,40d; 59p' s60 | diff -U 0 s60 - | sed 's/\\t.*//'",
  "sed '3d; 10s/$/x/; 17s/$/y/; 30,40d; 59p' s60 | diff -U1 - s60 | sed 's/\\t.*//'",
  "diff -u words open | sed 's/\\t.*//'",
  "diff -u empty open | sed 's/\\t.*//'",
  "diff drawn1 drawn2",
  "diff -u drawn3 drawn4 | sed 's/\\t.*//'",
  "diff long words | sha256sum",
];
/** As what dash does with the same line. */
const SHELL: readonly string[] = [
  'echo $(echo a b) "$(echo c   d)" x$(echo e)y',
  'echo "$(seq 3)"; echo $(seq 3)',
  'echo $(echo $(echo $(echo deep))) "a $(echo "b $(echo \'c )\')")"',
  "for i in $(seq 3); do echo n $i; done",
  "if test $(seq 5 | wc -l) -eq 5; then echo yes; fi",
  "echo $(seq 3000 | sha256sum); echo $(seq 3000 | xargs) | tr ' ' '\\n' | sha256sum",
  'echo "$(seq 30000)" | sha256sum',
  "$(false); echo $?; $(true); echo $?",
  "echo $(cd /; pwd); echo $(exit 3; echo no); echo '$(x)' \\$x",
  "echo $((1+2*3)) $(( (1+2)*3 )) $((7/2)) $((-7/2)) $((-7%3)) $((1<<4|1)) $((!5)) $((~0)) $((6&3^8))",
  "echo $((3>2)) $((3>=4)) $((2==2)) $((2!=2)) $((0||2)) $((1&&0)) $((1?2:3)) $((0?2:0?4:5)) $((2-1-1)) $((-16>>2))",
  "echo $((0&&1/0)) $((1||1/0)) $((0x1f)) $((017)) $((1 + $(seq 4 | wc -l))) $((- -3)) $(( $((2*3)) + 1 ))",
];

/** What is wrong: line, all that is printed, the status. */
const MISTAKES: readonly (readonly [line: string, printed: string | RegExp, status: number])[] = [
  ["sort none words | head -1", "none: not found\n\n", 0],
  ["sort -k 0 words", "usage: sort [-nru] [-k FIRST[,LAST][nr]]... [-t C] [PATH...]\n", 2],
  ["sort -t ab words", "usage: sort [-nru] [-k FIRST[,LAST][nr]]... [-t C] [PATH...]\n", 2],
  ["touch zeros; truncate zeros 40M; sort zeros; rm zeros", "zeros has 41943040 bytes now.\ninput: out of memory\n", 0],
  ["echo aaaaaaaaaaaaaaaaaaaaaaaaaac | sed 's/\\(a*\\)*b//'", "the expression takes too long here\n", 1],
  ["uniq -x words", "usage: uniq [-cdu] [PATH...]\n", 2],
  ["cut words", "usage: cut -f LIST [-d C] [-s] | -c LIST [PATH...]\n", 2],
  ["cut -f 0 words", "usage: cut -f LIST [-d C] [-s] | -c LIST [PATH...]\n", 2],
  ["cut -c 3-2 words", "usage: cut -f LIST [-d C] [-s] | -c LIST [PATH...]\n", 2],
  ["tr z-a b < words", "usage: tr [-cds] SET [SET]\n", 2],
  ["sed -n '2{p' words", "sed: a command is s, y, p, d, q or =\n", 1],
  ["sed k words", "sed: a command is s, y, p, d, q or =\n", 1],
  ["sed '2,p' words", "sed: after a comma stands the end of a range: a number, $ or /EXPRESSION/\n", 1],
  ["sed 's/a/b' words", "sed: a delimiter is missing, as in s/EXPRESSION/TEXT/\n", 1],
  ["sed 's/a/b/x' words", "sed: between commands stands ; or a line end\n", 1],
  ["sed 's/\\(a/b/' words", "sed: a group of the expression is not closed\n", 1],
  ["sed 's/[a/b/' words", "sed: [ of the expression is not closed\n", 1],
  ["sed 's/a/\\1/' words", "sed: the text refers to a group that the expression does not have\n", 1],
  ["sed p none words | tail -1", "none: not found\nfig\n", 0],
  ["echo x | xargs nothere", "nothere: not found\n", 127],
  ["echo x | xargs grep y none", "none: not found\nx: not found\n", 123],
  ['echo "\'x" | xargs', "xargs: a quote is not closed; -0 takes quotes as they are\n", 1],
  ["cmp words none", "none: not found\nusage: cmp [-ls] PATH PATH\n", 2],
  ["diff words none", "none: not found\nusage: diff [-qu] [-U LINES] OLD NEW\n", 2],
  ["echo $((1/0))", "$((...)) divides by 0\n", 2],
  ["echo $((1+))", "a number or a variable of $((...)) is missing\n", 2],
  ["echo $((1 2))", "an operator of $((...)) is missing or unknown\n", 2],
  ["echo $((99999999999))", "a number of $((...)) has more than 32 bits\n", 2],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
  ["set n=5; echo $((n*2)) $(($n+1)) $((${n}-6)) $((none)); unset n", "10 6 -1 0\n", 0],
  ["date -s 2031-12-01 23:59:58; date '+%F %T %s'", "Mon 2031-12-01 23:59:58\n2031-12-01 23:59:58 1953935998\n", 0],
  ["date -s 12:34", "Mon 2031-12-01 12:34:00\n", 0],
  [
    "date -s 2027-02-29; date -s 13:60",
    "date: there is no such date or time; they are written 2026-01-31 and 23:59:30\n".repeat(2),
    1,
  ],
  ["date -s 1999-12-31; date -s @4294967295", "date: the clock has the years 2000 to 2105\n".repeat(2), 1],
  ["date x", "usage: date [+FORMAT | -s [YYYY-MM-DD] [HH:MM[:SS]] | -s @SECONDS]\n", 2],
  ["echo '#!' > s1; echo 'echo in s1 $1' >> s1; set PATH=/none:/a:/bin; s1 7; seq 1", "in s1 7\n1\n", 0],
  ["cd /; s1 8; set PATH=/none; cd /a; s1; unset PATH", "in s1 8\ns1: unknown command; help lists the commands\n", 0],
  [
    "seq 2 > f; tail -f f & sleep 500; echo more >> f; sleep 500; echo x > f; sleep 500; kill %1; wait",
    /^\[1\] task \d+\n1\n2\nmore\nx\n$/,
    0,
  ],
  ["cmp words empty", "the end of empty comes after byte 0\n", 1],
  ["sha256sum none", "none: not found\n", 1],
  ["echo xx | sha256sum -c", "sha256sum: no line has a digest and a path\n", 1],
  ["sha256sum words | sed s/words/none/ | sha256sum -c", "none: not found\nnone: FAILED open or read\n", 1],
];

async function node(): Promise<LabNode> {
  const lab = await inState("a volume with texts", async () => {
    const disk = diskWith(FILES);
    const booted = boot({ nodes: [{ cdrom: images().iso, disk, ramBytes: 32 << 20 }], gateway: false });
    const one = booted.nodes[0]!;
    await one.waitFor(PROMPT);
    await booted.advance("100ms");
    for (const line of ["service stop network", "umount /net", "mount hda0 /a", "cd /a"]) await one.enter(line, PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

/** The programs of Debian whose answers are kept: another version of one is asked again. */
const THEIRS = ["sh", "sort", "uniq", "cut", "tr", "sed", "xargs", "cmp", "diff", "sha256sum"].flatMap((name) =>
  [`/usr/bin/${name}`, `/bin/${name}`].filter((path) => existsSync(path)).slice(0, 1),
);

/** What each line prints on a machine of Debian, as a console would show it, and the status. */
const expected = (lines: readonly string[]): readonly string[] =>
  answer(THEIRS, ["text programs", ...lines, ...[...FILES].flat()], () => asked(lines));

/** One shell asks for all of them: to start one from here for each takes longer than what it does. */
const ASK = `for line; do
  n=$((n + 1))
  /bin/sh -c "$line; echo \\"status \\$?\\"" < /dev/null > "$0/$n" 2> /dev/null
done`;

function asked(lines: readonly string[]): readonly string[] {
  const [folder, said] = ["qure-text-", "qure-said-"].map((name) => mkdtempSync(join(tmpdir(), name))) as [
    string,
    string,
  ];
  try {
    for (const [name, bytes] of FILES) writeFileSync(join(folder, name), bytes);
    execFileSync("/bin/sh", ["-c", ASK, said, ...lines], { cwd: folder, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } });
    return lines.map((_, at) => readFileSync(join(said, `${at + 1}`), "latin1"));
  } finally {
    for (const one of [folder, said]) rmSync(one, { recursive: true });
  }
}

async function compare(all: readonly string[]): Promise<void> {
  const lines = rowsOf(all, [Math.ceil(all.length / 2), all.length]);
  const one = await node();
  const right = expected(lines);
  for (const [at, line] of lines.entries())
    expect.soft(await output(one, `${line}; echo "status $?"`), line).toBe(right[at]);
}

test.each([
  ["sort", SORT],
  ["uniq", UNIQ],
  ["cut", CUT],
  ["tr", TR],
  ["sed", SED],
  ["xargs", XARGS],
  ["cmp", CMP],
  ["diff", DIFF],
  ["sha256sum", SHA256SUM],
  ["$(...)", SHELL],
] as const)("%s does what Debian's does", async (_name, lines) => {
  await compare(lines);
});

thoroughly("what is wrong is said in one line, and the status tells of it", async () => {
  const one = await node();
  const before = await output(one, "handles");
  for (const [line, printed, status] of MISTAKES)
    expect
      .soft(
        (await output(one, `${line}; echo "status $?"`)).replace(/status (\d+)\n(?:\[1\] ended .*\n)?$/, (_, ended) => {
          expect.soft(Number(ended), line).toBe(status);
          return "";
        }),
        line,
      )
      .toEqual(typeof printed === "string" ? printed : expect.stringMatching(printed));
  expect(await output(one, "handles")).toBe(before);
});
