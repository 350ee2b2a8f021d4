/** Every error code a caller can meet is explained, with the status and title that the code sends. */
import { describe, expect, it } from "vitest";
import { PROBLEM_TEXTS } from "../../../src/api/problem-texts.ts";
import { oauthErrorCode } from "../../../src/contract/oauth.ts";
import { PROBLEMS } from "../../../src/contract/problem-codes.ts";
import { bare, read, rowsOf } from "./markdown.ts";

const page = read("docs/problems.md");

describe("the page of problems", () => {
  const rows = rowsOf(page, "code", "status", "title", "meaning", "what to do");

  it("has each code once, with its status and title, and no other", () => {
    const explained = rows.map(([code, status, title]) => [bare(code), Number(status), title]);
    expect(explained).toEqual(
      Object.entries(PROBLEMS).map(([code, { status, title }]) => [code, status, title]),
    );
  });

  it("says what each means and what to do", () => {
    expect(
      rows.filter(([, , , meaning = "", action = ""]) => meaning.length < 10 || action.length < 10),
    ).toEqual([]);
  });

  it("says of each what its own page says, GET /problems/{code}", () => {
    const plain = (text = ""): string => text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1");
    expect(
      Object.fromEntries(
        rows.map(([code = "", , , meaning, action]) => [
          bare(code),
          { meaning: plain(meaning), action: plain(action) },
        ]),
      ),
    ).toEqual(PROBLEM_TEXTS);
  });

  it("has each error of the token endpoint once, and no other", () => {
    const errors = rowsOf(page, "error", "status", "meaning", "what to do").map(([code]) => bare(code));
    expect(errors.toSorted()).toEqual([...oauthErrorCode.options].toSorted());
  });
});
