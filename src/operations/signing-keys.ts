/**
 * The organization's signing keys on the control plane: listed, rotated, given up. The keys are rows of D1; that they
 * have changed is the `org` object's word, so every isolate reads them anew within the bound of a lease.
 */
import { draftRecord } from "../audit/record.ts";
import {
  signingKeysRotated,
  type SigningKeyRotation,
  type SigningKeysRotated,
  type SigningKeyView,
} from "../contract/signing-key.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { sealedUnder } from "../secrets/envelope.ts";
import type { KeyUse } from "../signing/jws.ts";
import { isRotationDue, rotate, type Rotated, type Rotation } from "../tokens/rotation.ts";
import { loadSigningKeys } from "../tokens/signing-key-reads.ts";
import { generateSigningKey, publishedUntil, signingKeyAt, type SigningKey } from "../tokens/signing-key.ts";
import type { OperatorRef } from "./request-meta.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { memberRefusal, refusalOf, type Refusal } from "./refusal.ts";

const DOME_ITSELF: OperatorRef = { subject: "dome", token: "signing-key-schedule" };
/** Others may change the organization between reading its keys and changing them. */
const TRIES = 3;

export async function listSigningKeys(
  ports: OperationPorts,
  request: OperatorRequest,
): Promise<Result<{ items: SigningKeyView[]; next_cursor: null }, Refusal>> {
  const whole = wholeInstallation(request);
  if (!whole.ok) return whole;
  const keys = await loadSigningKeys(ports.db);
  return ok({ items: viewsOf(keys, ports.clock.now()), next_cursor: null });
}

export async function rotateSigningKeys(
  ports: OperationPorts,
  request: OperatorRequest,
  body: SigningKeyRotation,
): Promise<Result<SigningKeysRotated, Refusal>> {
  const whole = wholeInstallation(request);
  if (!whole.ok) return whole;
  const earlier = await ports.owners.org().repeated(requestKey(request, "org"));
  if (earlier?.ok === false) return err(refusalOf(earlier.error));
  if (earlier?.value.kind === "repeated") {
    return ok(signingKeysRotated.parse(JSON.parse(earlier.value.body)));
  }
  const { mode, kid, use = "token" } = body;
  const rotation: Rotation = mode === "compromised" ? { mode, kid: kid ?? "" } : { mode, use };
  return change(ports, rotation, {
    meta: requestMeta(request, "org"),
    facts: factsOf(request),
  });
}

/** For the scheduled sweep: publishes the next key of a use a day before it is to sign. */
export async function rotateDueSigningKey(ports: OperationPorts, use: KeyUse): Promise<void> {
  const keys = await loadSigningKeys(ports.db);
  if (isRotationDue(keys, use, ports.clock.now())) await rotateDue(ports, use);
}

async function rotateDue(ports: OperationPorts, use: KeyUse): Promise<void> {
  const requestId = ports.ids.next("req");
  const rotated = await change(
    ports,
    { mode: "scheduled", use },
    {
      meta: { operator: DOME_ITSELF, request: null, requestId },
      facts: { operator: { ...DOME_ITSELF }, request_id: requestId },
    },
  );
  if (!rotated.ok) ports.log.write("warn", "signing_keys.not_rotated", { use, code: rotated.error.code });
}

interface By {
  readonly meta: ReturnType<typeof requestMeta>;
  readonly facts: Partial<ReturnType<typeof factsOf>>;
}

async function change(
  ports: OperationPorts,
  rotation: Rotation,
  by: By,
): Promise<Result<SigningKeysRotated, Refusal>> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt(ports, rotation, by);
    if (outcome.ok || outcome.error.code !== "precondition_failed" || tries === TRIES) return outcome;
  }
}

