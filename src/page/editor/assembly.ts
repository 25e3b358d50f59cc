/** Assembly for GNU as in Intel's notation, coloured: one line at a time, with comments that go over several. */
import { HighlightStyle, StreamLanguage, type StringStream, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

interface Place {
  inComment: boolean;
  /** Nothing but labels has come on this line: a word is an instruction. */
  isFirst: boolean;
}

const REGISTER = /^(?:e?[abcd]x|[abcd][hl]|e?(?:si|di|sp|bp|ip)|[cdefgs]s|[cd]r[0-7]|st|[xy]?mm[0-7])$/i;

function skipComment(stream: StringStream, place: Place): string {
  place.inComment = !stream.match(/^.*?\*\//);
  if (place.inComment) stream.skipToEnd();
  return "comment";
}

function token(stream: StringStream, place: Place): string | null {
  if (stream.sol()) place.isFirst = true;
  if (place.inComment) return skipComment(stream, place);
  if (stream.eatSpace()) return null;
  if (stream.match("/*")) return skipComment(stream, place);
  if (stream.match(/^(?:#|\/\/).*/)) return "comment";
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:\\.|[^'])'?/)) return "string";
  if (stream.match(/^[\w.$]+:/)) return "labelName";
  if (stream.match(/^\.[\w.]+/)) {
    place.isFirst = false;
    return "keyword";
  }
  if (stream.match(/^\d\w*/)) return "number";
  const word = stream.match(/^[\w$]+/) as RegExpMatchArray | null;
  if (!word) {
    stream.next();
    return null;
  }
  const isInstruction = place.isFirst;
  place.isFirst = false;
  if (isInstruction) return "operatorKeyword";
  return REGISTER.test(word[0]) ? "variableName" : null;
}

const language = StreamLanguage.define<Place>({
  name: "assembly",
  startState: () => ({ inComment: false, isFirst: true }),
  copyState: (place) => ({ ...place }),
  token,
  languageData: { commentTokens: { line: "#" } },
});

/** In the page's own colours, for light and dark. */
const style = HighlightStyle.define([
  { tag: tags.comment, color: "var(--quiet)" },
  { tag: tags.string, color: "var(--good-text)" },
  { tag: tags.labelName, fontWeight: "650" },
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: tags.operatorKeyword, fontWeight: "550" },
  { tag: tags.variableName, color: "var(--accent)" },
]);

export const assembly = [language, syntaxHighlighting(style)];
