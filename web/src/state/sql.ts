// The program's text and what the compiler says of it: pure functions, and the drafts that outlive a change of view.

import type { Finding } from "../api/types";

// The text as it was loaded, and as the reader has made it. Lost with the page, not with the view.
export interface Draft {
  readonly saved: string;
  readonly text: string;
}
export const drafts = new Map<string, Draft>();

export interface Piece {
  readonly text: string;
  readonly tone: Finding["severity"] | null;
}

// Where a place of the compiler's, lines and columns from 1 and in code points, stands in a line of UTF-16.
function indexOf(line: string, column: number): number {
  let index = 0;
  for (let at = 1; at < column && index < line.length; at += 1) index += (line.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}

export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, Math.max(0, line - 1)).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(text.length, before + indexOf(lines[line - 1] ?? "", column));
}

// The line cut at its findings; an error covers a warning. What is a place alone gets one character, at the line's end a blank.
export function piecesOf(line: string, findings: readonly Finding[]): Piece[] {
  const spans = findings.map((finding) => {
    const begin = indexOf(line, finding.column);
    const end = finding.length === 0 ? begin : indexOf(line, finding.column + finding.length);
    return { begin, end: Math.max(end, begin + 1), tone: finding.severity };
  });
  const padded = line.padEnd(Math.max(0, ...spans.map((span) => span.end)), " ");
  const cuts = [...new Set([0, padded.length, ...spans.flatMap((span) => [span.begin, span.end])])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((begin, index) => {
    const tones = spans.filter((span) => span.begin <= begin && begin < span.end).map((span) => span.tone);
    const tone = tones.includes("error") ? "error" : (tones[0] ?? null);
    return { text: padded.slice(begin, cuts[index + 1]), tone };
  });
}

// Findings that stand in this file, by line.
export function byLine(findings: readonly Finding[], file: string): Map<number, Finding[]> {
  const lines = new Map<number, Finding[]>();
  for (const finding of findings) {
    if (finding.file !== file || finding.line === 0) continue;
    lines.set(finding.line, [...(lines.get(finding.line) ?? []), finding]);
  }
  return lines;
}

// "STREAM_PUMP goes on, HOME_PUMP begins": what became of the pumps.
export function outcomeText(outcome: { kept: readonly string[]; begun: readonly string[]; gone: readonly string[] }): string {
  const part = (names: readonly string[], one: string, many: string) =>
    names.length === 0 ? [] : [`${names.join(", ")} ${names.length === 1 ? one : many}`];
  const parts = [
    ...part(outcome.kept, "goes on", "go on"),
    ...part(outcome.begun, "begins", "begin"),
    ...part(outcome.gone, "ended", "ended"),
  ];
  return parts.length === 0 ? "The program has no pump." : `${parts.join("; ")}.`;
}
