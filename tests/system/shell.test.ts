/**
 * The language of the shell: lists, pipelines, redirections, variables, wildcards, jobs and scripts, as they are typed.
 */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

async function atPrompt(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lines = ["mkdir /a/d", "mkdir /a/e", "echo one > /a/d/a.txt", "echo two > /a/d/b.txt", "echo x > /a/e/c"];
  const lab = await inState("shell with files", () => nodeWithVolume(lines, { isAlone: true }));
  return { lab, node: lab.nodes[0]! };
}

/** Line, what it prints. */
const LINES: readonly (readonly [line: string, printed: string])[] = [
  ["echo a; echo b", "a\nb\n"],
  ["true && echo yes || echo no", "yes\n"],
  ["false && echo yes || echo no", "no\n"],
  ["false || false; echo $?", "1\n"],
  ["frob || echo $?", "frob: unknown command; help lists the commands\n127\n"],
  ["seq 100 | wc", "    100     100     292\n"],
  ["seq 30 | grep 2 | tail -2 | cat", "28\n29\n"],
  ["echo three words here | /bin/wc", "      1       3      17\n"],
  ["seq 1000000000 | head -2", "1\n2\n"],
  ["find /a/d | wc | wc", "      1       3      24\n"],
  ["cat < /a/d/a.txt > /a/f; cat /a/f /a/d/b.txt", "one\ntwo\n"],
  ["echo x>/a/g; echo y >>/a/g; wc < /a/g", "      2       2       4\n"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's braces
  ["set n = 5; echo $n ${n}0 \"$n 1\" '$n' \\$n $none.", "5 50 5 1 $n $n .\n"],
  ["set w = 'a  b'; echo $w; echo \"$w\"", "a b\na  b\n"],
  ["set p=/a/d; cat $p/a.txt; unset p; echo [$p]", "one\n[]\n"],
  ["echo /a/d/*.txt /a/*/c /a/?/[!b]*", "/a/d/a.txt /a/d/b.txt /a/e/c /a/d/a.txt /a/e/c\n"],
  ["echo '/a/d/*' /a/d/*.none /a/d/[x", "/a/d/* /a/d/*.none /a/d/[x\n"],
  ["cd /a/e; touch ./- a b; echo [a-] [-a] [!a-] []b] [a-b]; rm ./- a b; cd", "- a - a b c b a b\n"],
  ["cd /a/d; cat a.txt ../d/./b.txt; pwd; cd", "one\ntwo\n/a/d\n"],
  ["cd /a/d; /bin/cat a.txt ../d/./b.txt; cd", "one\ntwo\n"],
  [
    "cd /a/d; pipe /bin/cat a.txt : /bin/tee by-program.txt; cd; cat /a/d/by-program.txt; rm /a/d/by-program.txt",
    "one\none\n",
  ],
  ["cd /a; ../bin/echo up; /bin/cat d/none; cd", "up\nd/none: not found\n"],
  ["cd /a; cd d/..; pwd; cd ../..; pwd", "/a\n/\n"],
  ["grep o /a/d/*", "/a/d/a.txt: one\n/a/d/b.txt: two\n"],
  ["echo 'a # b' # c", "a # b\n"],
  ["echo a |", "a command is missing before or after | && || &\n"],
  ["&& echo a", "a command is missing before or after | && || &\n"],
  ["echo a; | wc", "a command is missing before or after | && || &\n"],
  ['echo a "b', "a quote is not closed\n"],
  ["echo >", "a command and a path belong to < and >\n"],
  ["> /a/x", "a command and a path belong to < and >\n"],
  ["cat < /a/none", "/a/none: not found\n"],
  ["shell; exit", ""],
];

describe("the shell", () => {
  test("has as many words as there is memory for, sorted, and a program what its stack takes", async () => {
    const { node } = await atPrompt();
    const digits = "0 1 2 3 4 5 6 7 8 9";
    await output(node, "mkdir /a/m; cd /a/m");
    await output(
      node,
      `for i in 1 2 0; do for j in ${digits}; do for k in ${digits}; do touch n$j$i$k; done; done; done`,
    );
    const names = Array.from({ length: 300 }, (_, n) => `n${Math.floor(n / 30)}${Math.floor(n / 10) % 3}${n % 10}`);
    expect(await output(node, "echo *")).toBe(`${names.join(" ")}\n`);
    expect(await output(node, "ls n* | wc -l; for f in *; do set last = $f; done; echo $last")).toBe("    300\nn929\n");
    expect(await output(node, "/bin/echo '' n[0-4]* '' | wc")).toBe("      1     150     752\n");
    const many = Array(60).fill("*").join(" ");
    expect(await output(node, `/bin/echo ${many} | wc`)).toBe("      1   18000   90000\n");
    const more = Array(200).fill("*").join(" ");
    expect(await output(node, `/bin/echo ${more}`)).toBe(
      "/bin/echo: its arguments have more than 512 KiB; give them in parts\n",
    );
    expect(await output(node, `echo $?; echo ${more} | wc -w`)).toBe("126\n  60000\n");
    // One program starts another with as many.
    expect(await output(node, `pipe echo ${many} : wc; rm *; find .`)).toBe("      1   18000   90000\n");
  });

  thoroughly("takes no line of which only the beginning has room", async () => {
    const { node } = await atPrompt();
    const words = (bytes: number): string => `echo ${"word ".repeat(200)}`.slice(0, bytes - 1).concat(".");
    expect(await output(node, words(511))).toMatch(/^(word ){101}\.\n$/);
    node.type(`rm -r /a/d${" ".repeat(502)}/none\n`);
    await node.waitFor(/^This line is longer than the 511 characters that the shell takes\.$/m);
    await node.waitFor(PROMPT);
    expect(await output(node, "cat /a/d/a.txt")).toBe("one\n");
  });

  test("runs lists, pipelines and redirections, and expands words", async () => {
    const { node } = await atPrompt();
    const open = await output(node, "handles");
    for (const [line, printed] of rowsOf(LINES, LINES.length)) expect(await output(node, line), line).toBe(printed);
    expect(await output(node, "handles")).toBe(open);
  });

  test("runs scripts with words, and with a status of their own", async () => {
    const { node } = await atPrompt();
    for (const line of ["#!", "echo $# $1 '/' $2", "cd /a/d", "test || exit 3", "echo not reached"]) {
      await output(node, `echo '${line.replaceAll("'", `'"'"'`)}' >> /a/s`);
    }
    expect(await output(node, "/a/s one 'two words'")).toMatch(/^2 one \/ two words\n/);
    expect(await output(node, "echo $?; pwd; cd; shell /a/s")).toMatch(/^3\n\/a\/d\n0 \/\n/);
    await output(node, "echo shell /a/s2 > /a/s2");
    expect(await output(node, "shell /a/s2")).toMatch(/too long|too deep/);
  });

  test("runs jobs beside itself, waits for them and ends them", async () => {
    const { lab, node } = await atPrompt();
    expect(await output(node, "sleep 100000 &")).toMatch(/^\[1\] task \d+\n$/);
    expect(await output(node, "seq 5 | wc > /a/n &")).toMatch(/^\[2\] task \d+\n$/);
    expect(await output(node, "wait %2; cat /a/n")).toBe("      5       5      10\n");
    expect(await output(node, "jobs")).toMatch(/^\[1\] running {2}task \d+ {2}sleep 100000\n$/);
    expect(await output(node, "kill %1; fg 1; echo $?")).toBe("137\n");
    await output(node, "sleep 300 && echo one > /a/n &");
    await output(node, "sleep 100 &");
    expect(await output(node, "wait; echo $?; cat /a/n")).toMatch(/^0\none\n/);
    await output(node, "sleep 100000 &");
    node.type("wait\n");
    await lab.advance("300ms");
    expect(await output(node, "\x03jobs")).toMatch(/ running {2}task \d+ {2}sleep 100000\n$/);
    await output(node, "kill %1; fg");
    node.type("sleep 100000 | sleep 100000; echo not reached\n");
    await lab.advance("300ms");
    expect(await output(node, "\x03echo $?")).toBe("130\n");
    expect(await output(node, "ps | grep sleep || echo none")).toBe("none\n");
    expect(await output(node, "mem check")).toMatch(/all headers agree/);
  });

  test("completes commands, paths and variables, and finds lines again", async () => {
    const { node } = await atPrompt();
    const typed = async (keys: string): Promise<string> => {
      node.type(keys);
      await node.waitFor(PROMPT);
      return node.console.text.trimEnd().split("\n").slice(-2)[0]!.trimEnd();
    };
    await output(node, "set word = found");
    expect(await typed("pw\t\n")).toBe("/");
    expect(await typed("cat /a/d/a\t\n")).toBe("one");
    expect(await typed("echo /\t d/\t\n")).toBe("/a/ d/");
    expect(await typed("cd /a; ls e\t\n")).toMatch(/^file +2 {2}c$/);
    expect(await typed("cd; echo $wo\t\n")).toBe("found");
    expect(await typed("echo a | ca\t\n")).toBe("a");
    node.type("cat /a/\t");
    await node.waitFor(/^d +e *$/m);
    expect(await typed("d/b\t\n")).toBe("two");
    expect(await typed("\x12/a/d\n")).toBe("two"); // Ctrl-R
    expect(await typed("\x12/a/d\x12\n")).toBe("one"); // the one before
    node.type("\x12nothing like this\x7f\x05x\x15echo left\n");
    await node.waitFor(/^left$/m);
  });

  thoroughly("keeps settings and history on the volume, and runs a script when the machine starts", async () => {
    const { lab, node } = await atPrompt();
    await output(node, "umount /a");
    await output(node, "mount hda0 /net");
    await output(node, "set colour = 'dark blue'; set history = /net/history; save");
    expect(await output(node, "cat /net/settings")).toBe("colour = dark blue\nhistory = /net/history\n");
    await output(node, "echo '# mine' >> /net/settings; echo 'hue=1 ' >> /net/settings; echo wrong >> /net/settings");
    await output(node, "echo 'set from init' > /net/init.rc; sync");
    node.reset();
    await node.waitFor(/settings: line 5 is not NAME = VALUE/);
    await lab.advance("1s");
    await node.enter("set", /^colour=dark blue\nhistory=\/net\/history\nhue=1\nfrom=init\n/m);
    await node.waitFor(PROMPT);
    await node.enter("hist", /# mine/);
  });
});
