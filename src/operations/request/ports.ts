/** What the use cases of the control plane are given. */
import type { Egress } from "../../egress/egress.ts";
import type { Clock, Timers } from "../../kernel/clock.ts";
import { defined } from "../../kernel/defined.ts";
import type { IdSource } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import type { DerivedKeys } from "../../secrets/root-key.ts";
import type { Database } from "../../storage/client.ts";
import type { KeyOwner, RequestKey, SentKey } from "../../storage/idempotency.ts";
import type { Operator } from "../../access/operator.ts";
import type { AuditFacts } from "../../audit/record.ts";
import type { Tiers } from "../../tiers/limits.ts";
import type { Owners } from "../owners/owners.ts";
import type { OperatorRef, RequestMeta } from "./request-meta.ts";

export interface OperationPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: IdSource;
  readonly random: Random;
  readonly log: Log;
  readonly db: Database;
  readonly derived: DerivedKeys;
  readonly owners: Owners;
  /** The tiers of the installation. */
  readonly tiers: Tiers;
}

/** What a use case is given that calls a stranger. */
export interface EgressOperationPorts extends OperationPorts {
  readonly egress: Egress;
  /** Of the test users that this server offers; null: none. */
  readonly testIssuer: string | null;
}

/** Who asks on the control plane, and how the request is known. */
export interface OperatorRequest {
  readonly operator: Operator;
  readonly id: string;
  /** Null: no Idempotency-Key was sent. */
  readonly key: SentKey | null;
  readonly facts: NonNullable<AuditFacts["request"]>;
}

/** Whoever asks for a change: an operator's request, or a job of the installation itself. */
export interface Requester {
  readonly operator: OperatorRef;
  readonly id: string;
  readonly key: SentKey | null;
  readonly facts?: OperatorRequest["facts"];
}

/** @param owner the object that the request was resolved to; with it a repeat is known (P12). */
export const requestMeta = (request: Requester, owner: KeyOwner): RequestMeta => ({
  operator: { subject: request.operator.subject, token: request.operator.token },
  request: requestKey(request, owner),
  requestId: request.id,
});

/** Null where no Idempotency-Key was sent. */
export const requestKey = ({ key }: Requester, owner: KeyOwner): RequestKey | null =>
  key === null ? null : { ...key, owner };

/** The members of an audit record that every change of the control plane has. */
export const factsOf = (request: Requester): Pick<AuditFacts, "operator" | "request_id" | "request"> => ({
  operator: { subject: request.operator.subject, token: request.operator.token },
  request_id: request.id,
  ...defined({ request: request.facts }),
});
