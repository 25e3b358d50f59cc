/** `qure completion`: what a word may become, and that Bash, zsh and fish say so. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { complete, type Live } from "../../src/cli/completion/answer.ts";
import { treeOf } from "../../src/cli/completion/tree.ts";
import { declare as declareVm } from "../../src/cli/vm.ts";
import { declare as declareVolume } from "../../src/cli/volume.ts";
import { makeFolder } from "../../src/host/folder.ts";
import { newIdentity } from "../../src/vm/host/home.ts";
import { requireOracle } from "../oracle.ts";
import { describeThoroughly } from "../setup/thoroughly.ts";

const program = new Command("qure");
declareVm(program.command("vm").description("machines"));
declareVolume(program.command("volume"));
program.command("as").description("assemble");
program.command("emu").option("--jit <mode>", "compiled code").options.at(-1);
const tree = treeOf(program);

const live: Live = {
  machines: (cluster, kind) => (kind === "removed" ? ["old"] : cluster === "lab" ? ["far"] : ["1", "web"]),
  clusters: () => ["lab", "main"],
  volumes: async (store) => {
    if (store === "none") throw new Error("there is no such store");
    return ["disk", "data"];
  },
  snapshots: async (_cluster, machine) => (machine === "web" ? ["monday"] : []),
};

/** What the line may become, and `+` where files may follow. */
async function become(line: string): Promise<string> {
  const { candidates, files } = await complete(tree, line.split(" "), live);
  return [...candidates.map(({ word }) => word), ...(files ? ["+"] : [])].join(" ");
}

test.each([
  ["v", "vm volume"],
  ["vm sta", "status start"],
  ["vm rm ", "1 web all"],
  ["vm start ", "1 web all"],
  ["vm start w", "web"],
  ["vm start web ", "1"],
  ["vm start -c lab ", "far"],
  ["vm start --cluster=lab ", "far"],
  ["vm start --cluster ", "lab main"],
  ["vm start --cluster=m", "--cluster=main"],
  ["vm start --timeout ", ""],
  ["vm start --timeout 5 w", "web"],
  ["vm start --dis", "--discard"],
  ["vm start -", "--cluster --timeout --json --discard --help"],
  ["vm restore ", "old"],
  ["vm snapshot restore ", "1 web"],
  ["vm snapshot restore web ", "monday"],
  ["vm snapshot remove 1 ", ""],
  ["vm snapshot create web ", ""],
  ["vm add ", ""],
  ["vm add --from ", "+"],
  ["vm add --driver q", "qemu"],
  ["vm add --driver=q", "--driver=qemu"],
  ["vm add --json=", ""],
  ["vm add --no-such=", ""],
  ["vm wait web --for ", "shell cluster address"],
  ["vm protect web o", "on off"],
  ["vm snapshot ", "create list restore remove"],
  ["vm snapshot create ", "1 web"],
  ["vm set web d", "driver=emu driver=qemu driver=libvirt driver=vmware displayName="],
  ["vm set web cpus=2 auto", "autostart=true autostart=false"],
  ["vm cp w", "web:/net/ +"],
  ["vm screenshot web ", "+"],
  ["vm exec web -- ls -", ""],
  ["volume info d", "disk data"],
  ["volume info --store none d", ""],
  ["volume create ", ""],
  ["volume export disk ", "+"],
  ["volume clone disk ", ""],
  ["as -o x ", "+"],
  ["emu ", "+"],
  ["no such thing ", "+"],
])("%j", async (line, wanted) => {
  expect(await become(line)).toBe(wanted);
});