async function attempt(
  ports: OperationPorts,
  rotation: Rotation,
  { meta, facts }: By,
): Promise<Result<SigningKeysRotated, Refusal>> {
  const org = ports.owners.org();
  const { config_epoch: basedOn } = await org.lease(); // before the keys are read: a change between the two shows
  const keys = await loadSigningKeys(ports.db);
  const now = ports.clock.now();
  const planned = await rotate(keys, rotation, now, (use, times) =>
    generateSigningKey(use, times, ports.derived, ports.random),
  );
  if (!planned.ok) return err(refusedRotation(planned.error.kind));
  const { use, inserted, changed } = planned.value;
  const after = applied(keys, planned.value).filter((key) => key.use === use);
  const isChange = inserted.length + changed.length > 0;
  const answer: SigningKeysRotated = { changed: isChange, keys: viewsOf(after, now) };
  if (!isChange) return ok(answer);
  const outcome = await org.configure({
    change: ports.ids.next("chg"),
    meta,
    content: { kind: "signing_keys", basedOn, inserted, changed },
    answer: JSON.stringify(answer),
    audit: [
      draftRecord(ports, {
        workspace: "org",
        kind: rotation.mode === "compromised" ? "signing_keys.compromised" : "signing_keys.rotated",
        target: { type: "signing_key", id: subjectOf(rotation, planned.value, now) },
        ...facts,
        data: { use, mode: rotation.mode, made: inserted.map((key) => key.kid) },
      }),
    ],
  });
  if (!outcome.ok) return err(refusalOf(outcome.error));
  if (outcome.value.kind === "done") return ok(answer);
  return ok(signingKeysRotated.parse(JSON.parse(outcome.value.body)));
}

/** The key that a change is about: the one given up, or the one that signs next. */
function subjectOf(rotation: Rotation, { inserted, changed }: Rotated, now: number): string {
  if (rotation.mode === "compromised") return rotation.kid;
  const next = inserted[0] ?? changed.find((key) => key.notBefore === now) ?? changed[0];
  if (next === undefined) throw new Error("a rotation that changes nothing is not recorded");
  return next.kid;
}

function refusedRotation(kind: "unknown_key" | "already_compromised"): Refusal {
  return kind === "unknown_key"
    ? memberRefusal(
        "unknown_reference",
        "kid",
        "There is no such signing key. dome signing-keys list shows them.",
      )
    : memberRefusal("key_not_live", "kid", "The key was given up before.");
}

/** Signing keys belong to no workspace, so a token that is bound to some has no business with them. */
export const wholeInstallation = (request: OperatorRequest): Result<void, Refusal> =>
  request.operator.workspaces === null
    ? ok(undefined)
    : err({ code: "forbidden", detail: "This concerns all workspaces and needs a token for all of them." });

function applied(keys: readonly SigningKey[], { inserted, changed }: Rotated): readonly SigningKey[] {
  const news = new Map(changed.map((key) => [key.kid, key]));
  return [...keys.map((key) => news.get(key.kid) ?? key), ...inserted];
}

function viewsOf(keys: readonly SigningKey[], now: number): SigningKeyView[] {
  return keys
    .toSorted((a, b) => b.notBefore - a.notBefore || a.kid.localeCompare(b.kid))
    .map((key) => {
      const end = publishedUntil(key);
      return {
        kid: key.kid,
        use: key.use,
        state: stateOf(keys, key, end, now),
        created_at: rfc3339(key.createdAt),
        signs_from: rfc3339(key.notBefore),
        signs_until: timeOrNull(key.retireAt),
        published_until: timeOrNull(end),
        compromised_at: timeOrNull(key.compromisedAt),
        root_key_version: sealedUnder(key.sealedPrivate) ?? "unknown",
      };
    });
}

function stateOf(
  keys: readonly SigningKey[],
  key: SigningKey,
  end: number | null,
  now: number,
): SigningKeyView["state"] {
  if (key.compromisedAt !== null) return "compromised";
  if (key.notBefore > now) return "next";
  if (signingKeyAt(keys, key.use, now) === key) return "signing";
  return end === null || now < end ? "retired" : "removed";
}

const timeOrNull = (at: number | null): string | null => (at === null ? null : rfc3339(at));
