/** The code of a refusal, where it is one of the closed list. */
import type { ApiError } from "../../sdk/typescript/src/errors.ts";
import { isProblemCode, type ProblemCode } from "../contract/problem-codes.ts";

/** @returns null for an OAuth error, and for a code of a newer service, which its status tells. */
export const problemCodeOf = ({ problem, code }: ApiError): ProblemCode | null =>
  problem !== null && isProblemCode(code) ? code : null;
