/** CodeMirror as the page's editor of sources: a part of its own, loaded when somebody opens the editor. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import type { SourceDiagnostic } from "../protocol.ts";
import { assembly } from "./assembly.ts";

export interface SourceEditor {
  /** Another text, without a way back to the one before. */
  open(text: string, label: string): void;
  /** Shows mistakes at their lines. */
  mark(diagnostics: readonly SourceDiagnostic[]): void;
  goTo(line: number, column: number): void;
  close(): void;
}

const THEME = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--raised)", fontSize: "13px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.45" },
  ".cm-gutters": { color: "var(--quiet)", backgroundColor: "var(--raised)", border: "0" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent-soft) 45%, transparent)" },
  "&.cm-focused": { outline: "2px solid var(--accent)" },
  "& .cm-selectionBackground, &.cm-focused .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft) !important",
  },
  ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--raised)", borderColor: "var(--line)" },
});

/** The place of a line and a column, both counted from 1, in a text that may have changed since. */
function placeIn(state: EditorState, line: number, column: number): { from: number; to: number } {
  const { from, to } = state.doc.line(Math.max(1, Math.min(line, state.doc.lines)));
  return { from: Math.min(to, from + Math.max(0, column - 1)), to };
}

export function makeEditor(parent: HTMLElement, changed: (text: string) => void): SourceEditor {
  const stateOf = (doc: string, label: string): EditorState =>
    EditorState.create({
      doc,
      extensions: [
        ...[lineNumbers(), lintGutter(), history(), drawSelection(), highlightActiveLine(), assembly, THEME],
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorState.tabSize.of(8),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged) changed(state.doc.toString());
        }),
      ],
    });
  const view = new EditorView({ parent, state: stateOf("", "Source") });
  return {
    open: (text, label) => view.setState(stateOf(text, label)),
    mark: (diagnostics) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          diagnostics.map(({ line, column, severity, message }) => ({
            ...placeIn(view.state, line, column),
            severity: severity === "error" ? "error" : "warning",
            message,
          })),
        ),
      ),
    goTo: (line, column) => {
      const { from } = placeIn(view.state, line, column);
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    close: () => view.destroy(),
  };
}
