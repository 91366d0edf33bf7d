// Every sentence of the page stands in the catalog of texts, and none of the catalog's is left unused.

import ts from "typescript";
import { describe, expect, it } from "vitest";
import english from "../../../../shared/pulsepoint/brand/locale/en/messages.po";

const SOURCES = import.meta.glob<string>(["../src/**/*.ts", "../src/**/*.tsx", "!../src/**/*.d.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
});
/** Attributes that people read or hear. */
const READ = new Set(["aria-label", "title", "placeholder", "alt", "label"]);
/** Attributes whose words are for the browser. */
const UNREAD = /^(className|d|path|viewBox|pattern|type|id|name|role|autoComplete|key|rel|preserveAspectRatio)$/;
/** Words of browsers and examples that are the same in every language. */
const SAME_EVERYWHERE = new Set(["Pulsepoint", "Northwind Traders", "GBP", "UTC", "Escape", "Files", "AbortError"]);
const PROSE = /[A-Za-z]{2,} [a-z]{2,}|^[A-Z][a-z]+[.…]?$/;
const COMMAND = /pulsepoint replay FILE/;

function inside(node: ts.Node, matches: (each: ts.Node) => boolean): boolean {
  for (let each = node.parent; each; each = each.parent) if (matches(each)) return true;
  return false;
}

/** True where a string is not shown to people: an import, an error for developers, a text's id, a class name. */
function isForMachines(node: ts.Node): boolean {
  return inside(
    node,
    (each) =>
      ts.isImportDeclaration(each) ||
      (ts.isNewExpression(each) && each.expression.getText() === "Error") ||
      (ts.isCallExpression(each) && each.expression.getText() === "matchMedia") ||
      (ts.isJsxAttribute(each) && UNREAD.test(each.name.getText())),
  );
}

function literalsIn(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const literals: string[] = [];
  const visit = (node: ts.Node): void => {
    const words =
      ts.isJsxText(node) || ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node) ? node.text : "";
    const read = ts.isJsxText(node) || (ts.isJsxAttribute(node.parent ?? node) && READ.has(attributeOf(node)));
    const suspicious = read ? /[A-Za-z]{2,}/.test(words) : PROSE.test(words) && !isForMachines(node);
    if (suspicious && !SAME_EVERYWHERE.has(words.trim()) && !COMMAND.test(words))
      literals.push(`${path}: ${words.trim()}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return literals;
}

const attributeOf = (node: ts.Node): string => (ts.isJsxAttribute(node.parent) ? node.parent.name.getText() : "");

describe("components", () => {
  it("hold no sentence of their own", () => {
    const literals = Object.entries(SOURCES).flatMap(([path, text]) => literalsIn(path, text));
    expect(literals).toEqual([]);
  });
  it("would be caught with one", () => {
    const text = `const a = <p title="Log out" className="small soft">Hello {busy ? "Loading…" : "Log in"}</p>;`;
    expect(literalsIn("x.tsx", text)).toEqual(["x.tsx: Log out", "x.tsx: Hello", "x.tsx: Loading…", "x.tsx: Log in"]);
    expect(literalsIn("x.tsx", `throw new Error("no session above"); throw new Refused(0, "All is lost");`)).toEqual([
      "x.tsx: All is lost",
    ]);
  });
});

describe("the catalog of texts", () => {
  const all = Object.values(SOURCES).join("\n");
  const whole = new Set(
    [...all.matchAll(/"((?:page|severity|channel)\.[a-z_.0-9]+)"/g)].map((match) => match[1] ?? ""),
  );
  const families = [...all.matchAll(/[`"]((?:page|severity|channel)[a-z_.]*)(?:\.\$\{|"\))/g)].map(
    (match) => `${match[1]}.`,
  );

  it("has every text that a component names", () => {
    expect([...whole].filter((id) => !(id in english) && !families.includes(`${id}.`))).toEqual([]);
  });
  it("has no text that no component names", () => {
    const isUsed = (id: string): boolean => whole.has(id) || families.some((family) => id.startsWith(family));
    expect(Object.keys(english).filter((id) => !isUsed(id))).toEqual([]);
  });
});
