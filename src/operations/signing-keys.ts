/**
 * The organization's signing keys on the control plane: listed, rotated, marked as compromised. The keys are rows of
 * D1. The `org` object announces their changes, so every isolate reads them again within the life of a lease.
 */
import {
  signingKeysRotated,
  type SigningKeyRotation,
  type SigningKeysRotated,
  type SigningKeyView,
} from "../contract/signing-key.ts";
import { rfc3339, rfc3339OrNull } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { sealedUnder } from "../secrets/envelope.ts";
import type { KeyUse } from "../signing/jws.ts";
import { isRotationDue, rotate, type Rotated, type Rotation } from "../tokens/rotation.ts";
import { loadSigningKeys } from "../tokens/signing-key-reads.ts";
import { generateSigningKey, publishedUntil, signingKeyAt, type SigningKey } from "../tokens/signing-key.ts";
import type { OperatorRef } from "./request/request-meta.ts";
import { answerOf, change, changedOrg, type Plan } from "./change/change.ts";
import { orgEpoch } from "./change/org-epoch.ts";
import { wholeInstallation } from "./request/whole-installation.ts";
import type { OperationPorts, OperatorRequest, Requester } from "./request/ports.ts";
import { afterOf, pageBehind, type Page } from "./answer/page.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";

const DOME_ITSELF: OperatorRef = { subject: "dome", token: "signing-key-schedule" };

export async function listSigningKeys(
  ports: OperationPorts,
  request: OperatorRequest,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Result<Page<SigningKeyView>, Refusal>> {
  const whole = wholeInstallation(request);
  if (!whole.ok) return whole;
  const after = afterOf(cursor);
  if (!after.ok) return after;
  const views = viewsOf(await loadSigningKeys(ports.db), ports.clock.now());
  return pageBehind(views, { after: after.value, limit }, ({ kid }) => kid);
}

export async function rotateSigningKeys(
  ports: OperationPorts,
  request: OperatorRequest,
  body: SigningKeyRotation,
): Promise<Result<SigningKeysRotated, Refusal>> {
  const whole = wholeInstallation(request);
  if (!whole.ok) return whole;
  const { mode, kid, use = "token" } = body;
  const rotation: Rotation = mode === "compromised" ? { mode, kid: kid ?? "" } : { mode, use };
  return rotateKeys(ports, request, rotation);
}

/** For the scheduled sweep: publishes the next key of a use one day before it begins to sign. */
export async function rotateDueSigningKey(ports: OperationPorts, use: KeyUse): Promise<void> {
  const keys = await loadSigningKeys(ports.db);
  if (!isRotationDue(keys, use, ports.clock.now())) return;
  const job = { operator: DOME_ITSELF, id: ports.ids.next("req"), key: null };
  const rotated = await rotateKeys(ports, job, { mode: "scheduled", use });
  if (!rotated.ok) ports.log.write("warn", "signing_keys.not_rotated", { use, code: rotated.error.code });
}

const rotateKeys = async (ports: OperationPorts, request: Requester, rotation: Rotation) =>
  answerOf(
    await change(ports, request, changedOrg(ports), signingKeysRotated, () => planned(ports, rotation)),
  );

async function planned(
  ports: OperationPorts,
  rotation: Rotation,
): Promise<Result<Plan<SigningKeysRotated>, Refusal>> {
  const basedOn = await orgEpoch(ports);
  const keys = await loadSigningKeys(ports.db);
  const now = ports.clock.now();
  const rotated = await rotate(keys, rotation, now, (use, times) =>
    generateSigningKey(use, times, ports.derived, ports.random),
  );
  if (!rotated.ok) return err(refusedRotation(rotated.error.kind));
  const { use, inserted, changed } = rotated.value;
  const after = applied(keys, rotated.value).filter((key) => key.use === use);
  const isChange = inserted.length + changed.length > 0;
  const answer: SigningKeysRotated = { changed: isChange, keys: viewsOf(after, now) };
  if (!isChange) return ok({ answer, change: null });
  return ok({
    answer,
    change: {
      audit: [
        {
          workspace: "org",
          kind: rotation.mode === "compromised" ? "signing_keys.compromised" : "signing_keys.rotated",
          target: { type: "signing_key", id: subjectOf(rotation, rotated.value, now) },
          data: { use, mode: rotation.mode, made: inserted.map((key) => key.kid) },
        },
      ],
      send: (command) =>
        ports.owners.org().configure({
          ...command,
          basedOn,
          content: { kind: "signing_keys", inserted, changed },
        }),
    },
  });
}

/** The key that a rotation is recorded for: the compromised one, or the next to sign. */
function subjectOf(rotation: Rotation, { inserted, changed }: Rotated, now: number): string {
  if (rotation.mode === "compromised") return rotation.kid;
  const next = inserted[0] ?? changed.find((key) => key.notBefore === now) ?? changed[0];
  if (next === undefined) throw new Error("a rotation that changes nothing is not recorded");
  return next.kid;
}

function refusedRotation(kind: "unknown_key" | "already_compromised"): Refusal {
  return kind === "unknown_key"
    ? memberRefusal("unknown_reference", "kid", "The signing key does not exist. Run dome signing-keys list.")
    : memberRefusal("key_not_live", "kid", "The signing key is already marked as compromised.");
}

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
        signs_until: rfc3339OrNull(key.retireAt),
        published_until: rfc3339OrNull(end),
        compromised_at: rfc3339OrNull(key.compromisedAt),
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
