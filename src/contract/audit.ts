/**
 * The audit record: the one form in which every event is recorded (design part 10).
 *
 * A record is complete in itself. It names its producer and the producer's gapless number `n`, so that a lost
 * record shows as a gap. It has at most `MAX_RECORD_BYTES` of JSON, so that it always fits a queue message. The
 * members that identify a person are listed in `PERSONAL_MEMBERS`; they can be erased from a ledger later.
 */
import { z } from "zod";
import { toolReference } from "./resource.ts";
import { userId } from "./user-id.ts";
import { countInput, idText, principal, proseLine, timeInput } from "./words.ts";
import { idPattern } from "../kernel/ids.ts";
import type { AuditKind } from "./audit-kinds.ts";
import { change } from "./check.ts";

/** The largest record, in bytes of JSON: two fit a 128 KB queue message with its metadata. */
export const MAX_RECORD_BYTES = 61_440;

/**
 * Members that identify a person: committed by salted digest, so that they can be erased without breaking the chain. The
 * list is part of the committed form. Version 1 of the form had no `user.groups`; a record without them is the same in both.
 */
export const PERSONAL_MEMBERS = [
  "operator.subject",
  "user.subject",
  "user.email",
  "user.groups",
  "request.ip",
  "request.user_agent",
] as const;
export type PersonalPath = (typeof PERSONAL_MEMBERS)[number];

/**
 * The longest texts of a record, in UTF-16 code units. Producers cut texts to these lengths, so that a ledger never
 * refuses a record.
 */
export const RECORD_TEXTS = {
  "operator.subject": 320,
  "operator.token": 64,
  "chain.key": 64,
  "user.id": 64,
  "user.issuer": 512,
  "user.subject": 255,
  "user.email": 320,
  "user.groups": 256,
  "target.type": 64,
  "target.id": 512,
  action: 64,
  arguments_digest: 128,
  reason: 512,
  layer: 64,
  detail: 4096,
  policies: 256,
  bundle_version: 256,
  txn: 128,
  request_id: 128,
  outcome: 64,
  "request.method": 32,
  "request.ip": 64,
  "request.country": 8,
  "request.user_agent": 1024,
} as const;
/** The most items of a record's lists. */
export const RECORD_LISTS = { chain: 32, policies: 256, groups: 200 } as const;
/** The most characters of all groups of a user together. A longer list is left out: half of it would be another statement. */
export const MOST_GROUPS_TEXT = 4_096;

const text = (max: number) => z.string().max(max);
/**
 * Any JSON object, with names of any length. Its type is just an object: a recursive type is too deep for the types
 * of RPC stubs, and for the OpenAPI generator.
 */
const jsonObject: z.ZodType<object> = z
  .record(z.string(), z.unknown())
  .refine(isJson, { message: "must be JSON" })
  .meta({ type: "object" });

/** Without recursion, because a ledger parses what a queue delivers. Members that are `undefined` are absent. */
function isJson(root: unknown): boolean {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "number" && !Number.isFinite(value)) return false;
    if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return false;
    if (typeof value !== "object" || value === null) continue;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false;
    for (const each of Object.values(value)) open.push(each);
  }
  return true;
}

const recordId = z.string().regex(idPattern("evt"));
const auditAgentId = z.string().regex(idPattern("agt"));

/** `decision`, or dotted words such as `agent.suspended`. */
const auditKind = z
  .string()
  .max(64)
  .regex(/^(?:decision|[a-z_]+(?:\.[a-z_]+)+)$/);

/** The workspace whose ledger holds the record, or `org` for what belongs to the whole deployment. */
export const ledgerName = z.union([z.string().regex(idPattern("wsp")), z.literal("org")]);

/** The value that replaces an erased personal member. */
const erased = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const chainLink = z.strictObject({
  agent: auditAgentId,
  key: text(RECORD_TEXTS["chain.key"]),
  epoch: z.number().int().nonnegative().optional(),
});

const groupList = z.array(text(RECORD_TEXTS["user.groups"])).max(RECORD_LISTS.groups);

/**
 * @param personal decides what a personal member may be: clear text only, or also its digest once erased.
 * @param groups the same for the list of groups.
 */
