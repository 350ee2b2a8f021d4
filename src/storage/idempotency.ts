/**
 * Requests that must take effect only once (P12). A row is unique per (operator subject, owner object, key). It
 * holds the digest of the body, never a secret. `fence` guards a claim that lapsed and was taken over.
 */
import { and, eq, isNull, lt, sql } from "drizzle-orm";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { guard, type Statement } from "./change.ts";
import type { Database } from "./client.ts";
import { idempotency } from "./tables/changes.ts";

/** How long a first attempt may run before another may take its claim over. */
export const CLAIM_MS = 30_000;
/** How long stored answers are repeated. */
export const KEEP_MS = 7 * 86_400_000;

/**
 * A request as its sender identifies it. Two tokens of one subject may send the same text and mean different
 * workspaces.
 */
export interface SentKey {
  readonly subject: string;
  readonly key: string;
  /** Digest of method, path and body. */
  readonly bodyDigest: string;
}

/** The object that a request changes; for a creation, the object that will contain the new one. */
export type KeyOwner = AgentId | WorkspaceId | "org";

/** The identity of a request: the text sent, and the target to which the credential resolved it. */
export interface RequestKey extends SentKey {
  readonly owner: KeyOwner;
}

/** The right to run a request under its key. */
export interface Claim extends RequestKey {
  readonly target: string;
  readonly fence: number;
}

type ClaimOutcome =
  | { readonly kind: "claimed"; readonly claim: Claim }
  | { readonly kind: "answered"; readonly status: number; readonly body: string; readonly target: string }
  | { readonly kind: "running"; readonly retryAfterMs: number }
  | { readonly kind: "other_body" };

const matches = (request: RequestKey) =>
  and(
    eq(idempotency.subject, request.subject),
    eq(idempotency.owner, request.owner),
    eq(idempotency.key, request.key),
  );

/**
 * Reserves a key, or reports its state.
 * @param target the id that the request will create or change; a claim that is taken over keeps the first one.
 */
export async function claimRequest(
  db: Database,
  request: RequestKey,
  target: string,
  now: number,
): Promise<ClaimOutcome> {
  await db
    .insert(idempotency)
    .values({ ...request, target, claimedUntil: now + CLAIM_MS, createdAt: now })
    .onConflictDoNothing();
  const row = await db.select().from(idempotency).where(matches(request)).get();
  if (row === undefined) throw new Error("an idempotency row vanished between its insert and its read");
  if (row.bodyDigest !== request.bodyDigest) return { kind: "other_body" };
  if (row.status !== null) {
    return { kind: "answered", status: row.status, body: row.body ?? "", target: row.target };
  }
  const isNew = row.target === target;
  if (isNew) return { kind: "claimed", claim: { ...request, target, fence: row.fence } };
  if (row.claimedUntil > now) return { kind: "running", retryAfterMs: row.claimedUntil - now };
  const taken = await db
    .update(idempotency)
    .set({ fence: row.fence + 1, claimedUntil: now + CLAIM_MS })
    .where(and(matches(request), eq(idempotency.fence, row.fence), isNull(idempotency.status)))
    .returning({ fence: idempotency.fence });
  if (taken.length === 0) return { kind: "running", retryAfterMs: CLAIM_MS };
  return { kind: "claimed", claim: { ...request, target: row.target, fence: row.fence + 1 } };
}

/**
 * Releases a claim after a refusal: nothing happened, and the key may be used again. It also blocks a batch that is
 * still running, because that batch requires this very claim, and a new claim under the same key has another
 * target.
 */
export async function releaseClaim(db: Database, claim: Claim): Promise<void> {
  await db
    .delete(idempotency)
    .where(
      and(
        matches(claim),
        eq(idempotency.target, claim.target),
        eq(idempotency.fence, claim.fence),
        isNull(idempotency.status),
      ),
    );
}

/** First statement of a batch that runs under a claim. */
export const guardClaim = (db: Database, claim: Claim): Statement =>
  guard(
    db,
    "claimOk",
    sql`(SELECT fence = ${claim.fence} AND target = ${claim.target} AND status IS NULL FROM ${idempotency}
         WHERE subject = ${claim.subject} AND owner = ${claim.owner} AND key = ${claim.key})`,
  );

/** Stores the answer in the batch that has the effect. `body` must not hold a secret (P4). */
export const answerClaim = (db: Database, claim: Claim, status: number, body: string): Statement =>
  db.update(idempotency).set({ status, body }).where(matches(claim));

/** The stored answer under a key, for requests that take effect in D1. */
export async function findAnswer(
  db: Database,
  request: RequestKey,
): Promise<{ readonly status: number; readonly body: string; readonly sameBody: boolean } | undefined> {
  const row = await db.select().from(idempotency).where(matches(request)).get();
  if (row === undefined || row.status === null) return undefined;
  return { status: row.status, body: row.body ?? "", sameBody: row.bodyDigest === request.bodyDigest };
}

/** Writes the answer of a change that needed no claim, because its owner object runs one change at a time. */
export const recordAnswer = (
  db: Database,
  request: RequestKey,
  target: string,
  status: number,
  body: string,
  now: number,
): Statement =>
  db.insert(idempotency).values({ ...request, target, status, body, claimedUntil: now, createdAt: now });

/** Deletes answers whose keeping time has passed. */
export async function sweepAnswers(db: Database, now: number): Promise<void> {
  await db.delete(idempotency).where(lt(idempotency.createdAt, now - KEEP_MS));
}
