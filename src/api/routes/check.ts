import { agentSelf, type AgentSelf } from "../../contract/agent.ts";
import { checkRequest, decision, type Decision } from "../../contract/check.ts";
import { callContext } from "../../access/call-context.ts";
import { decide, type Undecided } from "../../access/decide.ts";
import { safeChange } from "../../access/evaluate.ts";
import { release } from "../../access/release.ts";
import { parseAccessRequest } from "../../access/access-request.ts";
import { err, ok } from "../../kernel/result.ts";
import { memberRefusal, type Refusal } from "../../operations/answer/refusal.ts";
import { liveView } from "../../operations/show-agent.ts";
import { formatScope } from "../../contract/scope.ts";
import { UNAVAILABLE, withheldProblem } from "../door-refusals.ts";
import { NO_STORE } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

export const checkRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path: "/api/v1/check",
      operationId: "check",
      summary: "Ask whether an agent may perform an operation, before it does",
      tag: "check",
      door: { by: "agent" },
      body: checkRequest,
      answers: [{ status: 200, description: "The decision, allow or deny", schema: decision }],
    },
    async ({ services, caller, body, requestId, facts, bytes }) => {
      const asked = parseAccessRequest(body);
      if (!asked.ok) {
        return err(
          memberRefusal(
            "invalid_request",
            asked.error.member,
            "does not name a tool, a model or an integration.",
          ),
        );
      }
      const request = { requestId, request: facts, bytes };
      const decided = await decide(services.decisions, caller, asked.value, body.arguments, request);
      if (!decided.ok) return err(refusalOf(decided.error));
      const { value } = decided.value;
      const answer: Decision = {
        decision: value.decision,
        decision_id: value.id,
        reason: value.reason,
        layer: value.layer,
        detail: value.detail,
        change: safeChange(value.change),
        policies: [...value.policies],
        bundle_version: value.bundleVersion,
        txn: value.txn,
        request_id: requestId,
      };
      return ok({ body: answer, headers: NO_STORE });
    },
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents/self",
      operationId: "showSelf",
      summary: "The agent of the credential, and the facts on which decisions about its calls are made",
      tag: "check",
      door: { by: "agent" },
      answers: [{ status: 200, description: "The agent and its call context", schema: agentSelf }],
    },
    async ({ services, caller, facts }) => {
      const { state, agents } = caller;
      const agent = await liveView(services.operations, agents[0]);
      const context = await callContext(services.decisions, caller, facts);
      if (!context.ok) return err(UNAVAILABLE);
      const body: AgentSelf = {
        agent,
        caller: {
          credential: caller.credential,
          chain: state.chain.map((link) => ({ ...link })) as AgentSelf["caller"]["chain"],
          user: caller.user?.id ?? null,
          scope: formatScope(caller.scope),
        },
        context: context.value,
      };
      const offer = { value: body, state, freshness: context.value.policy.freshness, evidence: null };
      const released = await release(services.decisions, offer);
      return released.ok
        ? ok({ body: released.value.value, headers: NO_STORE })
        : err(withheldProblem(released.error));
    },
  ),
];

const refusalOf = (undecided: Undecided): Refusal =>
  undecided.kind === "body_too_large"
    ? {
        code: "body_too_large",
        detail: `The body is larger than the agent's tier allows: ${undecided.most} bytes.`,
      }
    : withheldProblem(undecided);