const recordShape = <P extends z.ZodType, G extends z.ZodType>(
  personal: (clear: z.ZodString) => P,
  groups: G,
) => ({
  id: recordId,
  /** The producer that numbered the record. */
  producer: z.string().min(1).max(128),
  n: z.number().int().positive(),
  time: z.iso.datetime(),
  workspace: ledgerName,
  kind: auditKind,
  operator: z
    .strictObject({
      subject: personal(text(RECORD_TEXTS["operator.subject"])),
      token: text(RECORD_TEXTS["operator.token"]),
    })
    .optional(),
  agent: auditAgentId.optional(),
  /** Every agent that took part, newest first. */
  chain: z.array(chainLink).min(1).max(RECORD_LISTS.chain).optional(),
  user: z
    .strictObject({
      id: text(RECORD_TEXTS["user.id"]),
      /** The user's subject and provider. Set only where the provider's own token was presented. */
      issuer: text(RECORD_TEXTS["user.issuer"]).optional(),
      subject: personal(text(RECORD_TEXTS["user.subject"])).optional(),
      email: personal(text(RECORD_TEXTS["user.email"])).optional(),
      /** As the provider stated them. Set on decisions only. */
      groups: groups.optional(),
    })
    .optional(),
  target: z
    .strictObject({ type: text(RECORD_TEXTS["target.type"]), id: text(RECORD_TEXTS["target.id"]) })
    .optional(),
  action: text(RECORD_TEXTS.action).optional(),
  arguments_digest: text(RECORD_TEXTS.arguments_digest).optional(),
  /** Clear text only where the tool's entry in the catalog allows it. */
  arguments: jsonObject.optional(),
  decision: z.enum(["allow", "deny"]).optional(),
  decision_id: z.string().regex(idPattern("dec")).optional(),
  /** A reason code; for a halt, what the operator wrote. */
  reason: text(RECORD_TEXTS.reason).optional(),
  layer: text(RECORD_TEXTS.layer).optional(),
  detail: text(RECORD_TEXTS.detail).optional(),
  /** What would turn a deny into an allow, in full. */
  change: change.optional(),
  policies: z.array(text(RECORD_TEXTS.policies)).max(RECORD_LISTS.policies).optional(),
  bundle_version: text(RECORD_TEXTS.bundle_version).optional(),
  txn: text(RECORD_TEXTS.txn).optional(),
  request_id: text(RECORD_TEXTS.request_id).optional(),
  latency_ms: z.number().nonnegative().optional(),
  outcome: text(RECORD_TEXTS.outcome).optional(),
  request: z
    .strictObject({
      method: text(RECORD_TEXTS["request.method"]).optional(),
      ip: personal(text(RECORD_TEXTS["request.ip"])).optional(),
      country: text(RECORD_TEXTS["request.country"]).optional(),
      user_agent: personal(text(RECORD_TEXTS["request.user_agent"])).optional(),
    })
    .optional(),
  data: jsonObject.optional(),
});

/** A record as its producer sends it. */
export const auditRecord = z.strictObject(recordShape((clear) => clear, groupList));

/** A record as a ledger keeps it: personal members may have been erased. */
export const storedRecord = z.strictObject(
  recordShape((clear) => z.union([clear, erased]), z.union([groupList, erased])),
);

/** A record in a list: as kept, with its place in the ledger and the hash of the chain up to it (hex). */
export const auditEntry = storedRecord.extend({
  seq: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * A record as readers see it. `names`: the names of the ids in it, as far as they are known: agents by name, the
 * user by the address that its provider has verified.
 */
export const shownEntry = auditEntry
  .extend({ names: z.record(z.string(), z.string()).default({}) })
  .meta({ id: "AuditEntry" });

/** A record with the salt of its personal members, which verifies it offline; `null` once they are erased. */
export const chainEntry = z.strictObject({
  seq: z.number().int().positive(),
  record: storedRecord,
  salt: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

export const AUDIT_LIST_LIMIT = 200;

/** Filters of the audit list. They are combined with "and". */
export const auditQuery = z.strictObject({
  /** The caller; for a record without a caller, the agent it is about. */
  agent: auditAgentId.optional(),
  /** Any agent of the chain. */
  actor: auditAgentId.optional(),
  /** One kind, or all kinds below a word: `agent.*`. */
  kind: z
    .string()
    .max(64)
    .regex(/^(?:[a-z_]+(?:\.[a-z_]+)*)(?:\.\*)?$/)
    .optional(),
  /** A tool, which covers its operations (`zendesk`), or one operation (`zendesk/create_ticket`). */
  tool: toolReference.optional(),
  /** `any`: records of decisions, whatever was decided. */
  decision: z.enum(["allow", "deny", "any"]).optional(),
  /** Decisions that a version in shadow would have made otherwise. */
  shadow: z.boolean().default(false),
  reason: proseLine(RECORD_TEXTS.reason).optional(),
  /** The operator's subject. */
  operator: principal.optional(),
  request_id: idText("req").optional(),
  txn: idText("txn").optional(),
  /** The end user for whom the call was made: `usr_…`. */
  user: userId.optional(),
  /** Records of calls with this API key, and of changes to it. */
  key: idText("key").optional(),
  /** Includes records of readings of the ledger. With a filter on the kind, that filter alone decides. */
  readings: z.boolean().default(false),
  /** Bounds the record's own time, inclusive. */
  since: timeInput.optional(),
  /** Bounds the record's own time, exclusive. */
  until: timeInput.optional(),
  order: z.enum(["newest", "oldest"]).default("newest"),
  limit: countInput(1, AUDIT_LIST_LIMIT).default(50),
  after: countInput(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: "begin after the record with this `seq`, in the order of the list" }),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be the next_cursor of the page before")
    .optional(),
});

export type AuditRecord = z.output<typeof auditRecord>;
export type StoredRecord = z.output<typeof storedRecord>;
export type AuditEntry = z.output<typeof auditEntry>;
export type ShownEntry = z.output<typeof shownEntry>;
export type ChainEntry = z.output<typeof chainEntry>;
export type AuditQuery = z.output<typeof auditQuery>;
export type LedgerName = AuditRecord["workspace"];
/** A record before its producer has numbered it. */
export type AuditDraft = Omit<AuditRecord, "producer" | "n" | "kind"> & { kind: AuditKind };
