import { z } from "zod";
import { auditQuery, shownEntry } from "../../contract/audit.ts";
import { openActList, openActQuery } from "../../contract/open-act.ts";
import { auditReplayed } from "../../contract/audit-replay.ts";
import { isKindFilter } from "../../contract/audit-kinds.ts";
import { explanation } from "../../contract/check.ts";
import { countInput, list, name } from "../../contract/words.ts";
import { authenticateOperator } from "../../access/operator.ts";
import { release } from "../../access/release.ts";
import { err, ok } from "../../kernel/result.ts";
import { isId } from "../../kernel/ids.ts";
import { explainDecision } from "../../operations/explain-decision.ts";
import { workspaceFor } from "../../operations/request/resolve.ts";
import { listAudit, showAuditRecord } from "../../operations/list-audit.ts";
import { listOpenActs } from "../../operations/list-open-acts.ts";
import { noteReading } from "../../operations/note-reading.ts";
import { notFound, type Refusal } from "../../operations/answer/refusal.ts";
import { replayDeadLetters } from "../../operations/replay-dead-letters.ts";
import { tailAudit } from "../../operations/tail-audit.ts";
import { mayDo } from "../../operators/permissions.ts";
import { freshnessOf, limitsOf } from "../../tiers/limits.ts";
import { agentReference, inWorkspace } from "../agent-path.ts";
import { withheldProblem } from "../door-refusals.ts";
import { EVENT_STREAM, eventStream } from "../event-stream.ts";
import { NO_STORE, reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import { userFilter } from "../user-filter.ts";
import type { Route } from "../route.ts";

const auditList = list(shownEntry).meta({ id: "AuditList" });

const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");

const listQuery = auditQuery.extend({
  workspace: z
    .union([name, z.literal("org")], "must be the name of a workspace, or org")
    .optional()
    .meta({ description: "`org`: the organization's ledger" }),
  agent: agentReference.optional().meta({ description: "the caller, by id or name" }),
  actor: agentReference.optional().meta({ description: "any agent of the chain, by id or name" }),
  kind: z
    .string()
    .refine(isKindFilter, {
      message: "must be a kind of audit records, or `family.*` with the first words of some",
    })
    .optional(),
  readings: flag.meta({ description: "`true`: readings of the ledger too; by default they are left out" }),
  shadow: flag.meta({
    description: "`true`: only decisions that a version of policies in shadow would have made otherwise",
  }),
  ...userFilter,
});

const seqInput = countInput(0, Number.MAX_SAFE_INTEGER).optional();
/**
 * If an invalid id were ignored, the stream would begin at the end of the ledger, and the reader would miss the records
 * in between.
 */
const NO_EVENT_ID: Refusal = {
  code: "invalid_request",
  detail: "Last-Event-ID must be the id of an event of this stream: the seq of a record.",
};

export const auditRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/audit",
      operationId: "listAudit",
      summary: "The records of a workspace's ledger",
      tag: "audit",
      door: { by: "operator", permission: "audit:read" },
      query: listQuery,
      answers: [{ status: 200, description: "A page of records", schema: auditList }],
    },
    async ({ services, asked, query }) =>
      reply(await listAudit(services.operations, asked, query), 200, NO_STORE),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/audit/open",
      operationId: "listOpenActs",
      summary: "Calls of tools that began and have no outcome yet, oldest first",
      tag: "audit",
      door: { by: "operator", permission: "audit:read" },
      query: openActQuery.extend({ workspace: listQuery.shape.workspace, agent: listQuery.shape.agent }),
      answers: [{ status: 200, description: "A page of their intents", schema: openActList }],
    },
    async ({ services, asked, query }) =>
      reply(await listOpenActs(services.operations, asked, query), 200, NO_STORE),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/audit/tail",
      operationId: "tailAudit",
      summary: "New records of the ledger, as server-sent events",
      tag: "audit",
      door: { by: "operator", permission: "audit:read" },
      query: listQuery.omit({ order: true, limit: true, cursor: true }),
      answers: [
        {
          status: 200,
          description: "One event per record: `id` is its seq, `data` an AuditEntry",
          schema: z.string(),
          mediaType: "text/event-stream",
        },
      ],
    },
    async ({ services, asked, query, http }) => {
      const { after, ...filters } = query;
      const resumed = seqInput.safeParse(http.headers.get("last-event-id") ?? undefined);
      if (!resumed.success) return err(NO_EVENT_ID);
      const from = resumed.data ?? after;
      const authorization = http.headers.get("authorization");
      const tail = await tailAudit(services.operations, asked, filters, from, async () => {
        const operator = await authenticateOperator(services.operators, authorization);
        return operator.ok && mayDo(operator.value.role, "audit:read");
      });
      return tail.ok ? ok({ body: null, raw: eventStream(tail.value), headers: EVENT_STREAM }) : tail;
    },
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/audit/records/{record}",
      operationId: "showAuditRecord",
      summary: "One record of the ledger",
      tag: "audit",
      door: { by: "operator", permission: "audit:read" },
      params: z.strictObject({ record: z.string().max(40) }),
      query: z.strictObject({ workspace: listQuery.shape.workspace }),
      answers: [{ status: 200, description: "The record", schema: shownEntry }],
    },
    async ({ services, asked, params, query }) =>
      reply(await showAuditRecord(services.operations, asked, params.record, query.workspace), 200, NO_STORE),
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/audit/replay",
      operationId: "replayAudit",
      summary: "Deliver records that the queue gave up on to their ledgers",
      tag: "audit",
      door: { by: "operator", permission: "audit:replay" },
      answers: [
        {
          status: 200,
          description: "How many records were delivered, and how many are left",
          schema: auditReplayed,
        },
      ],
    },
    async ({ services, asked }) => reply(await replayDeadLetters(services.operations, asked)),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/decisions/{decision}",
      operationId: "explainDecision",
      summary:
        "A recorded decision: in full for operators; for agents of its chain without the command that would change it",
      tag: "audit",
      door: { by: "either", permission: "audit:read" },
      params: z.strictObject({ decision: z.string().max(40) }),
      query: z.strictObject(inWorkspace),
      answers: [{ status: 200, description: "The decision", schema: explanation }],
    },
    async ({ services, operator, asked, caller, params, query }) => {
      if (!isId("dec", params.decision)) return err(notFound("decision", params.decision));
      const { operations } = services;
      if (operator !== null && asked !== null) {
        const home = await workspaceFor(operations.db, operator, query.workspace);
        if (!home.ok) return home;
        const explained = await explainDecision(operations, home.value.id, params.decision, null);
        if (!explained.ok) return explained;
        const { id, name } = home.value;
        const names = { ...explained.value.names, [id]: name };
        const noted = await noteReading(operations, asked, id, { decision: params.decision });
        return noted.ok ? reply(ok({ ...explained.value, names }), 200, NO_STORE) : noted;
      }
      if (caller === null) throw new Error("neither operator nor agent passed this door");
      const { state, agents } = caller;
      const explained = await explainDecision(operations, state.workspace, params.decision, agents[0].id);
      if (!explained.ok) return explained;
      // The wait for a fresh decision takes time, and the agent may be stopped meanwhile.
      const { decisions } = services;
      const freshness = freshnessOf(limitsOf(decisions.tiers, agents));
      const offer = { value: explained.value, state, freshness, evidence: null };
      const released = await release(decisions, offer);
      return released.ok
        ? reply(ok(released.value.value), 200, NO_STORE)
        : err(withheldProblem(released.error));
    },
  ),
];
