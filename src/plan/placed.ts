/** Files of JSON in which what is wrong is shown where it stands. */
import { PlanError } from "./fields.ts";
import { JsonError, JsonText, lineOf } from "./json-text.ts";

/**
 * What `read` makes of a file's value. Throws a PlanError with `name:line:column: error:` before it; a PlanError of
 * `read` tells by its place where that is.
 */
export function readPlaced<Value>(text: string, name: string, read: (value: unknown) => Value): Value {
  const at = ({ line, column }: { line: number; column: number }): string => `${name}:${line}:${column}: error`;
  let json: JsonText;
  try {
    json = new JsonText(text);
  } catch (error) {
    if (error instanceof JsonError) throw new PlanError(at(lineOf(text, error.offset)), error.message);
    throw error;
  }
  try {
    return read(json.value);
  } catch (error) {
    if (error instanceof PlanError) throw new PlanError(at(json.where(error.place)), error.message);
    throw error;
  }
}
