/** Tables of fields (src/plan/fields.ts) as pages have them. */
import type { Field, FieldTable } from "../../src/plan/fields.ts";

function initialText(field: Field<unknown>): string {
  if (field.isRequired) return "needed";
  if (field.table || field.initial === null) return "";
  const written = JSON.stringify(field.write(field.initial));
  return written === "[]" || written === "{}" ? "" : `\`${written}\``;
}

const isMany = ({ kind }: Field<unknown>): boolean => kind === "list" || kind.startsWith("map");

/** A table for an object, called `title`, and those of the objects in it, called by their paths. */
export function fieldTables(table: FieldTable, title: string, hasOptions: boolean, path = ""): string[] {
  const shown = Object.entries(table).filter(([name]) => !name.startsWith("$"));
  const rows = shown.map(([name, field]) => {
    const kind = field.kind.replaceAll("|", "\\|");
    const said = field.option ?? field.madeFrom;
    const option = hasOptions ? ` ${said === undefined ? "" : `\`--${said}\``} |` : "";
    return `| \`${name}\` | ${kind} | ${initialText(field)} | ${field.help} |${option}`;
  });
  const inner = shown.flatMap(([name, field]) => {
    const within = field.table ?? field.item?.table;
    const own = `${path === "" ? "" : `${path}.`}${name}${isMany(field) ? "[]" : ""}`;
    return within ? fieldTables(within, `\`${own}\``, hasOptions, own) : [];
  });
  const head = ["| field | value | default | what it is |", "|---|---|---|---|"];
  const wide = hasOptions ? [`${head[0]} option |`, `${head[1]}---|`] : head;
  return [`### ${title}`, "", ...wide, ...rows, "", ...inner];
}
