/**
 * Operators: people and jobs on the control plane. `DOME_ADMIN_TOKEN` is compared without a database, so that an
 * emergency stop works while D1 is down. Every other token is read from the D1 primary on every request, and live
 * tokens are never cached. So a revoked or expired token is refused from the next request on, and without D1 all of
 * them are refused. A dead token stays dead, so it costs D1 one read per isolate.
 */
import { digestsOf } from "../credentials/version-digests.ts";
import type { BoundedMap } from "../kernel/bounded-map.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import { equalBytes, sha256Sync } from "../kernel/digest.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Role } from "../operators/permissions.ts";
import {
  findOperatorToken,
  isUseDue,
  noteOperatorUse,
  stateOf,
  type OperatorToken,
} from "../operators/token-reads.ts";
import type { DerivedKeys } from "../secrets/root-key.ts";
import type { Database } from "../storage/client.ts";
import { followDigest } from "../storage/key-digests.ts";

declare const operatorProof: unique symbol;

/** An authenticated operator; only this file makes one. */
export interface Operator {
  readonly [operatorProof]: true;
  readonly subject: string;
  /** Id of the token, or `admin` for `DOME_ADMIN_TOKEN`. */
  readonly token: string;
  readonly role: Role;
  /** Names of the workspaces; null: all. */
  readonly workspaces: readonly string[] | null;
  readonly expiresAt: number | null;
}

/** An operator as audit records and commands name it. */
export const operatorRef = ({ subject, token }: Pick<Operator, "subject" | "token">) => ({ subject, token });

/** The facts kept about a dead token. */
export type DeadToken = Pick<OperatorToken, "id" | "subject" | "expiresAt" | "revokedAt">;

export interface OperatorPorts {
  readonly clock: Clock;
  readonly db: Database;
  readonly derived: DerivedKeys;
  /** Form keys of root-key versions that are no longer configured. */
  readonly retiredForms: readonly Uint8Array<ArrayBuffer>[];
  /** The whole `dome_ot_…` text; null when this deployment has none. */
  readonly adminToken: string | null;
  /**
   * Dead tokens that were presented, by SHA-256 of the whole token. Dead is final: the database neither revives a
   * token nor prolongs one.
   */
  readonly deadTokens: BoundedMap<string, DeadToken>;
  /** Lets work continue after the answer is sent. */
  background(work: Promise<unknown>): void;
}

/** Why a token was refused. Callers learn only that it was refused; the kind is for the ledger and the log. */
export type OperatorRefusal =
  | { readonly kind: "missing" }
  /** Never issued, or not a token at all. */
  | { readonly kind: "unknown" }
  /** Issued once, and now dead. */
  | {
      readonly kind: "dead";
      readonly token: OperatorToken["id"];
      readonly subject: string;
      readonly why: "revoked" | "expired";
    };

const BEARER = /^Bearer +(dome_ot_[0-9A-Za-z]+)$/i;

export async function authenticateOperator(
  ports: OperatorPorts,
  authorization: string | null,
): Promise<Result<Operator, OperatorRefusal>> {
  if (authorization === null || authorization === "") return err({ kind: "missing" });
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) return err({ kind: "unknown" });
  if (ports.adminToken !== null && sameText(token, ports.adminToken)) {
    return ok(proven({ subject: "admin", token: "admin", role: "admin", workspaces: null, expiresAt: null }));
  }
  const fingerprint = toHex(sha256Sync(utf8(token)));
  const known = ports.deadTokens.get(fingerprint);
  const stillDead = known === undefined ? null : refusalOf(known, ports.clock.now());
  if (stillDead !== null) return err(stillDead);
  const digests = await digestsOf("operator", token, ports.derived, ports.retiredForms);
  const found = digests === undefined ? undefined : await findOperatorToken(ports.db, digests);
  if (digests === undefined || found === undefined) return err({ kind: "unknown" });
  const { id, subject, role, workspaces, expiresAt } = found;
  const now = ports.clock.now();
  const dead = refusalOf(found, now);
  if (dead !== null) {
    ports.deadTokens.set(fingerprint, { id, subject, expiresAt, revokedAt: found.revokedAt });
    return err(dead);
  }
  if (isUseDue(found, now)) ports.background(noteOperatorUse(ports.db, id, now));
  const [newest] = digests;
  if (!found.known.has(newest.digest)) ports.background(followDigest(ports.db, id, newest, now));
  return ok(proven({ subject, token: id, role, workspaces, expiresAt }));
}

/** Null: the token is live. */
function refusalOf(token: DeadToken, now: number): OperatorRefusal | null {
  const state = stateOf(token, now);
  return state === "live" ? null : { kind: "dead", token: token.id, subject: token.subject, why: state };
}

/** True when the operator may see this workspace at all. */
export const seesWorkspace = (operator: Operator, workspace: { readonly name: string }): boolean =>
  operator.workspaces === null || operator.workspaces.includes(workspace.name);

const proven = (operator: Omit<Operator, typeof operatorProof>): Operator => operator as Operator;

/** Compares digests, so that the time of the comparison does not reveal the length. */
const sameText = (a: string, b: string): boolean => equalBytes(sha256Sync(utf8(a)), sha256Sync(utf8(b)));
