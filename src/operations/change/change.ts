/**
 * Every change of configuration goes through here, whatever it changes. In this order: a repeat gets the answer that was
 * kept (P12); the change is planned on what is there now, which is where authority and `If-Match` are judged; the owner
 * object makes it, in one batch with its audit records (P8) and its answer; and when another change has come in between,
 * it is planned anew.
 */
import type { z } from "zod";
import type { AuditDraft } from "../../contract/audit.ts";
import { draftRecord, type AuditFacts } from "../../audit/record.ts";
import type { AgentId, Id, WorkspaceId } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { KeyOwner, RequestKey } from "../../storage/idempotency.ts";
import type { Configured, OwnerRefusal } from "../owners/owner-answer.ts";
import type { RequestMeta } from "../request/request-meta.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type Requester } from "../request/ports.ts";
import { refusalOf, workspaceRefusalOf, type Refusal } from "../answer/refusal.ts";

/** How often a change is planned, when others keep changing what it is based on. */
const MOST_PLANS = 3;

/** What a record of the change says; who asked is added. */
export type ChangeRecord = Omit<AuditFacts, keyof ReturnType<typeof factsOf>>;

/** What every owner object is told of a change, besides its content. */
export interface ChangeCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  /** JSON. */
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface Plan<Answer> {
  /** What is answered, and kept for repeats: without secrets (P4). */
  readonly answer: Answer;
  /** Null: there is nothing to change, so that nothing is recorded or kept either. */
  readonly change: {
    readonly audit: readonly ChangeRecord[];
    /** Tells the owner object. A change that is based on what was read names the version; another is `stale`. */
    send(command: ChangeCommand): Promise<Configured>;
  } | null;
}

export interface Changed<Answer> {
  readonly answer: Answer;
  /** False: it was answered before, under the same Idempotency-Key. */
  readonly first: boolean;
}

/** The object that makes a change, as far as this file asks it. */
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
 * @param schema of the answer: one that was kept is parsed by it.
 * @param plan is called again after a change by somebody else, so it reads the version it is based on, and then the rest.
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
    if (plans === MOST_PLANS) return err(KEEPS_CHANGING);
  }
}

/** The audit records of a change, with who asked for it. */
export const drafts = (
  ports: OperationPorts,
  request: Requester,
  records: readonly ChangeRecord[],
): AuditDraft[] => records.map((record) => draftRecord(ports, { ...record, ...factsOf(request) }));

/** Only the answer: for a change that shows the same the first time and later. */
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

/** What an earlier request under the same key was answered. Another version of the code may have kept it. */
export function keptAnswer<Answer>(
  body: string,
  schema: z.ZodType<Answer>,
): Result<Changed<Answer>, Refusal> {
  const parsed = schema.safeParse(JSON.parse(body));
  return parsed.success ? ok({ answer: parsed.data, first: false }) : err(OUTDATED_ANSWER);
}

const KEEPS_CHANGING: Refusal = {
  code: "configuration_pending",
  detail: "Other changes to the same resource came in between. Repeat the request.",
  retryAfterSeconds: 1,
};

const OUTDATED_ANSWER: Refusal = {
  code: "idempotency_mismatch",
  detail:
    "The first request with this Idempotency-Key took effect. Another version of Dome answered it, and this version cannot repeat the answer. Read the resource.",
};