describeThoroughly("in a shell", () => {
  const folder = mkdtempSync(join(tmpdir(), "qure-shells-"));
  const env = {
    ...process.env,
    HOME: folder,
    PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"]}`,
    QURE_MACHINES: join(folder, "machines"),
    QURE_CLUSTER: "",
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_DATA_HOME: join(folder, "data"),
  };
  beforeAll(() => {
    mkdirSync(join(folder, "bin"));
    symlinkSync(join(import.meta.dirname, "../../dist/qure.cjs"), join(folder, "bin/qure"));
    for (const name of ["web", "a_b"]) {
      const machine = join(folder, "machines/main", `qure-${name}`);
      makeFolder(machine);
      writeFileSync(join(machine, "machine.jsonc"), JSON.stringify({ ...newIdentity(), number: 1, name }));
    }
    writeFileSync(join(folder, "note.txt"), "");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What it prints. Nobody who types wants an error. */
  function run(shell: string, ...args: string[]): string {
    const { stdout, stderr, status } = spawnSync(shell, args, { cwd: folder, env, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    return stdout;
  }

  const bashOf =
    (program: string) =>
    (...words: string[]): string[] =>
      run(
        program,
        "--norc",
        "-uc",
        `eval "$(qure completion bash)"; eval "$(qure completion bash)"
       COMP_WORDS=(qure "$@"); COMP_CWORD=$#; _qure qure; printf '%s\\n' "\${COMPREPLY[@]-}"`,
        "bash",
        ...words,
      )
        .trim()
        .split("\n");

  test("Bash, which takes words apart at = and :", (context) => {
    const bash = bashOf(requireOracle("bash", context));
    expect(bash("vm", "sta")).toEqual(["status", "start"]);
    expect(bash("vm", "start", "")).toEqual(["a_b", "web", "all"]);
    expect(bash("vm", "add", "--driver", "=", "q")).toEqual(["qemu"]);
    expect(bash("vm", "add", "--driver", "=")).toEqual(["emu", "qemu", "libvirt", "vmware"]);
    expect(bash("vm", "set", "web", "accelerator", "=", "")).toEqual(["tcg", "kvm"]);
    expect(bash("vm", "cp", "w")).toEqual(["web:/net/"]);
    expect(bash("vm", "cp", "web", ":", "/")).toEqual(["/net/"]);
    expect(bash("vm", "cp", "web", ":", "/net/x", "w")).toEqual(["web:/net/"]);
    expect(bash("vm", "status", "$(echo web >&2)")).toEqual([""]);
    expect(bash("emu", "--jit", "")).toEqual(["on", "off", "force"]);
    expect(bash("volume", "info", "")).toEqual([""]);
  });

  test("fish", (context) => {
    const fish = (line: string): string[] =>
      run(
        requireOracle("fish", context),
        "--no-config",
        "-c",
        `qure completion fish | source; complete -C ${JSON.stringify(line)}`,
      )
        .trim()
        .split("\n");
    expect(fish("qure vm sta")).toEqual([
      "start\tswitch machines on; those that are suspended go on",
      "status\tsay all that is known of a machine",
    ]);
    expect(fish("qure vm start ")).toEqual(["all\tall of them", "a_b\tmachine", "web\tmachine"]);
    expect(fish("qure vm add --driver=q")).toEqual(["--driver=qemu"]);
    expect(fish("qure inspect no")).toEqual([expect.stringMatching(/^note\.txt/)]);
    expect(fish("qure vm start no")).toEqual([""]);
  });

  test("zsh, at its own line editor", (context) => {
    const lines = [
      "qure vm laun",
      "qure vm set web mem",
      "qure vm start w",
      "qure vm add --driver=q",
      "qure vm cp we",
      "qure inspect no",
    ];
    const script = `
      zmodload zsh/zpty
      zpty shell "PS1= zsh -f -i"
      zpty -w shell $'PS1=; autoload -Uz compinit; compinit -u -D; eval "$(qure completion zsh)"'
      zpty -w shell $'show() { print -r -- "<<$BUFFER>>"; zle kill-whole-line }; zle -N show; bindkey "^X" show; print be"gun"'
      zpty -r shell line '*begun*'
      for typed in "$@"; do
        zpty -w -n shell "$typed"$'\\t\\x18'
        zpty -r shell line '*>>*'
        print -r -- "\${\${line##*<<}%%>>*}"
      done
      zpty -d shell`;
    expect(
      run(requireOracle("zsh", context), "-f", "-c", script, "zsh", ...lines)
        .trimEnd()
        .split("\n"),
    ).toEqual([
      "qure vm launch ",
      "qure vm set web memory=",
      "qure vm start web ",
      "qure vm add --driver=qemu ",
      "qure vm cp web:/net/",
      "qure inspect note.txt",
    ]);
  });
});
