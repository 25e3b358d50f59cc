/** What can be done to a machine: the words of the scripts of `qure emu`, as buttons. */
import { useState } from "preact/hooks";
import { ACTIONS, type ActionKind } from "../../lab/actions.ts";
import type { NodeState } from "../protocol.ts";
import type { Store } from "./store.ts";

/** What most people want to do; of two that undo each other, the one that makes sense now. */
const FIRST: readonly (readonly string[])[] = [["unplug", "plug"], ["cut", "power"], ["reset"]];

const GROUPS: readonly (readonly [title: string, words: readonly string[]])[] = [
  ["Cable", ["block", "lose", "delay", "jitter", "reorder", "duplicate", "corrupt", "rate", "heal", "deaf", "hear"]],
  ["Power", ["button", "nmi", "freeze", "clock", "copy"]],
  ["Disk", ["slow", "fail", "full", "flip", "unflushed", "older", "eject"]],
  ["Mouse", ["mouse", "buttons"]],
];

/** Words that make no sense as things are. */
function isIdle(word: string, node: NodeState): boolean {
  if (word === "unplug") return !node.isPlugged;
  if (word === "plug") return node.isPlugged;
  if (word === "power") return node.isOn;
  return !node.isOn && ["cut", "reset", "button", "nmi", "freeze"].includes(word);
}

export function Toolbox({ store, node, index }: { store: Store; node: NodeState; index: number }) {
  // One that takes another's place keeps the focus.
  const toolOf = (word: string, place = word) => (
    <Tool
      key={`${place} ${index}`}
      kind={ACTIONS.find((known) => known.word === word)!}
      store={store}
      index={index}
      isIdle={isIdle(word, node)}
    />
  );
  return (
    <div class="toolbox">
      <fieldset class="first">
        <legend class="unseen">What to do to {node.name}</legend>
        {FIRST.map((words) => toolOf(words.find((word) => !isIdle(word, node)) ?? words[0]!, words[0]))}
      </fieldset>
      <details class="more">
        <summary>More: cable, power, disk, mouse</summary>
        {GROUPS.map(([title, words]) => (
          <fieldset key={title}>
            <legend>{title}</legend>
            {words.map((word) => toolOf(word))}
          </fieldset>
        ))}
      </details>
    </div>
  );
}

interface ToolProps {
  readonly kind: ActionKind;
  readonly store: Store;
  readonly index: number;
  readonly isIdle: boolean;
}

function Tool({ kind, store, index, isIdle: isDisabled }: ToolProps) {
  const [texts, setTexts] = useState(kind.parameters.map(({ kind: parameter, usual }) => parameter.format(usual)));
  const [problem, setProblem] = useState("");
  const act = (): void => {
    try {
      const values = kind.parameters.map(({ kind: parameter }, at) => parameter.parse(texts[at]!));
      setProblem("");
      store.send({ kind: "act", word: kind.word, node: index, values });
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <span class="tool">
      <button
        type="button"
        disabled={isDisabled}
        onClick={act}
        title={`${kind.help} (in scripts: !${kind.word})`}
        data-word={kind.word}
      >
        {kind.label}
      </button>
      {kind.parameters.map(({ name }, at) => (
        <input
          key={name}
          type="text"
          aria-label={`${kind.label}: ${name}`}
          value={texts[at]}
          size={4}
          onInput={({ currentTarget }) =>
            setTexts(texts.map((text, other) => (other === at ? currentTarget.value : text)))
          }
        />
      ))}
      {problem !== "" && (
        <em class="problem" role="alert">
          {problem}
        </em>
      )}
    </span>
  );
}
