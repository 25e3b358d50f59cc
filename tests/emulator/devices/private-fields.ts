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

/**
 * All that can be reached from `root`, but for what objects of the classes `skips` hold, and fields that are `left`
 * out.
 */
export function fieldsOf(root: object, skips: ReadonlySet<string>, left: (path: string) => boolean): Fields {
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
  /** Objects that lie in one other are looked at together: each question to the inspector takes its time. */
  const walkAll = (objects: readonly (readonly [path: string, objectId: string])[]): void => {
    if (objects.length === 0) return;
    const { result: looks } = post<{ result: { readonly value: readonly string[] } }>("Runtime.callFunctionOn", {
      objectId: objects[0]![1],
      functionDeclaration:
        "function (paths, ...places) { return places.map((place, index) => globalThis.fieldsLook(place, paths[index])); }",
      arguments: [{ value: objects.map(([path]) => path) }, ...objects.map(([, objectId]) => ({ objectId }))],
      returnByValue: true,
    });
    objects.forEach(([path, objectId], index) => {
      const look = looks.value[index]!;
      if (look !== "") found.set(path, look);
      else walk(path, objectId);
    });
  };
  const walk = (path: string, objectId: string): void => {
    const {
      result,
      privateProperties = [],
      internalProperties = [],
    } = post<Properties>("Runtime.getProperties", {
      objectId,
      ownProperties: true,
    });
    // What maps and sets hold.
    const entries = internalProperties.filter(({ name }) => name === "[[Entries]]");
    const objects: [string, string][] = [];
    for (const { name, value } of [...result, ...privateProperties, ...entries]) {
      if (!value || name === "__proto__" || value.type === "function") continue;
      const inner = `${path}.${name}`;
      if (left(inner)) continue;
      if (value.objectId !== undefined) objects.push([inner, value.objectId]);
      else found.set(inner, `${value.type} ${value.unserializableValue ?? String(value.value)}`);
    }
    walkAll(objects);
  };
  try {
    const { result } = post<{ result: RemoteObject }>("Runtime.evaluate", { expression: "globalThis.fieldsRoot" });
    walkAll([["", result.objectId!]]);
  } finally {
    session.disconnect();
    delete known.fieldsRoot;
    delete known.fieldsLook;
  }
  return { values: found, classes };
}
