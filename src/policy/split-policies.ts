/**
 * Splits the text of a bundle into its policies, and bounds what Cedar is given to read.
 *
 * Cedar's own splitter stops at the first fault and sorts policies by their numbers as text. And its parser recurses: a
 * policy that is nested too deep, or has too long a chain of operators, overflows its stack, after which the engine of the
 * whole isolate fails for good. So brackets and operators are counted here first, in one pass without recursion.
 */
import { MOST_BUNDLE_BYTES } from "../contract/policy.ts";
import { utf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { Places } from "./places.ts";
import {
  MOST_FAULTS,
  MOST_NESTING,
  MOST_OPERATORS,
  MOST_POLICIES,
  MOST_POLICY_BYTES,
  type PolicyFault,
} from "./shape.ts";

/** The text of one policy, with its `;`, and the place where it begins. */
export interface PolicyText {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A comment ends where Cedar ends it, or what follows would not be counted. */
const SPACE = /\s+|\/\/[^\n\r]*/y;
/** A string; one without an end runs to the end of the text. */
const STRING = /"[^"\\]*(?:\\[\s\S][^"\\]*)*("?)/y;
const OPERATOR = /&&|\|\||==|!=|<=|>=|[<>!.*+-]|(?:if|then|else|in|has|like|is)\b/y;
const WORD = /[A-Za-z_]\w*|\d+/y;

interface Counts {
  nesting: number;
  deepest: number;
  operators: number;
}

/** @returns the policies in their order, or the faults that keep them from being read. */
export function splitPolicies(text: string): Result<readonly PolicyText[], readonly PolicyFault[]> {
  const places = new Places(text);
  const faultOf = ({ at, message, hint }: Found): PolicyFault => ({
    ...places.at(at),
    policy: null,
    message,
    hint,
  });
  if (utf8(text).length > MOST_BUNDLE_BYTES) return err([faultOf(TOO_LARGE)]);
  const policies: PolicyText[] = [];
  const faults: Found[] = [];
  let at = afterSpace(text, 0);
  while (at < text.length && policies.length < MOST_POLICIES) {
    const { end, fault } = policyFrom(text, at);
    if (fault !== null) faults.push(fault);
    policies.push({ text: text.slice(at, end), ...places.at(at) });
    at = afterSpace(text, end);
  }
  if (at < text.length) faults.push({ at, ...TOO_MANY });
  return faults.length === 0 ? ok(policies) : err(faults.slice(0, MOST_FAULTS).map(faultOf));
}

/** A fault, and where in the text it is, in units of UTF-16. */
interface Found {
  readonly at: number;
  readonly message: string;
  readonly hint: string;
}

const TOO_LARGE: Found = {
  at: 0,
  message: `The bundle has more than ${MOST_BUNDLE_BYTES} bytes.`,
  hint: "Move policies that concern one workspace or one agent to its own scope.",
};
const TOO_MANY = { message: `The bundle has more than ${MOST_POLICIES} policies.`, hint: TOO_LARGE.hint };

/** @param start where a policy begins. */
function policyFrom(text: string, start: number): { readonly end: number; readonly fault: Found | null } {
  const counts: Counts = { nesting: 0, deepest: 0, operators: 0 };
  let at = start;
  while (at < text.length) {
    if (text[at] === ";")
      return { end: at + 1, fault: boundsFault(text.slice(start, at + 1), start, counts) };
    const string = matchAt(STRING, text, at);
    if (string !== null && string[1] !== '"') {
      return { end: text.length, fault: { at, message: "The string has no end.", hint: 'End it with ".' } };
    }
    at += string === null ? stepAt(text, at, counts) : string[0].length;
  }
  const hint = "End every policy with a semicolon.";
  return { end: at, fault: { at: start, message: "The policy has no ; at its end.", hint } };
}

/** Counts what stands at a place that is in no string. @returns its length. */
function stepAt(text: string, at: number, counts: Counts): number {
  const operator = matchAt(OPERATOR, text, at);
  if (operator !== null) {
    counts.operators += 1;
    return operator[0].length;
  }
  const plain = matchAt(SPACE, text, at) ?? matchAt(WORD, text, at);
  if (plain !== null) return plain[0].length;
  const character = text[at] ?? "";
  if (character === "[") counts.operators += 1; // it may be an access, and a chain of these never nests
  if ("([{".includes(character)) counts.nesting += 1;
  if (")]}".includes(character)) counts.nesting -= 1;
  counts.deepest = Math.max(counts.deepest, counts.nesting);
  return 1;
}

function boundsFault(policy: string, at: number, { deepest, operators }: Counts): Found | null {
  const hint = "Split it: any one of several policies forbids, or permits.";
  const bytes = utf8(policy).length;
  if (bytes > MOST_POLICY_BYTES)
    return { at, message: `The policy has ${bytes} bytes; ${MOST_POLICY_BYTES} is the most.`, hint };
  if (deepest > MOST_NESTING)
    return { at, message: `The policy nests brackets deeper than ${MOST_NESTING} levels.`, hint };
  if (operators > MOST_OPERATORS)
    return { at, message: `The policy has more than ${MOST_OPERATORS} operators.`, hint };
  return null;
}

function afterSpace(text: string, at: number): number {
  let next = at;
  for (let space = matchAt(SPACE, text, next); space !== null; space = matchAt(SPACE, text, next))
    next += space[0].length;
  return next;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
