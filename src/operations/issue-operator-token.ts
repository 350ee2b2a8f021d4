/**
 * Issues an operator token, or the successor of one. Only the first answer holds the secret (P4). With `replaces`, the
 * old token ends after the overlap, or at once; subject and rights stay the same.
 */
import { operatorCreated, type OperatorCreate, type OperatorCreated } from "../contract/operator.ts";
import { DEFAULT_LIFE_MS, LONGEST_LIFE_MS } from "../contract/operator.ts";
import { digestKey } from "../credentials/digest.ts";
import { maskKey, mintKey } from "../credentials/key-format.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { OperatorTokenId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { findOperatorTokenById, operatorView, type OperatorToken } from "../operators/token-reads.ts";
import type { NewOperatorToken } from "../operators/token-writes.ts";
import { findWorkspace } from "../registry/workspaces.ts";
import { change, changedOrg, type ChangeRecord } from "./change/change.ts";
import { orgEpoch } from "./change/org-epoch.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";

/** The subject and the rights of a token. */
type Rights = Pick<OperatorToken, "subject" | "description" | "role" | "workspaces">;

/** @returns the answer of `201`. */
export async function issueOperatorToken(
  ports: OperationPorts,
  request: OperatorRequest,
  body: OperatorCreate,
): Promise<Result<OperatorCreated, Refusal>> {
  let secret: string | null = null;
  const issued = await change(ports, request, changedOrg(ports), operatorCreated, async () => {
    const basedOn = await orgEpoch(ports);
    const replaced = await replacedToken(ports, body.replaces);
    if (!replaced.ok) return replaced;
    const rights = await rightsOf(ports, body, replaced.value);
    if (!rights.ok) return rights;
    const now = ports.clock.now();
    const expiresAt = endOf(body.expires_at, replaced.value, now);
    if (!expiresAt.ok) return expiresAt;
    const made = await newToken(ports, {
      ...rights.value,
      id: ports.ids.next("opt"),
      createdAt: now,
      createdBy: request.operator.subject,
      expiresAt: expiresAt.value,
      replaces: replaced.value?.id ?? null,
      version: 1,
    });
    ({ secret } = made);
    const { token } = made;
    const overlapMs = body.overlap_seconds * 1000;
    return ok({
      answer: answerFor(token, replaced.value, overlapMs),
      change: {
        audit: [recordOf(token, body.overlap_seconds)],
        send: (command) =>
          ports.owners.org().configure({
            ...command,
            basedOn,
            content: { kind: "operator_token", token: { kind: "issue", token, overlapMs } },
          }),
      },
    });
  });
  if (!issued.ok) return issued;
  const { answer, first } = issued.value;
  if (!first) return ok(answer);
  return ok({ ...answer, operator_token: { ...answer.operator_token, secret }, secret_shown: false });
}

async function replacedToken(
  ports: OperationPorts,
  id: OperatorTokenId | undefined,
): Promise<Result<OperatorToken | null, Refusal>> {
  if (id === undefined) return ok(null);
  const found = await findOperatorTokenById(ports.db, id);
  if (found !== undefined) return ok(found);
  return err(memberRefusal("unknown_reference", "replaces", `There is no operator token ${id}.`));
}

async function rightsOf(
  ports: OperationPorts,
  body: OperatorCreate,
  replaced: OperatorToken | null,
): Promise<Result<Rights, Refusal>> {
  if (replaced !== null) {
    const { subject, description, role, workspaces } = replaced;
    return ok({ subject, description, role, workspaces });
  }
  const { subject, role, description = null, workspaces = null } = body;
  if (subject === undefined || role === undefined) throw new Error("the schema lets no such request in");
  for (const name of workspaces ?? []) {
    if ((await findWorkspace(ports.db, name)) !== undefined) continue;
    return err(memberRefusal("unknown_reference", "workspaces", `There is no workspace ${name}.`));
  }
  return ok({ subject, role, description, workspaces });
}

/** Without an explicit end, a successor lives as long as its predecessor. */
function endOf(
  expiresAt: string | undefined,
  replaced: OperatorToken | null,
  now: number,
): Result<number, Refusal> {
  const life = replaced === null ? DEFAULT_LIFE_MS : replaced.expiresAt - replaced.createdAt;
  const end = expiresAt === undefined ? now + life : Date.parse(expiresAt);
  const refuse = (detail: string) => err(memberRefusal("invalid_request", "expires_at", detail));
  if (end <= now) return refuse("The end date is in the past.");
  if (end > now + LONGEST_LIFE_MS)
    return refuse(
      "An operator token expires within one year. Choose an earlier end date, and rotate the token before it.",
    );
  return ok(end);
}

async function newToken(
  ports: OperationPorts,
  facts: Omit<NewOperatorToken, "digest" | "rootKeyVersion" | "last4">,
): Promise<{ readonly secret: string; readonly token: NewOperatorToken }> {
  const [newest] = ports.derived;
  const secret = await mintKey("operator", newest.formKey, ports.random);
  const digest = digestKey(newest.pepper, secret);
  return { secret, token: { ...facts, digest, rootKeyVersion: newest.version, last4: maskKey(secret) } };
}

/** The answer without its secret, as it is stored for repeats (P12). */
function answerFor(
  token: NewOperatorToken,
  replaced: OperatorToken | null,
  overlapMs: number,
): OperatorCreated {
  const view = operatorView({ ...token, revokedAt: null, lastUsedAt: null }, token.createdAt);
  return {
    operator: view,
    operator_token: { id: token.id, secret: null, expires_at: view.expires_at },
    secret_shown: true,
    replaced:
      replaced === null
        ? null
        : { id: replaced.id, ends_at: rfc3339(Math.min(replaced.expiresAt, token.createdAt + overlapMs)) },
  };
}

/** The record has no subject: the row has it, and the ledger holds personal data only where it can be erased. */
const recordOf = (
  { id, role, workspaces, expiresAt, replaces }: NewOperatorToken,
  overlapSeconds: number,
): ChangeRecord => ({
  workspace: "org",
  kind: replaces === null ? "operator.created" : "operator.rotated",
  target: { type: "operator_token", id },
  data: {
    role,
    workspaces: workspaces === null ? null : [...workspaces],
    expires_at: rfc3339(expiresAt),
    ...defined({
      replaces: replaces ?? undefined,
      overlap_seconds: replaces === null ? undefined : overlapSeconds,
    }),
  },
});
