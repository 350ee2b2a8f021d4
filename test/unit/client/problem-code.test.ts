import { expect, it } from "vitest";
import { ApiError } from "../../../sdk/typescript/src/errors.ts";
import { readRefusal } from "../../../sdk/typescript/src/answer.ts";
import { problemCodeOf } from "../../../src/client/problem-code.ts";

const answered = (code: string) => {
  const text = JSON.stringify({
    type: `/problems/${code}`,
    title: "t",
    status: 409,
    detail: "d",
    instance: "req_1",
    code,
  });
  const error = readRefusal({ status: 409, text, requestId: "req_1", retryAfter: null, date: null }, 0);
  if (!(error instanceof ApiError)) throw error;
  return error;
};

it("a code of the closed list is known by its type", () => {
  const error = answered("name_taken");
  expect(error).toBeInstanceOf(ApiError);
  expect(error.code).toBe("name_taken");
  expect(problemCodeOf(error)).toBe("name_taken");
});

it("a code of a newer service is still a refusal, told by its status", () => {
  for (const code of ["some_new_code", "constructor"]) {
    expect(answered(code)).toMatchObject({ name: "ConflictError", code });
    expect(problemCodeOf(answered(code))).toBeNull();
  }
});
