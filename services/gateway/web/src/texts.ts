// The sentences of the page, by id, in the language of the reader: from the product's own catalog of texts.

import { setupI18n } from "@lingui/core";
import english from "../../../../shared/pulsepoint/brand/locale/en/messages.po";
import type { Messages } from "../plugins/messages";

/** Every language there is: adding `locale/<language>/messages.po` is all it takes. */
const OTHERS = import.meta.glob<Messages>("../../../../shared/pulsepoint/brand/locale/*/messages.po", {
  import: "default",
});
const FALLBACK = { language: "en", locale: "en-GB" };
const i18n = setupI18n({ missing: (_, id) => id });

export interface Choice {
  language: string;
  /** For numbers and dates: the reader's own region of that language. */
  locale: string;
}

/** The first of the reader's languages (`fr-CH`) that there is; British English where none is. */
export function choose(preferred: readonly string[], languages: readonly string[]): Choice {
  for (const locale of preferred) {
    const language = locale.split("-")[0]?.toLowerCase() ?? "";
    if (languages.includes(language)) return { language, locale };
  }
  return FALLBACK;
}

/** Uses these texts from now on; what a language lacks is said in English. */
export function speak({ language, locale }: Choice, messages: Messages): void {
  i18n.loadAndActivate({ locale: language, locales: locale, messages: { ...english, ...messages } });
}

/** Loads the texts of the reader's language before anything is shown. */
async function speakTo(preferred: readonly string[]): Promise<Choice> {
  const loaders = new Map(Object.entries(OTHERS).map(([path, load]) => [languageOf(path), load]));
  const choice = choose(preferred, [...loaders.keys()]);
  speak(choice, (await loaders.get(choice.language)?.()) ?? english);
  return choice;
}

/** The reader's languages in the API's order: those the browser asks for, then the one the person chose and saved. */
export const languagesOf = (requested: readonly string[], saved: string | null): readonly string[] =>
  saved === null ? requested : [...requested, saved];

/** Shows the page in the reader's language from now on. */
export async function speakToReader(saved: string | null): Promise<void> {
  const { language } = await speakTo(languagesOf(navigator.languages, saved));
  document.documentElement.lang = language;
}

const languageOf = (path: string): string => path.split("/").at(-2) ?? "";

/** The locale of numbers and dates. */
export const locale = (): string => String(i18n.locales ?? i18n.locale);

export const has = (id: string): boolean => id in i18n.messages;

/** The text of an id with its placeholders filled by worded values; `count` chooses the plural form. */
export function t(id: string, values?: Record<string, string | number>): string {
  return i18n._(id, values);
}

speak(FALLBACK, english);
