/** The code of a refusal, if it is in the closed list of problem codes. */
import type { ApiError } from "../../sdk/typescript/src/errors.ts";
import { isProblemCode, type ProblemCode } from "../contract/problem-codes.ts";

/**
 * @returns null for an OAuth error, and for a code of a newer service; its status then says what kind of error it is.
 */
export const problemCodeOf = ({ problem, code }: ApiError): ProblemCode | null =>
  problem !== null && isProblemCode(code) ? code : null;
