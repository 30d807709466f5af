import { describe, expect, test } from "vitest";
import * as format from "./format";

const thin = "\u202f";

describe("numbers", () => {
  test.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [1234567, "1,234,567"],
    [1234.567, "1,234.57"],
    [0.1 + 0.2, "0.3"],
    [-1500, "−1,500"],
    [-0.001, "0"],
  ])("%d is %s", (value, text) => expect(format.number(value)).toBe(text));

  test("nothing and what is no number show as a dash", () => {
    for (const value of [null, undefined, NaN, Infinity]) expect(format.number(value)).toBe("–");
  });

  test("little room", () => {
    expect(format.short(9999)).toBe("9,999");
    expect(format.short(12_345)).toBe(`12.3${thin}k`);
    expect(format.short(2_500_000)).toBe(`2.50${thin}M`);
  });

  test("plural", () => {
    expect(format.plural(1, "row")).toBe("1 row");
    expect(format.plural(0, "row")).toBe("0 rows");
    expect(format.plural(2000, "history", "histories")).toBe("2,000 histories");
  });
});

test("rates keep a decimal only where it says something", () => {
  expect(format.rate(0)).toBe("0.0/s");
  expect(format.rate(9.96)).toBe("10.0/s");
  expect(format.rate(182.4)).toBe("182/s");
  expect(format.rate(123_456)).toBe(`123${thin}k/s`);
});

test.each([
  [0, `0${thin}B`],
  [999, `999${thin}B`],
  [1000, `1.00${thin}kB`],
  [999_499, `999${thin}kB`],
  [999_500, `1.00${thin}MB`],
  [31_000_000, `31.0${thin}MB`],
])("%d bytes are %s", (count, text) => expect(format.bytes(count)).toBe(text));

test.each([
  [-5, `0${thin}ms`],
  [41, `41${thin}ms`],
  [1500, `1.5${thin}s`],
  [59_999, `59${thin}s`],
  [77_000, `1${thin}min 17${thin}s`],
  [5_400_000, `1${thin}h 30${thin}min`],
  [3 * 86_400_000 + 7_200_000, `3${thin}d 2${thin}h`],
])("%d ms are %s", (millis, text) => expect(format.duration(millis)).toBe(text));

describe("times are UTC and say so", () => {
  const at = 1543021202900; // 2018-11-24T01:00:02.900Z

  test("with date, with milliseconds, as a clock", () => {
    expect(format.time(at)).toBe("2018-11-24 01:00:02 UTC");
    expect(format.timeMillis(at)).toBe("2018-11-24 01:00:02.900");
    expect(format.clock(at)).toBe("01:00:02 UTC");
    expect(format.isoTime(at)).toBe("2018-11-24T01:00:02.900Z");
  });

  test("what is no time is a dash and not an exception", () => {
    for (const value of [null, undefined, NaN, 9e15]) expect(format.time(value)).toBe("–");
    expect(format.isoTime(NaN)).toBe("");
  });

  test("ago", () => {
    expect(format.ago(at, at + 400)).toBe("just now");
    expect(format.ago(at, at + 7_700)).toBe(`7${thin}s ago`);
    expect(format.ago(at, at + 62_000)).toBe(`1${thin}min 2${thin}s ago`);
    expect(format.ago(at + 10, at)).toBe("just now");
  });

  test("months", () => {
    expect(format.month("2018-11")).toBe("November 2018");
    expect(format.month("2018-13")).toBe("2018-13");
    expect(format.month("soon")).toBe("soon");
  });
});

test("cells show what came", () => {
  expect(format.cell(null)).toBe("NULL");
  expect(format.cell("")).toBe("");
  expect(format.cell(false)).toBe("false");
  expect(format.cell(1234567)).toBe("1234567");
});

describe("bytes of a record", () => {
  test("text", () => {
    expect(format.recordBytes("w6Q=")).toEqual({ text: "ä", encoding: "text", count: 2 });
  });
  test("what is not UTF-8 is shown in hexadecimal", () => {
    expect(format.recordBytes("/wA=")).toEqual({ text: "ff 00", encoding: "hex", count: 2 });
  });
});
