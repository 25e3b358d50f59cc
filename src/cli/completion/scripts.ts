/**
 * What shells are given: a function that asks `qure completion SHELL -- WORDS` and takes the answer. Its first line is
 * `files` where files fit as well, the others are candidates in the shell's own form. Nothing that was typed is
 * evaluated, and nothing is needed of others' completions.
 */
import type { Candidate, Completed } from "./answer.ts";

interface Shell {
  /** Where the script goes. */
  readonly hint: string;
  readonly script: string;
  /** The words as they are meant, and how much of the last one the shell keeps as it is. */
  read(words: readonly string[]): { readonly words: readonly string[]; readonly kept: string };
  line(candidate: Candidate, kept: string): string;
}

/** The words that Bash makes of one: it splits them at these (COMP_WORDBREAKS). */
const BREAK = /^[=:]+$/;

function joined(tokens: readonly string[]): { readonly words: readonly string[]; readonly kept: string } {
  const words: string[] = [];
  let kept = "";
  let goesOn = false;
  for (const token of tokens) {
    const isBreak = BREAK.test(token) && words.length > 0;
    if (isBreak || goesOn) words.push((words.pop() ?? "") + token);
    else words.push(token);
    kept = isBreak ? words.at(-1)! : goesOn ? words.at(-1)!.slice(0, -token.length || undefined) : "";
    goesOn = isBreak;
  }
  return { words, kept };
}

const whole: Shell["read"] = (words) => ({ words, kept: "" });

/** Without what the shell has for its own signs: words of ours need none. */
const oneLine = (text: string): string => text.replaceAll("\t", " ");

export const SHELLS: Readonly<Record<string, Shell>> = {
  bash: {
    hint: 'add to ~/.bashrc: eval "$(qure completion bash)"',
    script: `# Completion of qure for bash 4 and later.
_qure() {
  local qure=$1 kind line
  local -a lines
  type -P "$qure" >/dev/null || qure=qure
  COMPREPLY=()
  mapfile -t lines < <("$qure" completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  kind=\${lines[0]:-files}
  for line in "\${lines[@]:1}"; do
    COMPREPLY+=("$line")
    case $line in *:/net/ | *=) compopt -o nospace 2>/dev/null ;; esac
  done
  [ "$kind" = files ] || compopt +o default +o bashdefault 2>/dev/null
  return 0
}
complete -o bashdefault -o default -F _qure qure
`,
    read: joined,
    line: ({ word }, kept) => word.slice(kept.length),
  },
  zsh: {
    hint: 'add to ~/.zshrc, after compinit: eval "$(qure completion zsh)"',
    script: `#compdef qure
# Completion of qure for zsh.
_qure() {
  local qure=\${(Q)words[1]} kind
  local -a lines open
  (( $+commands[$qure] )) || [[ -x $qure ]] || qure=qure
  lines=("\${(@f)$("$qure" completion zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  kind=\${lines[1]:-files}
  shift lines
  open=(\${(M)lines:#*(:/net/|=):*})
  lines=(\${lines:#*(:/net/|=):*})
  (( $#lines )) && _describe qure lines
  (( $#open )) && _describe qure open -S ''
  [[ $kind == files ]] && _files
  return 0
}
if [[ $funcstack[1] == _qure ]]; then
  _qure "$@"
elif (( $+functions[compdef] )); then
  compdef _qure qure
fi
`,
    read: whole,
    line: ({ word, help }) => `${word.replaceAll("\\", "\\\\").replaceAll(":", "\\:")}:${oneLine(help)}`,
  },
  fish: {
    hint: "qure completion fish > ~/.config/fish/completions/qure.fish",
    script: `# Completion of qure for fish 3 and later.
function __qure_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l qure $words[1]
    set -e words[1]
    type -q -- $qure; or set qure qure
    set -l lines (command $qure completion fish -- $words "$current" 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    test (count $lines) -gt 0; and printf '%s\\n' $lines
    test "$kind" = none; or __fish_complete_path "$current"
end
complete -c qure -f -a '(__qure_complete)'
`,
    read: whole,
    line: ({ word, help }) => `${word}\t${oneLine(help)}`,
  },
};

/** The answer to a shell's question. */
export function linesOf({ line }: Shell, { candidates, files }: Completed, kept: string): string {
  const lines = candidates.map((candidate) => line(candidate, kept));
  return `${[files ? "files" : "none", ...lines].join("\n")}\n`;
}
