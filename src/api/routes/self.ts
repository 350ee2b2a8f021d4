/**
 * The doors about the agent itself. They also admit an agent that is draining, and the key of a suspended one (decision
 * 0035).
 */
import { z } from "zod";
import type { NoLease } from "../../access/lease-client.ts";
import { policiesInForce } from "../../access/policies-in-force.ts";
import { agentsOf, releaseToSelf, type Self } from "../../access/release.ts";
import type { Reporting } from "../../audit/reported.ts";
import { MOST_STREAMS } from "../../contract/agent-event.ts";
import { countInput } from "../../contract/words.ts";
import { defined } from "../../kernel/defined.ts";
import { followAgent, type Follower } from "../../operations/follow-agent.ts";
import { bundleVersionOf } from "../../policy/engine.ts";
import { EVENT_STREAM, followStream } from "../event-stream.ts";
import { noteSuspendedListener } from "../refused.ts";
import { eventReport, MOST_REPORTED, reportAnswer } from "../../contract/reported-event.ts";
import { err, ok } from "../../kernel/result.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { memberRefusal } from "../../operations/answer/refusal.ts";
import type { NotOpened } from "../../operations/owners/agent-streams.ts";
import { reportEvents, type Reporter } from "../../operations/report-events.ts";
import { freshnessOf, limitsOf } from "../../tiers/limits.ts";
import { askerOf } from "../admission.ts";
import { INVALID_TOKEN, unavailableFor, withheldProblem } from "../door-refusals.ts";
import { problemRoute } from "../problem-route.ts";
import { countAgent } from "../rate-limits.ts";
import { NO_STORE } from "../reply.ts";
import type { Route, RouteInput } from "../route.ts";

/** The number of events that count as one call. */
const EVENTS_PER_CALL = 10;

const seqInput = countInput(0, Number.MAX_SAFE_INTEGER).optional();
/**
 * If an invalid id were ignored, the stream would begin with the current state, and the reader would miss the events in
 * between.
 */
const NO_EVENT_ID: Refusal = {
  code: "invalid_request",
  detail: "Last-Event-ID must be the id of an event of this stream: its number.",
};
const OF_ITSELF_ONLY: Refusal = {
  code: "forbidden",
  detail:
    "The stream is for the agent itself. Open it with the agent's key or with its own token: not for a user, and not for another agent.",
};
const TOO_MANY: Refusal = {
  code: "too_many_streams",
  detail: `The agent has ${MOST_STREAMS} event streams open. Close one.`,
  retryAfterSeconds: 10,
};

export const selfRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents/self/events",
      operationId: "followSelf",
      summary: "The agent's lifecycle events, as server-sent events",
      tag: "check",
      door: { by: "agent", self: true },
      query: z.strictObject({
        after: seqInput.meta({ description: "continue after this number; Last-Event-ID overrides it" }),
      }),
      answers: [
        {
          status: 200,
          description:
            "First the state, then an event for each change: `id` is its number, `data` an AgentEvent",
          schema: z.string(),
          mediaType: "text/event-stream",
        },
      ],
    },
    async ({ services, self, query, http, requestId }) => {
      const resumed = seqInput.safeParse(http.headers.get("last-event-id") ?? undefined);
      if (!resumed.success) return err(NO_EVENT_ID);
      const { access, decisions, streams } = services;
      const limits = limitsOf(access.tiers, agentsOf(self));
      const follower = followerOf(self, resumed.data ?? query.after ?? null, mostReported(limits));
      if (follower === null) return err(OF_ITSELF_ONLY);
      const agents = agentsOf(self);
      const inForce = await policiesInForce(decisions, follower.workspace, agents);
      if (!inForce.ok) return err(unavailableFor(inForce.error.of));
      const policyVersion = bundleVersionOf(agents, inForce.value.bundles);
      const followed = await followAgent({ ...access, streams }, { ...follower, policyVersion });
      if (!followed.ok) return err(notFollowed(followed.error));
      const released = await releaseToSelf(decisions, self, followed.value, freshnessOf(limits));
      if (!released.ok) {
        followed.value.close();
        return err(withheldProblem(released.error));
      }
      if (self.kind === "suspended") noteSuspendedListener(services, self, requestId);
      return ok({ body: null, raw: followStream(released.value.value), headers: EVENT_STREAM });
    },
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/audit/events",
      operationId: "reportEvents",
      summary: "Report events of the agent itself, in a batch",
      tag: "audit",
      door: { by: "agent", self: true },
      body: eventReport,
      answers: [{ status: 200, description: "The outcome of each event", schema: reportAnswer }],
    },
    async (input) => {
      const { services, self, body } = input;
      const { access, decisions, operations } = services;
      const limits = limitsOf(access.tiers, agentsOf(self));
      const most = mostReported(limits);
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

function notFollowed(refusal: NotOpened | NoLease): Refusal {
  switch (refusal.kind) {
    case "too_many":
      return TOO_MANY;
    case "closed":
      return INVALID_TOKEN;
    case "no_lease":
      return unavailableFor(refusal.of);
  }
}

/** The most events of one report. */
const mostReported = (limits: ReturnType<typeof limitsOf>): number =>
  Math.min(MOST_REPORTED, limits.ok ? limits.value.maxBatch : 1);

/** Null when the credential does not belong to the agent alone. */
function followerOf(self: Self, after: number | null, most: number): Omit<Follower, "policyVersion"> | null {
  const shared = { mostReported: most };
  if (self.kind === "suspended") {
    const { agent, workspace, key } = self;
    const credential = { kind: "key", id: key, expiresAt: null } as const;
    const subscription = { key, token: null, after };
    return { ...shared, agent: agent.id, workspace, subscription, haltEpoch: null, credential };
  }
  const { state, agents, user, credential, endsAt } = self.caller;
  const [link, ...others] = state.chain;
  if (link === undefined || others.length > 0 || user !== null) return null;
  const isToken = credential.kind === "token";
  return {
    ...shared,
    agent: agents[0].id,
    workspace: state.workspace,
    subscription: { key: link.key, token: isToken ? { epoch: link.epoch, path: state.path } : null, after },
    haltEpoch: isToken ? state.haltEpoch : null,
    credential: { ...credential, expiresAt: endsAt },
  };
}

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
    ...defined({ user: user === null ? undefined : { id: user.id } }),
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
