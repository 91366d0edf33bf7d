// Functions of a size a person can hold.

import ts from "typescript";
import { describe, expect, it } from "vitest";

const SOURCES = import.meta.glob<string>(
  ["../src/**/*.ts", "../src/**/*.tsx", "../plugins/**/*.ts", "!../src/**/*.d.ts"],
  { query: "?raw", import: "default", eager: true },
);
const MOST_LINES = 40;

/** The functions of a file that are longer, by the line they begin on; nested ones too. */
function longIn(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const long: string[] = [];
  const lineOf = (place: number): number => file.getLineAndCharacterOfPosition(place).line;
  const visit = (node: ts.Node): void => {
    const [first, last] = [lineOf(node.getStart()), lineOf(node.getEnd())];
    if (ts.isFunctionLike(node) && last - first + 1 > MOST_LINES) long.push(`${path}:${first + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return long;
}

describe("functions", () => {
  it("stay under 40 lines", () => {
    expect(Object.entries(SOURCES).flatMap(([path, text]) => longIn(path, text))).toEqual([]);
  });
  it("would be caught with more", () => {
    const body = "\n".repeat(MOST_LINES - 1);
    expect(longIn("x.ts", `const short = () => {${body}};`)).toEqual([]);
    expect(longIn("x.ts", `\nconst long = () => {${body}\n};`)).toEqual(["x.ts:2"]);
  });
});
