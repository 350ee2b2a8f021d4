import { expect, it } from "vitest";
import { ApiError } from "../../../src/client/errors.ts";
import { readRefusal } from "../../../src/client/answer.ts";

const answered = (code: string) => {
  const text = JSON.stringify({
    type: `/problems/${code}`,
    title: "t",
    status: 409,
    detail: "d",
    instance: "req_1",
    code,
  });
  return readRefusal({ status: 409, text, requestId: "req_1", retryAfter: null }, 0);
};

it("a code of the closed list is known by its type", () => {
  const error = answered("name_taken");
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code: "name_taken", problemCode: "name_taken" });
});

it("a code of a newer service is still a refusal, told by its status", () => {
  for (const code of ["some_new_code", "constructor"]) {
    expect(answered(code)).toMatchObject({ name: "ConflictError", code, problemCode: null });
  }
});
