/** The doors about the agent itself: they are open to one that drains, and to the key of a suspended one (decision 0035). */
import { agentsOf, releaseToSelf, type Self } from "../../access/release.ts";
import type { Reporting } from "../../audit/reported.ts";
import { eventReport, MOST_REPORTED, reportAnswer } from "../../contract/reported-event.ts";
import { err, ok } from "../../kernel/result.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { memberRefusal } from "../../operations/answer/refusal.ts";
import { reportEvents, type Reporter } from "../../operations/report-events.ts";
import { freshnessOf, limitsOf } from "../../tiers/limits.ts";
import { askerOf } from "../admission.ts";
import { INVALID_TOKEN, unavailableFor, withheldProblem } from "../door-refusals.ts";
import { problemRoute } from "../problem-route.ts";
import { countAgent } from "../rate-limits.ts";
import { NO_STORE } from "../reply.ts";
import type { Route, RouteInput } from "../route.ts";

/** So many events count like one call. */
const EVENTS_PER_CALL = 10;

export const selfRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path: "/api/v1/audit/events",
      operationId: "reportEvents",
      summary: "Report events of the agent itself, in a batch",
      tag: "audit",
      door: { by: "agent", self: true },
      body: eventReport,
      answers: [{ status: 200, description: "What became of each event", schema: reportAnswer }],
    },
    async (input) => {
      const { services, self, body } = input;
      const { access, decisions, operations } = services;
      const limits = limitsOf(access.tiers, agentsOf(self));
      const most = Math.min(MOST_REPORTED, limits.ok ? limits.value.maxBatch : 1);
      if (body.events.length > most) return err(tooMany(most));
      const calls = Math.ceil(body.events.length / EVENTS_PER_CALL) - 1;
      const counted = await countAgent(services, askerOf(access.tiers, self), calls);
      if (!counted.ok) return counted;
      const ports = { ...operations, leases: access.leases };
      const reported = await reportEvents(ports, reporterOf(self, input), body.events);
      if (!reported.ok)
        return err(reported.error.kind === "closed" ? INVALID_TOKEN : unavailableFor(reported.error.of));
      const released = await releaseToSelf(decisions, self, reported.value, freshnessOf(limits));
      return released.ok
        ? ok({ body: released.value.value, headers: NO_STORE })
        : err(withheldProblem(released.error));
    },
  ),
];

const tooMany = (most: number): Refusal =>
  memberRefusal("invalid_request", "events", `The agent's tier takes at most ${most} events at a time.`);

function reporterOf(self: Self, { requestId, facts }: RouteInput): Reporter {
  const request = { request_id: requestId, request: facts };
  if (self.kind === "suspended") {
    const { workspace, agent, key } = self;
    const credential = { kind: "key", id: key } as const;
    const reporting: Reporting = { ...request, workspace, agent: agent.id, credential };
    return { workspace, agent: agent.id, key, epoch: null, txn: undefined, reporting };
  }
  const { state, agents, credential, user } = self.caller;
  const [{ id: agent }] = agents;
  const [link] = state.chain;
  if (link === undefined) throw new Error("a caller has an agent");
  const { workspace, txn } = state;
  const reporting: Reporting = {
    ...request,
    workspace,
    agent,
    chain: state.chain.map((each) => ({ ...each })),
    ...(user === null ? {} : { user: { id: user.id } }),
    credential,
  };
  return {
    workspace,
    agent,
    key: link.key,
    epoch: credential.kind === "key" ? null : link.epoch,
    txn,
    reporting,
  };
}
