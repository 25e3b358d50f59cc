/** Commands of commands in the shell: if, while, until and for, what leaves them, and `test`, which they ask. */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { rowsOf } from "../setup/tier.ts";
import { inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

async function atPrompt(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lines = ["mkdir /a/d", "echo one > /a/d/a.txt", "echo two > /a/d/b.txt", "touch /a/empty"];
  const lab = await inState("lists of the shell", () => nodeWithVolume(lines, { isAlone: true }));
  return { lab, node: lab.nodes[0]! };
}

const UNFINISHED = "only ; && and || join if, while, until and for to other commands\n";
const MISPLACED = "then, else, elif, fi, do or done stands where it does not belong\n";
const EMPTY = "a command is missing before then, elif, else, fi, do or done\n";
const NO_TEST = "test: write WORD = WORD, NUMBER -lt NUMBER, -f PATH or the like; `help test` lists all\n2\n";
const FOR = "for is written: for NAME in WORD...; do ...; done\n";

/** Line, what it prints. */
const LINES: readonly (readonly [line: string, printed: string])[] = [
  ["if true; then echo yes; else echo no; fi; echo after", "yes\nafter\n"],
  ["if false; then echo yes; else echo no; echo still; fi", "no\nstill\n"],
  ["if false; then echo a; elif true; then echo b; elif true; then echo c; else echo d; fi", "b\n"],
  ["if false; then echo a; elif false; then echo b; else echo c; fi", "c\n"],
  ["if false || true && true; then echo joined; fi && echo and || echo or", "joined\nand\n"],
  ["if true; then false; fi || echo $?", "1\n"],
  ["false; if false; then echo a; fi; echo $?", "0\n"],
  ["if if false; then true; else false; fi; then echo in; else if true; then echo within; fi; fi", "within\n"],
  ["false && if true; then echo not run; fi; true || for i in a; do echo $i; done; echo end", "end\n"],
  ["if seq 3 | grep 2; then echo found; fi", "2\nfound\n"],
  ["for i in a 'b c' d; do echo \"<$i>\"; done; echo $i", "<a>\n<b c>\n<d>\nd\n"],
  ["for f in /a/d/*.txt; do cat $f; done", "one\ntwo\n"],
  ["for i in; do echo $i; done; echo $?", "0\n"],
  ["for i in 1 2; do for j in a b; do echo $i$j; done; done", "1a\n1b\n2a\n2b\n"],
  ["for i in a b c d; do if [ $i = b ]; then continue; fi; if [ $i = d ]; then break; fi; echo $i; done", "a\nc\n"],
  ["for i in 1 2; do for j in a b; do break; echo no; done; echo $i; done", "1\n2\n"],
  ["for i in a b; do false; done; echo $?", "1\n"],
  ["set x = x; set n = x; while test $n != xxx; do set n = $n$x; echo $n; done", "xx\nxxx\n"],
  ["set n = x; until test $n = xxx; do set n = $n$x; done; echo $n", "xxx\n"],
  ["while true; do break; done; echo $?; while false; do true; done; echo $?", "0\n0\n"],
  ["while sleep 10; do if true; then break; fi; done; echo out", "out\n"],
  [
    "for i in 1 2; do sleep 200 & done; wait; echo $i",
    "[1] task N\n[2] task N\n2\n[1] ended with status 0: sleep 200\n[2] ended with status 0: sleep 200\n",
  ],
  ["echo if then fi; echo for 'while' do", "if then fi\nfor while do\n"],
  ["if=1; ifx", "if=1: unknown command; help lists the commands\nifx: unknown command; help lists the commands\n"],
  ["if true; then echo a; fi | wc", UNFINISHED],
  ["for i in a; do echo $i; done > /a/x", UNFINISHED],
  ["seq 3 | while true; do break; done", UNFINISHED],
  ["fi", EMPTY],
  ["echo a; done; echo b", MISPLACED],
  ["if true; do echo a; fi", MISPLACED],
  ["while true; then echo a; done", MISPLACED],
  ["if then echo a; fi", EMPTY],
  ["if true; then fi", EMPTY],
  ["if true &&; then echo a; fi", "a command is missing before or after | && || &\n"],
  ["if true && then echo a; fi", EMPTY],
  ["for 1 in a; do echo a; done", FOR],
  ["for i of a; do echo a; done", FOR],
  ["for i in a b do echo a; done", FOR],
  ["for i in a > b; do echo a; done", "a command belongs to < and >\n"],
  ["break", "there is no loop to leave\n"],
  ["test a; echo $?; test ''; echo $?; test; echo $?", "0\n1\n1\n"],
  ["test a = a && test a != b && test -n a && test -z '' && echo all", "all\n"],
  ["test a = b; echo $?; [ a = a ]; echo $?; [ ! a = a ]; echo $?; test ! ''; echo $?", "1\n0\n1\n0\n"],
  ["for o in lt le eq ne ge gt; do if test 9 -$o 10; then echo $o; fi; done", "lt\nle\nne\n"],
  ["for o in lt le eq ne ge gt; do if test 10 -$o 0x0a; then echo $o; fi; done", "le\neq\nge\n"],
  [
    "for p in /a /a/d /a/d/a.txt /a/empty /a/none; do for o in e d f s; do if [ -$o $p ]; then echo $o $p; fi; done; done",
    "e /a\nd /a\ns /a\ne /a/d\nd /a/d\ns /a/d\ne /a/d/a.txt\nf /a/d/a.txt\ns /a/d/a.txt\ne /a/empty\nf /a/empty\n",
  ],
  ["cd /a/d; test -f a.txt && echo here; cd", "here\n"],
  ["test a -lt 3; echo $?; test 1 -lt --1; echo $?", "test: the numbers are whole\n2\n".repeat(2)],
  [
    "test -2 -lt -1 && test -1 -lt 0 && test -0 -eq 0 && test 4294967295 -gt -1; echo $?; test 1 -lt -1; echo $?",
    "0\n1\n",
  ],
  ["[ a = a; echo $?", NO_TEST],
  ["test a b c d; echo $?", NO_TEST],
  ["test -q a; echo $?", NO_TEST],
];

describe("commands of commands", () => {
  test("run what their lists say, or are refused as a whole", async () => {
    const { node } = await atPrompt();
    const open = await output(node, "handles");
    for (const [line, printed] of rowsOf(LINES, LINES.length))
      expect((await output(node, line)).replaceAll(/task \d+/g, "task N"), line).toBe(printed);
    expect(await output(node, "handles")).toBe(open);
    expect(await output(node, "mem check")).toMatch(/all headers agree/);
  });

  test("go on over lines, at the prompt and in scripts", async () => {
    const { node } = await atPrompt();
    node.type("for i in a b # words\n");
    await node.waitFor(/^> $/m);
    node.type("do\n");
    await node.waitFor(/^> $/m);
    node.type("echo $i # each\n");
    await node.waitFor(/^> $/m);
    expect(await output(node, "done; echo after")).toBe("a\nb\nafter\n");
    node.type("if ech\t on; then cat /a/d/a\t; fi\n");
    await node.waitFor(/^on\none$/m);
    node.type("if true\n");
    await node.waitFor(/^> $/m);
    expect(await output(node, "\x03echo given up")).toMatch(/given up\n$/);
    const script = [
      "#!",
      "while [ $# -gt 1 ]",
      "do",
      "  # nothing but a comment",
      "  for word in $1 $2; do",
      "    echo $word",
    ];
    for (const line of [
      ...script,
      "  done",
      "  break",
      "done",
      "if false",
      "then exit 1",
      "else",
      "  exit 7",
      "fi",
      "echo no",
    ])
      await output(node, `echo '${line}' >> /a/s`);
    expect(await output(node, "for i in 1 2; do /a/s $i x; echo $?; done")).toBe("1\nx\n7\n2\nx\n7\n");
    await output(node, "echo 'if true; then' > /a/open; echo 'break' > /a/break");
    expect(await output(node, "shell /a/open")).toBe("if wants then and fi; while, until and for want do and done\n");
    expect(await output(node, "for i in 1 2; do shell /a/break; echo $i; done")).toBe(
      "there is no loop to leave\n1\nthere is no loop to leave\n2\n",
    );
  });

  test("end with Ctrl-C, and nest sixteen deep", async () => {
    const { lab, node } = await atPrompt();
    for (const line of ["while true; do true; done", "until false; do sleep 1; done; echo not reached"]) {
      node.type(`${line}\n`);
      await lab.advance("300ms");
      expect(await output(node, "\x03echo $?"), line).toBe("130\n");
    }
    const nested = (depth: number): string => `${"if true; then ".repeat(depth)}echo deep${"; fi".repeat(depth)}`;
    expect(await output(node, nested(16))).toBe("deep\n");
    expect(await output(node, nested(17))).toBe("more than 16 of if, while, until and for within each other\n");
    await output(node, `echo 'if true; then shell /a/again; fi' > /a/again`);
    expect(await output(node, "shell /a/again")).toMatch(/too long|more than 16/);
    expect(await output(node, "help for")).toMatch(/^usage: for NAME in \[WORD\.\.\.\]; do LIST; done\n/);
    await node.enter("echo well", PROMPT);
  });
});
