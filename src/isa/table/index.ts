/** The whole instruction table: what the processors here have, and what is known of others. */

import type { Form, SizedNames } from "../form.ts";
import { tableRows } from "../notation.ts";
import { LATER } from "./later.ts";
import { processorForms, processorTable, Table } from "./processor.ts";

let later: Table | null = null;
let forms: readonly Form[] | null = null;

const laterTable = (): Table => (later ??= new Table(tableRows(LATER), processorTable().size));

/** Every form, in the table's order: of forms that take the same operands, the encoder prefers the earlier. */
export const allForms = (): readonly Form[] => (forms ??= [...processorForms(), ...laterTable().all]);

/** Every name of a form in one of the syntaxes. */
const namesIn = (form: Form, att: boolean): readonly SizedNames[] => (att ? form.attNames : form.names);

/** Forms that the encoder may choose for a name without suffix, in the table's order. */
export const formsNamed = (name: string, att: boolean): readonly Form[] =>
  [...processorTable().mentioning(name), ...laterTable().mentioning(name)].filter(
    (form) => !form.decodeOnly && namesIn(form, att).some((pair) => pair.includes(name)),
  );

const namesOfSyntax = new Map<boolean, ReadonlySet<string>>();

/** All names without suffix, for suggestions. */
export function formNames(att: boolean): ReadonlySet<string> {
  let names = namesOfSyntax.get(att);
  if (names === undefined) {
    const forms = allForms().filter(({ decodeOnly }) => !decodeOnly);
    names = new Set(forms.flatMap((form) => namesIn(form, att).flat()));
    namesOfSyntax.set(att, names);
  }
  return names;
}
