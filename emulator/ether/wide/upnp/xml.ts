/**
 * As much of XML as messages of SOAP have: elements, text, comments, CDATA. Prefixes of namespaces are left out, and
 * attributes are looked over and forgotten. Document types are refused: no entities are of the sender's making. Source:
 * XML 1.0, fifth edition.
 */
export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** Of all its pieces of text together. */
  text: string;
  readonly children: XmlElement[];
}

/** What more than a stranger's message may have; an envelope with each argument of the longest action has 12 and 4. */
const MOST_ELEMENTS = 64;
const MOST_DEPTH = 8;

const NAME = String.raw`[A-Za-z_][\w.-]*`;
const START_TAG = new RegExp(
  String.raw`<((?:${NAME}:)?${NAME})((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>`,
  "y",
);
const END_TAG = new RegExp(String.raw`</((?:${NAME}:)?${NAME})\s*>`, "y");
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** Between these marks text is left out, or taken as it is. */
const SPANS = [
  { from: "<?", to: "?>", isText: false },
  { from: "<!--", to: "-->", isText: false },
  { from: "<![CDATA[", to: "]]>", isText: true },
] as const;

/** The document's element; null for what is not well-formed, or larger than any message of ours. */
export function parseXml(text: string): XmlElement | null {
  const reader = new Reader(text);
  while (!reader.isAtEnd) if (!reader.step()) return null;
  return reader.root;
}

class Reader {
  readonly #text: string;
  readonly #open: { readonly tag: string; readonly element: XmlElement }[] = [];
  #root: XmlElement | null = null;
  #elements = 0;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get root(): XmlElement | null {
    return this.#open.length === 0 ? this.#root : null;
  }

  /** False: it is not well-formed. */
  step(): boolean {
    if (this.#text[this.#at] !== "<") return this.#characters();
    const span = SPANS.find(({ from }) => this.#text.startsWith(from, this.#at));
    if (span) return this.#span(span.from, span.to, span.isText);
    return this.#text[this.#at + 1] === "/" ? this.#endTag() : this.#startTag();
  }

  #characters(): boolean {
    const next = this.#text.indexOf("<", this.#at);
    const end = next < 0 ? this.#text.length : next;
    const found = unescapeXml(this.#text.slice(this.#at, end));
    this.#at = end;
    return found !== null && this.#take(found);
  }

  /** Outside of the document's element there is nothing but space. */
  #take(text: string): boolean {
    const open = this.#open.at(-1);
    if (open) open.element.text += text;
    return open !== undefined || /^\uFEFF?\s*$/.test(text);
  }

  #span(from: string, to: string, isText: boolean): boolean {
    const start = this.#at + from.length;
    const end = this.#text.indexOf(to, start);
    if (end < 0) return false;
    this.#at = end + to.length;
    return !isText || (this.#open.length > 0 && this.#take(this.#text.slice(start, end)));
  }

  #startTag(): boolean {
    START_TAG.lastIndex = this.#at;
    const [whole, tag = "", , isEmpty] = START_TAG.exec(this.#text) ?? [];
    if (whole === undefined || ++this.#elements > MOST_ELEMENTS || this.#open.length >= MOST_DEPTH) return false;
    const element = { name: tag.slice(tag.indexOf(":") + 1), text: "", children: [] };
    const open = this.#open.at(-1);
    if (open) open.element.children.push(element);
    else if (this.#root) return false;
    else this.#root = element;
    if (!isEmpty) this.#open.push({ tag, element });
    this.#at += whole.length;
    return true;
  }

  #endTag(): boolean {
    END_TAG.lastIndex = this.#at;
    const [whole, tag] = END_TAG.exec(this.#text) ?? [];
    if (whole === undefined || this.#open.pop()?.tag !== tag) return false;
    this.#at += whole.length;
    return true;
  }
}

/** Null: an entity that there is not, or a character that XML does not have (2.2). */
function unescapeXml(text: string): string | null {
  let isWrong = false;
  const found = text.replace(/&(?:(#x?)?(\w{1,8});)?/g, (_, number: string | undefined, name: string | undefined) => {
    const code = number === undefined || name === undefined ? null : codeOf(name, number === "#x" ? 16 : 10);
    const character = code === null ? ENTITIES[name ?? ""] : String.fromCodePoint(code);
    if (character === undefined || (number !== undefined && code === null)) isWrong = true;
    return character ?? "";
  });
  return isWrong || hasControls(found) ? null : found;
}

function codeOf(digits: string, base: 10 | 16): number | null {
  if (!(base === 16 ? /^[\da-f]+$/i : /^\d+$/).test(digits)) return null;
  const code = Number.parseInt(digits, base);
  return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? null : code;
}

const hasControls = (text: string): boolean =>
  [...text].some((character) => character < " " && !"\t\n\r".includes(character));

/** For text between tags. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]!);

/** An element of text, or of others that are already XML. */
export const xmlElement = (name: string, ...content: readonly string[]): string =>
  `<${name}>${content.join("")}</${name.split(" ", 1)[0]}>`;
