/**
 * Everything that an object holds, however deep, private fields included: what only the engine's inspector can list.
 * Functions count as equal; what they have captured is not looked at.
 */
import { Session } from "node:inspector";

interface RemoteObject {
  readonly type: string;
  readonly subtype?: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
  readonly objectId?: string;
}

interface Properties {
  readonly result: readonly { readonly name: string; readonly value?: RemoteObject; readonly isOwn?: boolean }[];
  readonly privateProperties?: readonly { readonly name: string; readonly value?: RemoteObject }[];
  readonly internalProperties?: readonly { readonly name: string; readonly value?: RemoteObject }[];
}

export interface Fields {
  /** Paths to all values that are not objects, with these values as text. */
  readonly values: ReadonlyMap<string, string>;
  /** Names of the classes of all objects on the way. */
  readonly classes: ReadonlySet<string>;
}

/** What is compared as a whole: its type and bytes. */
function bytesOf(place: object): string | null {
  if (!ArrayBuffer.isView(place)) return null;
  const bytes = Buffer.from(place.buffer, place.byteOffset, place.byteLength);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return `${place.constructor.name} of ${bytes.length}: ${bytes.subarray(0, end).toString("latin1")}`;
}

/** All that can be reached from `root`, but for what objects of the classes `skips` hold. */
export function fieldsOf(root: object, skips: ReadonlySet<string>): Fields {
  const session = new Session();
  session.connect();
  const post = <Answer>(method: string, parameters: object): Answer => {
    let answer: Answer | null = null;
    // In the session's own thread the answer comes before `post` returns.
    session.post(method, parameters, (error: Error | null, result?: unknown) => {
      if (error) throw error;
      answer = result as Answer;
    });
    return answer!;
  };
  /** Where each object was met first. */
  const places = new WeakMap<object, string>();
  const classes = new Set<string>();
  const known = globalThis as unknown as { fieldsRoot?: object; fieldsLook?: (place: object, path: string) => string };
  known.fieldsLook = (place, path) => {
    const name = place.constructor?.name ?? "";
    const first = places.get(place);
    if (first !== undefined) return `the same as ${first}`;
    places.set(place, path);
    classes.add(name);
    if (skips.has(name)) return `${name}, left out`;
    return bytesOf(place) ?? "";
  };
  known.fieldsRoot = root;
  const found = new Map<string, string>();
  const walk = (path: string, value: RemoteObject): void => {
    if (value.type === "function") return;
    if (value.objectId === undefined) {
      found.set(path, `${value.type} ${value.unserializableValue ?? String(value.value)}`);
      return;
    }
    const { result: look } = post<{ result: RemoteObject }>("Runtime.callFunctionOn", {
      objectId: value.objectId,
      functionDeclaration: "function (path) { return globalThis.fieldsLook(this, path); }",
      arguments: [{ value: path }],
    });
    if (look.value !== "") {
      found.set(path, String(look.value));
      return;
    }
    const {
      result,
      privateProperties = [],
      internalProperties = [],
    } = post<Properties>("Runtime.getProperties", {
      objectId: value.objectId,
      ownProperties: true,
    });
    // What maps and sets hold.
    const entries = internalProperties.filter(({ name }) => name === "[[Entries]]");
    for (const { name, value: inner } of [...result, ...privateProperties, ...entries])
      if (inner && name !== "__proto__") walk(`${path}.${name}`, inner);
  };
  try {
    walk("", post<{ result: RemoteObject }>("Runtime.evaluate", { expression: "globalThis.fieldsRoot" }).result);
  } finally {
    session.disconnect();
    delete known.fieldsRoot;
    delete known.fieldsLook;
  }
  return { values: found, classes };
}
