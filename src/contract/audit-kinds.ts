/**
 * The closed list of the kinds of audit records. Producers write no other kind. A ledger accepts any well-formed
 * kind, because during a deployment it can be older than the producer.
 */
export const AUDIT_KINDS = {
  decision: "A check was decided, allowed or denied",
  "decision.asked": "An operator asked what would be decided for a person",
  "decision.withheld": "A decision was withheld, because the caller was stopped before its release",
  "call.intent": "An agent that is allowed to act is about to act",
  "call.notice": "An agent is about to send what nobody answers: a notification, or an answer of its own",
  "call.outcome": "An act ended: completed, failed, cut off, not admitted, or nobody knows how",
  "call.refused":
    "A call was refused before it was decided on: it was malformed, too large, or too often for its tier",
  "credential.refused": "A dead or misplaced credential that Dome had issued was used",
  "events.opened": "The API key of a suspended agent opened the agent's event stream",
  "actas.refused": "The end user of a call was not accepted",
  "token.issued": "An agent exchanged its API key for a call token",
  "token.exchanged": "A token was exchanged for a narrower one, or for a hop to another agent",
  "token.exchange_refused": "An exchange was refused to a known agent",
  "token.withheld":
    "A token, or an introspection of one, was withheld, because a stop came before its release",
  "token.introspected": "An operator, or an agent of the chain of a user's token, introspected a call token",
  "token.revoked": "A call token was revoked",
  "agent.registered": "An agent was registered",
  "agent.updated": "Settings of an agent were changed",
  "agent.item_expiring":
    "Declared items of an agent were not used, and lapse on a day unless they are used before",
  "agent.item_lapsed":
    "Declared items of an agent lapsed, because they were not used; calls of them are denied",
  "agent.item_redeclared": "Items of an agent that had lapsed, or were about to, were declared again",
  "agent.transferred": "An agent got another steward",
  "agent.activated": "An agent was activated",
  "agent.suspended": "An agent was suspended",
  "agent.held": "An agent that does not run got a hold: only certain roles can start it",
  "agent.resumed": "An agent was resumed",
  "agent.revoked": "An agent was revoked permanently",
  "agent.draining": "An agent began to drain: it takes no new work and stops at the deadline",
  "agent.drain_cancelled": "A drain was cancelled before its deadline",
  "agent.expired": "An agent reached its expiry and was stopped",
  "key.issued": "An API key was issued",
  "key.rotated": "An API key was issued to replace another",
  "key.revoked": "An API key was revoked",
  "key.identified": "An operator asked which agent a found API key belongs to",
  "halt.effective": "A stop became effective: no answer can be released for anything that it stopped",
  "user.stopped": "An end user was stopped in a workspace",
  "user.resumed": "An end user was resumed in a workspace",
  "transaction.stopped": "A transaction was stopped",
  "workspace.created": "A workspace was created",
  "workspace.updated": "Settings of a workspace were changed",
  "workspace.halted": "A workspace was halted",
  "workspace.resumed": "A workspace was resumed",
  "catalog.tool_added": "A tool was added to a catalog",
  "catalog.tool_updated": "A tool of a catalog was changed",
  "catalog.tool_removed": "A tool was removed from a catalog",
  "catalog.tool_secret_added": "A credential for the server behind a tool was added",
  "catalog.tool_secret_removed": "A credential for the server behind a tool was removed",
  "catalog.tool_refreshed": "The operations of the server behind a tool were listed",
  "catalog.tool_tested": "An operator tried a tool: its address, credential, server and operations",
  "catalog.operation_quarantined":
    "An operation differs from what was approved, or has moved; calls to it are refused",
  "catalog.operation_restored":
    "The approved definition of an operation was listed again; its quarantine ended",
  "catalog.operation_approved": "The definition of an operation was approved",
  "catalog.pool_added": "A pool was added to a catalog",
  "catalog.pool_updated": "A pool of a catalog was changed",
  "catalog.pool_removed": "A pool was removed from a catalog",
  "catalog.integration_added": "An integration was added to a catalog",
  "catalog.integration_updated": "An integration of a catalog was changed",
  "catalog.integration_removed": "An integration was removed from a catalog",
  "idp.added": "An identity provider was added to a workspace",
  "idp.removed": "An identity provider was removed from a workspace",
  "idp.tested": "An operator tested an identity provider, with or without a token",
  "tier.added": "A tier was added",
  "tier.updated": "The settings of a tier were changed",
  "tier.removed": "A tier was removed",
  "policy.pushed": "A version of a policy bundle was added; it is not in force yet",
  "policy.activated": "A version of a policy bundle came into force",
  "policy.shadowed": "A version of a policy bundle came into shadow, or the one in shadow ended",
  "policy.rolled_back": "The version of a policy bundle that was in force before came back into force",
  "operator.created": "An operator token was issued",
  "operator.rotated": "An operator token was issued to replace another",
  "operator.revoked": "An operator token was revoked",
  "signing_keys.created": "The first signing keys were made",
  "signing_keys.rotated": "The signing keys were rotated",
  "signing_keys.compromised": "The signing keys were replaced at once, because one has leaked",
  "root_key.rewrapped": "Secrets were encrypted again under the current version of the root key",
  "sdk.decision": "An agent reported a decision of its SDK, or how its SDK handled a decision",
  "sdk.error": "An agent reported an error",
  "sdk.signal": "An agent reported what happened to its process",
  "sdk.custom": "An agent reported an event of a kind of its own, `sdk.custom.…`",
  "audit.read": "An operator read the ledger",
  "audit.replayed": "Records that the queue had stopped retrying were delivered to their ledgers",
} as const;

export type AuditKind = keyof typeof AUDIT_KINDS | `sdk.custom.${string}`;

/** The kinds of the events that agents report. */
export const CUSTOM_KIND = /^sdk\.custom(?:\.[a-z_]+)+$/;

/**
 * True for an event that an agent reported about itself: a claim of the agent, not something that Dome decided or
 * saw.
 */
export const isSelfReported = (kind: string): boolean => kind.startsWith("sdk.");

/**
 * True for one kind, and for `family.*` where a kind begins with that family. A filter for an unknown kind finds
 * nothing.
 */
export function isKindFilter(text: string): boolean {
  if (!text.endsWith(".*")) return Object.hasOwn(AUDIT_KINDS, text) || CUSTOM_KIND.test(text);
  const family = text.slice(0, -1);
  return (
    /^sdk\.custom\.(?:[a-z_]+\.)*$/.test(family) ||
    Object.keys(AUDIT_KINDS).some((kind) => kind.startsWith(family))
  );
}
