/**
 * Makes every change of configuration, in this order. A repeated request gets the answer of the first one (P12). The
 * change is planned on the current state, and this step checks authority and `If-Match`. The owner object makes it, in
 * one batch with its audit records (P8) and its answer. When another change came in between, it is planned again.
 */
import type { z } from "zod";
import type { AuditDraft } from "../../contract/audit.ts";
import { draftRecord, type AuditFacts } from "../../audit/record.ts";
import type { AgentId, Id, WorkspaceId } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { KeyOwner, RequestKey } from "../../storage/idempotency.ts";
import { MOST_WAITING_CHANGES, type Configured, type OwnerRefusal } from "../owners/owner-answer.ts";
import type { RequestMeta } from "../request/request-meta.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type Requester } from "../request/ports.ts";
import { refusalOf, workspaceRefusalOf, type Refusal } from "../answer/refusal.ts";

/**
 * How often a change is planned while other changes keep coming in between. Of changes that arrive at the same moment,
 * one lands in each round, so there are as many rounds as changes can wait, and two more.
 */
const MOST_PLANS = MOST_WAITING_CHANGES + 2;
/** The time after which a change is not planned again, in milliseconds. */
const MOST_PLANNING_MS = 10_000;

/** The facts of an audit record of the change, without those about the request, which are added. */
export type ChangeRecord = Omit<AuditFacts, keyof ReturnType<typeof factsOf>>;

/** The part of a change command that is the same for every owner object. */
export interface ChangeCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  /** JSON. */
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface Plan<Answer> {
  /** The answer, which is also stored for repeats: without secrets (P4). */
  readonly answer: Answer;
  /** Null when nothing changes; then nothing is recorded or stored. */
  readonly change: {
    readonly audit: readonly ChangeRecord[];
    /**
     * Sends the command to the owner object. A plan that is based on a version names it; the object refuses another as
     * `stale`.
     */
    send(command: ChangeCommand): Promise<Configured>;
  } | null;
}

export interface Changed<Answer> {
  readonly answer: Answer;
  /** False for a repeat under the same Idempotency-Key. */
  readonly first: boolean;
}

/** The part of an owner object that this file needs. */
interface ChangedOwner {
  readonly id: KeyOwner;
  repeated(request: RequestKey | null): Promise<Configured | null>;
  refuse(refusal: OwnerRefusal): Refusal;
}

export const changedAgent = ({ owners }: OperationPorts, id: AgentId): ChangedOwner => ({
  id,
  repeated: (request) => owners.agent(id).repeated(request),
  refuse: refusalOf,
});

export const changedWorkspace = ({ owners }: OperationPorts, id: WorkspaceId): ChangedOwner => ({
  id,
  repeated: (request) => owners.workspace(id).repeated(request),
  refuse: workspaceRefusalOf,
});

export const changedOrg = ({ owners }: OperationPorts): ChangedOwner => ({
  id: "org",
  repeated: (request) => owners.org().repeated(request),
  refuse: refusalOf,
});

/**
 * @param schema of the answer; a stored answer is parsed by it.
 * @param plan called again after a change by another request. So it first reads the version that it is based on, and
 * then the rest.
 */
export async function change<Answer>(
  ports: OperationPorts,
  request: Requester,
  owner: ChangedOwner,
  schema: z.ZodType<Answer>,
  plan: () => Promise<Result<Plan<Answer>, Refusal>>,
): Promise<Result<Changed<Answer>, Refusal>> {
  const earlier = await owner.repeated(requestKey(request, owner.id));
  if (earlier !== null) return outcomeOf(earlier, owner, schema);
  const end = ports.clock.now() + MOST_PLANNING_MS;
  for (let plans = 1; ; plans += 1) {
    const planned = await plan();
    if (!planned.ok) return planned;
    const { answer, change: wanted } = planned.value;
    if (wanted === null) return ok({ answer, first: true });
    const outcome = await wanted.send({
      change: ports.ids.next("chg"),
      meta: requestMeta(request, owner.id),
      answer: JSON.stringify(answer),
      audit: drafts(ports, request, wanted.audit),
    });
    if (outcome.ok && outcome.value.kind === "done") return ok({ answer, first: true });
    const stale = !outcome.ok && outcome.error.kind === "stale";
    if (!stale) return outcomeOf(outcome, owner, schema);
    if (plans === MOST_PLANS || ports.clock.now() >= end) return err(KEEPS_CHANGING);
  }
}

/** The audit records of a change, with the facts about the request. */
export const drafts = (
  ports: OperationPorts,
  request: Requester,
  records: readonly ChangeRecord[],
): AuditDraft[] => records.map((record) => draftRecord(ports, { ...record, ...factsOf(request) }));

/** Only the answer, for a change whose repeats get the same one. */
export const answerOf = <Answer>(changed: Result<Changed<Answer>, Refusal>): Result<Answer, Refusal> =>
  changed.ok ? ok(changed.value.answer) : changed;

function outcomeOf<Answer>(
  outcome: Configured,
  owner: ChangedOwner,
  schema: z.ZodType<Answer>,
): Result<Changed<Answer>, Refusal> {
  if (!outcome.ok) return err(owner.refuse(outcome.error));
  if (outcome.value.kind === "done") throw new Error("a change that was only asked about was made");
  return keptAnswer(outcome.value.body, schema);
}

/** The stored answer of an earlier request under the same key. Another version of Dome may have written it. */
export function keptAnswer<Answer>(
  body: string,
  schema: z.ZodType<Answer>,
): Result<Changed<Answer>, Refusal> {
  const parsed = schema.safeParse(JSON.parse(body));
  return parsed.success ? ok({ answer: parsed.data, first: false }) : err(OUTDATED_ANSWER);
}

const KEEPS_CHANGING: Refusal = {
  code: "configuration_pending",
  detail:
    "Other changes of the same agent or workspace kept coming in between, and Dome has not made this one. Repeat the request.",
  retryAfterSeconds: 1,
};

const OUTDATED_ANSWER: Refusal = {
  code: "idempotency_mismatch",
  detail:
    "The first request with this Idempotency-Key took effect. Another version of Dome answered it, and this version cannot repeat the answer. Read the resource.",
};
