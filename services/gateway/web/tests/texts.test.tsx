import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, describe, expect, it } from "vitest";
import english from "../../../../shared/pulsepoint/brand/locale/en/messages.po";
import { compiled, pluralPlaces } from "../plugins/messages";
import { severityName } from "../src/names";
import { Opening } from "../src/parts/opening";
import { choose, has, languagesOf, speak, t } from "../src/texts";

const HEADER = String.raw`msgid ""
msgstr ""
"Language: fr\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\n"
`;
/** What a translator adds: `locale/fr/messages.po`, an entry for each sentence. */
const FRENCH = `${HEADER}
msgid "page.opening.title"
msgstr "La boutique ouvre"

msgid "severity.high"
msgstr "Élevée"

msgid "page.count.orders"
msgid_plural "page.count.orders"
msgstr[0] "{count} commande"
msgstr[1] "{count} commandes"

msgid "page.books.age"
msgstr "chiffres d'il y a {age}"

msgid "page.loading"
msgstr ""

msgid "advice.reorder.action"
msgstr "Commander {units} de {product}"
`;
const inFrench = (): void => speak({ language: "fr", locale: "fr-FR" }, compiled(FRENCH));

afterEach(() => speak({ language: "en", locale: "en-GB" }, english));

describe("a sentence in French", () => {
  it("is an entry in its catalog, and the page says it", () => {
    expect(renderToStaticMarkup(<Opening />)).toContain("<h2>The shop is opening</h2>");
    inFrench();
    expect(renderToStaticMarkup(<Opening />)).toContain("<h2>La boutique ouvre</h2>");
    expect(severityName("high")).toBe("Élevée");
  });
  it("has the plural forms of its language: none is singular there", () => {
    expect([0, 1, 2].map((count) => t("page.count.orders", { count }))).toEqual(["0 orders", "1 order", "2 orders"]);
    inFrench();
    const said = [0, 1, 2, 1_200].map((count) => t("page.count.orders", { count }).replace(/\s/g, " "));
    expect(said).toEqual(["0 commande", "1 commande", "2 commandes", "1 200 commandes"]);
  });
  it("keeps its apostrophes, and braces around a value", () => {
    inFrench();
    expect(t("page.books.age", { age: "5 min" })).toBe("chiffres d'il y a 5 min");
  });
  it("is said in English where it is missing or empty", () => {
    inFrench();
    expect([t("page.close"), t("page.loading")]).toEqual(["Close", "Loading"]);
  });
});

describe("the catalog of texts", () => {
  it("leaves to the server what the server says", () => {
    expect(Object.keys(compiled(FRENCH))).not.toContain("advice.reorder.action");
    expect(has("page.title")).toBe(true);
  });
  it("maps gettext's plural forms to the language's own categories", () => {
    expect(pluralPlaces("en", "nplurals=2; plural=(n != 1);")).toEqual([
      ["other", 1],
      ["one", 0],
    ]);
    const polish = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);";
    const places = pluralPlaces("pl", polish).map(([category, place]) => `${category} ${place}`);
    expect(places).toEqual(["many 2", "one 0", "few 1", "other 2"]);
  });
});

describe("the reader's language", () => {
  it("is the first that there is, with its region for numbers and days", () => {
    expect(choose(["de-AT", "fr-CH", "en"], ["en", "fr"])).toEqual({ language: "fr", locale: "fr-CH" });
  });
  it("is the one they saved where the browser asks for none that there is", () => {
    expect(choose(languagesOf(["de", "es"], "fr-CH"), ["en", "fr"])).toEqual({ language: "fr", locale: "fr-CH" });
    expect(choose(languagesOf(["en-US"], "fr"), ["en", "fr"])).toEqual({ language: "en", locale: "en-US" });
    expect(languagesOf(["de"], null)).toEqual(["de"]);
  });
  it("is British English where there is none of theirs", () => {
    expect(choose(["de"], ["en"])).toEqual({ language: "en", locale: "en-GB" });
    expect(choose([], ["en"])).toEqual({ language: "en", locale: "en-GB" });
  });
});
