/**
 * Reads the XML that S3 answers with: elements and text, strictly. What is cut off or not well-formed is refused, since
 * half a listing would pass for a whole one. Attributes are skipped; comments, CDATA and document types are not taken.
 */

export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

const TOKEN = /<\?[^>]*\?>|<\/([\w:.-]+)\s*>|<([\w:.-]+)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>|[^<]+/y;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const MOST_DEPTH = 16;

/** The document's element; null when the text is none. */
export function parseXml(source: string): Element | null {
  const root: Open = { name: "", children: [], text: "" };
  const open: Open[] = [root];
  TOKEN.lastIndex = source.startsWith("\uFEFF") ? 1 : 0;
  while (TOKEN.lastIndex < source.length) {
    const token = TOKEN.exec(source);
    if (token === null) return null;
    const [whole, closed, opened, slash] = token;
    const top = open.at(-1)!;
    if (closed !== undefined) {
      if (top.name !== closed || open.length < 2) return null;
      open.pop();
    } else if (opened !== undefined) {
      const element: Open = { name: opened, children: [], text: "" };
      top.children.push(element);
      if (slash === "") open.push(element);
      if (open.length > MOST_DEPTH) return null;
    } else if (!whole.startsWith("<?")) {
      const text = plain(whole);
      if (text === null || (top === root && text.trim() !== "")) return null;
      top.text += text;
    }
  }
  return open.length === 1 && root.children.length === 1 ? root.children[0]! : null;
}

function plain(text: string): string | null {
  let isKnown = true;
  const result = text.replace(/&([^;&]{0,8})(;?)/g, (_, name: string, end: string) => {
    const code = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
    const point = code === null ? Number.NaN : Number.parseInt(code[1] ?? code[2]!, code[1] === undefined ? 10 : 16);
    const found = point <= 0x10ffff ? String.fromCodePoint(point) : ENTITIES[name];
    if (found === undefined || end === "") isKnown = false;
    return found ?? "";
  });
  return isKnown ? result : null;
}

/** The text of the element at a path below this one; null when it is not there. */
export function textAt(element: Element | null, ...path: readonly string[]): string | null {
  let at: Element | undefined = element ?? undefined;
  for (const name of path) at = at?.children.find((child) => child.name === name);
  return at?.text ?? null;
}
