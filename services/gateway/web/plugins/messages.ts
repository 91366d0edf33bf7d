// The product's texts for the page: `messages.po` of each language (shared/pulsepoint/brand/locale), compiled at build.
// PO files with {placeholders} and gettext's plural forms become what @lingui/core reads: ICU MessageFormat, compiled.

import { type CompiledMessage, compileMessage } from "@lingui/message-utils/compileMessage";
import PO from "pofile";
import type { Plugin } from "vite";

export type Messages = Record<string, CompiledMessage>;

const FAMILIES = ["page.", "severity.", "channel."];
const PLURAL_RULE = /nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([n0-9\s%=!<>&|?:()+-]+);?/;
/** Counts that reach every form of every language: small ones, hundreds, and those of French and Spanish "many". */
const SAMPLES = [...Array.from({ length: 1_001 }, (_, index) => index), 1_000_000, 2_000_000];

/** A module of `{ id: message }` for each `.po` file that is imported; texts of other families stay out. */
export function messages(): Plugin {
  return {
    name: "messages",
    transform(text, id) {
      if (!id.split("?")[0]?.endsWith(".po")) return null;
      return { code: `export default ${JSON.stringify(compiled(text))};`, map: null };
    },
  };
}

/** The messages of a PO text by id; those without a translation are left out. */
export function compiled(text: string): Messages {
  const catalog = PO.parse(text);
  const items = catalog.items.filter(
    ({ msgid, msgstr }) => FAMILIES.some((family) => msgid.startsWith(family)) && msgstr.every(Boolean),
  );
  return Object.fromEntries(items.map(({ msgid, msgstr }) => [msgid, compileMessage(icu(msgstr, catalog.headers))]));
}

function icu(forms: string[], headers: Partial<Record<string, string>>): string {
  const [only] = forms;
  if (only !== undefined && forms.length === 1) return quoted(only);
  const places = pluralPlaces(headers.Language ?? "en", headers["Plural-Forms"] ?? "");
  const cases = places.map(([category, place]) => `${category} {${counted(forms[place] ?? forms.at(-1) ?? "")}}`);
  return `{count, plural, ${cases.join(" ")}}`;
}

/** In ICU an apostrophe quotes; in a PO file it is one. */
const quoted = (text: string): string => text.replaceAll("'", "''");
const counted = (form: string): string => quoted(form).replaceAll("#", "'#'").replaceAll("{count}", "#");

/** Which of gettext's forms stands for each of the language's plural categories (CLDR's names). */
export function pluralPlaces(language: string, header: string): [Intl.LDMLPluralRule, number][] {
  const [, count, expression] = PLURAL_RULE.exec(header) ?? ["", "2", "n != 1"];
  const place = new Function("n", `return Number(${expression})`) as (n: number) => number;
  const rules = new Intl.PluralRules(language);
  const places = new Map<Intl.LDMLPluralRule, number>();
  for (const sample of SAMPLES) {
    const category = rules.select(sample);
    if (!places.has(category)) places.set(category, place(sample));
  }
  if (!places.has("other")) places.set("other", Number(count) - 1);
  return [...places];
}
