// Types for programs that get the package by `require`. TypeScript takes what a CommonJS module may import from a
// declaration of its own kind; this one names, one by one, what the declarations of the modules have. So both kinds of
// program share the types.

/** Names that the source of an entry exports, each with whether it is a type and nothing else. */
function exportedNames(source) {
  const names = new Map();
  for (const [, isType, list] of source.matchAll(/^export (type )?\{([^}]*)\}/gm))
    for (const item of list.split(",").map((text) => text.trim()))
      if (item !== "") names.set(item.replace(/^type /, ""), isType !== undefined || item.startsWith("type "));
  return names;
}

const isClass = (value) => typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/**
 * `sources`: texts of the modules that the entry `path` of dist/types names; `module`: what it exports when it runs.
 */
export function commonJsTypes(sources, module, path) {
  const place = `import("${path}", { with: { "resolution-mode": "import" } })`;
  const names = new Map(sources.flatMap((source) => [...exportedNames(source)]));
  const unknown = Object.keys(module).filter((name) => names.get(name) !== false);
  if (unknown.length > 0) throw new Error(`${path} exports ${unknown.join(", ")} in a way that is not read here`);
  const lines = [...names].flatMap(([name, isType]) => [
    ...(isType ? [] : [`export declare const ${name}: typeof ${place}.${name};`]),
    ...(isType || isClass(module[name]) ? [`export type ${name} = ${place}.${name};`] : []),
  ]);
  return `${lines.join("\n")}\n`;
}
