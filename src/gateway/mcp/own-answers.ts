/** What Dome answers in place of a tool's server, under the id of the request. */
import type { Decided } from "../../access/judge.ts";
import { safeChange, sentenceOf } from "../../access/evaluate.ts";
import type { Verdict } from "../../access/verdict.ts";
import { NoLongerAllowed } from "../../access/watchdog.ts";
import { PROBLEMS } from "../../contract/problem-codes.ts";
import type { DecisionId } from "../../kernel/ids.ts";
import type { RequestId } from "../../mcp/json-members.ts";
import { errorMessage, ownCode, RPC_ERRORS } from "../../mcp/errors.ts";
import type { RpcRequest } from "../../mcp/message.ts";
import { failedCall } from "../../mcp/tool-result.ts";
import { defined } from "../../kernel/defined.ts";
import { whileItRan } from "../call-tool.ts";
import { ActTooLong } from "../deadline.ts";
import { NO_ANSWER } from "../no-answer.ts";
import { WHO_FAILED, type NoAnswer } from "../who-failed.ts";
import type { ClientAnswer, ClientRequest } from "./client-request.ts";

/** The last message of a stream whose response is not coming. */
export function noAnswerMessage(id: RequestId, why: NoAnswer): string {
  const { code, detail } = NO_ANSWER[why];
  return errorMessage(id, {
    code: ownCode(PROBLEMS[code].status),
    message: detail,
    data: { who: WHO_FAILED[why], code },
  });
}

const STOPPED =
  "The call was stopped: an agent, a key, the user or the workspace of the call was stopped, or Dome could no longer confirm that they may act. The call may have had its effect.";

/**
 * The last message of an answer that was cut, so that its client does not wait for the rest.
 * @param stop of the act.
 * @returns null: it was not cut.
 */
export function cutMessage(id: RequestId, stop: AbortSignal): string | null {
  if (!stop.aborted) return null;
  if (stop.reason instanceof ActTooLong) return noAnswerMessage(id, "act_too_long");
  if (stop.reason instanceof NoLongerAllowed) return deniedMeanwhile(id, stop.reason.verdict);
  const code = "invalid_token";
  return errorMessage(id, {
    code: ownCode(PROBLEMS[code].status),
    message: STOPPED,
    data: { who: "dome", code },
  });
}

/** The caller has had the call's beginning, so what it is told is no oracle (P11). */
function deniedMeanwhile(id: RequestId, verdict: Verdict): string {
  const denied = whileItRan(verdict);
  return errorMessage(id, {
    code: ownCode(PROBLEMS.denied.status),
    message: sentenceOf(denied),
    data: { who: "policy", code: "denied", reason: denied.reason },
  });
}

/**
 * Tools, prompts and doors that are not there, or not for this agent: one answer (P11).
 * @param decision the recorded one, for programs; null when nothing was decided.
 */
export const unknownAnswer = (
  { id }: RpcRequest,
  what: string,
  decision: DecisionId | null = null,
): ClientAnswer => ({
  kind: "message",
  status: 200,
  text: errorMessage(id, {
    code: RPC_ERRORS.invalidParams,
    message: `${what} does not exist here, or the agent has not declared it.`,
    ...defined({
      data: decision === null ? undefined : { who: "policy", code: "denied", decision_id: decision },
    }),
  }),
  decision,
});

const LISTED: Readonly<Record<string, string>> = {
  "prompts/list": "prompts",
  "resources/list": "resources",
  "resources/templates/list": "resourceTemplates",
};

/** A list in which the caller finds nothing, for nobody to keep. */
export function emptyList({ message: { id, method }, era }: ClientRequest): ClientAnswer {
  const modern = era === "modern" ? { resultType: "complete", ttlMs: 0, cacheScope: "private" } : {};
  const result = { ...modern, [LISTED[method] ?? "tools"]: [] };
  return {
    kind: "message",
    status: 200,
    text: JSON.stringify({ jsonrpc: "2.0", id, result }),
    decision: null,
  };
}

/** Reasons for which a thing is answered as if it were not there. */
const UNKNOWN: ReadonlySet<string> = new Set([
  "surface_undeclared",
  "catalog_missing",
  "catalog_operation_missing",
]);

/**
 * A denied call of a tool is a result, so that the model reads the sentence and does something else; any other denied
 * request is an error. The decision stands beside it, for programs.
 */
export function deniedAnswer(
  { message, era, tool }: ClientRequest,
  { id: decision, reason, layer, detail, change, bundleVersion }: Decided,
  scopes: readonly string[],
): ClientAnswer {
  if (reason === "scope_insufficient") return { kind: "scope", detail, scopes };
  if (UNKNOWN.has(reason)) return unknownAnswer(message, thingOf(message, tool), decision);
  const sentence = sentenceOf({ detail, change });
  const said = {
    decision: "deny",
    decision_id: decision,
    reason,
    layer,
    detail,
    change: safeChange(change),
    bundle_version: bundleVersion,
  };
  const text =
    message.method === "tools/call"
      ? failedCall(message.id, era, { sentence, decision: said })
      : errorMessage(message.id, {
          code: ownCode(PROBLEMS.denied.status),
          message: sentence,
          data: { who: "policy", code: "denied", reason, decision_id: decision },
        });
  return { kind: "message", status: 200, text, decision };
}

const thingOf = ({ method }: RpcRequest, tool: string): string =>
  method === "tools/call" || method === "initialize" ? "The tool" : `${method} at ${tool}`;
