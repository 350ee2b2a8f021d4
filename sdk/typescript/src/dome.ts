/** What the package offers. */
export { AgentCalls } from "./agent-calls.ts";
export type { Links } from "./audit-event.ts";
export { AuditReports } from "./audit-reports.ts";
export type { CheckRequest, IntegrationSubject, ModelSubject, Subject, ToolSubject, Work } from "./check.ts";
export { DomeClient } from "./client.ts";
export type { GivenToken, KeySource, TokenCallback } from "./credential.ts";
export type { Decision, LocalReason } from "./decision.ts";
export { DeniedError, StoppedError } from "./denied.ts";
export * from "./errors.ts";
export type { Hook, LifecycleEvents } from "./hooks.ts";
export type { Draining, LifecycleEvent, LifecycleEventType, StateEvent } from "./lifecycle-event.ts";
export { Introspection } from "./introspection.ts";
export type { Caller, IntrospectionOptions } from "./introspection.ts";
export type { ClientSettings, DomeClientOptions, WithKey, WithTokens } from "./options.ts";
export type { Ports, RequestPorts } from "./ports.ts";
export { VERSION } from "./version.ts";
