import { expect, test } from "vitest";
import type { Finding } from "../api/types";
import { byLine, offsetOf, outcomeText, piecesOf } from "./sql";

const finding = (line: number, column: number, length: number, severity: Finding["severity"] = "error"): Finding => ({
  file: "a.sql", line, column, length, severity, message: "", hint: "",
});

test("a place is an offset, whatever stands before it", () => {
  expect(offsetOf("ab\ncd", 2, 2)).toBe(4);
  expect(offsetOf("'\u{1f600}' x", 1, 5)).toBe(5); // The fifth character stands behind a pair of code units.
  expect(offsetOf("ab", 9, 9)).toBe(2);
});

test("a line is cut at its findings", () => {
  expect(piecesOf("SELECT STREAM n", [finding(1, 8, 6)])).toEqual([
    { text: "SELECT ", tone: null }, { text: "STREAM", tone: "error" }, { text: " n", tone: null },
  ]);
  expect(piecesOf("ab", [])).toEqual([{ text: "ab", tone: null }]);
  expect(piecesOf("", [])).toEqual([]);
});

test("an error covers a warning, and a place at the end can be seen", () => {
  expect(piecesOf("abcd", [finding(1, 1, 4, "warning"), finding(1, 2, 1)]).map((piece) => piece.tone)).toEqual([
    "warning", "error", "warning",
  ]);
  expect(piecesOf("ab", [finding(1, 3, 0)])).toEqual([{ text: "ab", tone: null }, { text: " ", tone: "error" }]);
});

test("findings of other files and without a place are in no line", () => {
  const lines = byLine([finding(2, 1, 1), { ...finding(2, 1, 1), file: "tailrace.yaml" }, finding(0, 0, 0)], "a.sql");
  expect([...lines.keys()]).toEqual([2]);
  expect(lines.get(2)).toHaveLength(1);
});

test("what became of the pumps is told", () => {
  expect(outcomeText({ kept: ["A", "B"], begun: ["C"], gone: [] })).toBe("A, B go on; C begins.");
  expect(outcomeText({ kept: [], begun: [], gone: ["A"] })).toBe("A ended.");
  expect(outcomeText({ kept: [], begun: [], gone: [] })).toBe("The program has no pump.");
});
