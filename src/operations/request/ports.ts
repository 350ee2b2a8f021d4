/** The ports of the control plane's use cases. */
import type { Egress } from "../../egress/egress.ts";
import type { Clock, Timers } from "../../kernel/clock.ts";
import { defined } from "../../kernel/defined.ts";
import type { IdSource } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import type { DerivedKeys } from "../../secrets/root-key.ts";
import type { Database } from "../../storage/client.ts";
import type { KeyOwner, RequestKey, SentKey } from "../../storage/idempotency.ts";
import { operatorRef, type Operator } from "../../access/operator.ts";
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
  /** The tiers of the organization, as the registry has them now. */
  tiers(): Promise<Tiers>;
}

/** The ports of a use case that calls another server. */
export interface EgressOperationPorts extends OperationPorts {
  readonly egress: Egress;
  /** The issuer of the test users that this server offers; null when there are none. */
  readonly testIssuer: string | null;
}

/** A request of an operator on the control plane. */
export interface OperatorRequest {
  readonly operator: Operator;
  readonly id: string;
  /** Null when no Idempotency-Key was sent. */
  readonly key: SentKey | null;
  readonly facts: NonNullable<AuditFacts["request"]>;
}

/** The originator of a change: an operator's request, or a job of Dome itself. */
export interface Requester {
  readonly operator: OperatorRef;
  readonly id: string;
  readonly key: SentKey | null;
  readonly facts?: OperatorRequest["facts"];
}

/**
 * @param owner the object that the request was resolved to; it is part of the key by which a repeat is recognised
 * (P12).
 */
export const requestMeta = (request: Requester, owner: KeyOwner): RequestMeta => ({
  operator: operatorRef(request.operator),
  request: requestKey(request, owner),
  requestId: request.id,
});

/** Null when no Idempotency-Key was sent. */
export const requestKey = ({ key }: Requester, owner: KeyOwner): RequestKey | null =>
  key === null ? null : { ...key, owner };

/** The members that every audit record of a control-plane change has. */
export const factsOf = (request: Requester): Pick<AuditFacts, "operator" | "request_id" | "request"> => ({
  operator: operatorRef(request.operator),
  request_id: request.id,
  ...defined({ request: request.facts }),
});
