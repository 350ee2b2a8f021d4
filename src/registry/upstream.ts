/** The server behind a tool that Dome calls itself, as a row of the catalog has it. */
import type { ContextHeader, DomeContext, ToolKind, UpstreamAuth } from "../contract/upstream.ts";
import type { catalogTools } from "../storage/tables/catalog.ts";
import type { RedactionSettings } from "./redaction/rules.ts";
import type { SealedSecret } from "./tool-secrets.ts";

export interface Upstream {
  readonly kind: Exclude<ToolKind, "local">;
  readonly url: string;
  readonly auth: UpstreamAuth;
  /** Lower-case names of headers that pass in both directions, besides those that always do. */
  readonly forwardHeaders: readonly string[];
  /** Null: calls carry no signed context. */
  readonly domeContext: DomeContext | null;
  /** Headers of the caller that are part of the context of a call. */
  readonly contextHeaders: readonly ContextHeader[];
  /** What of its answers no agent gets. */
  readonly redaction: RedactionSettings;
  /** How many calls an isolate has open at once. */
  readonly maxOpenCalls: number;
  /** The newest secret, sealed; null: the tool has none. */
  readonly secret: SealedSecret | null;
}

export const upstreamSettings = ({
  auth,
  forwardHeaders,
  domeContext,
  contextHeaders,
  redactPaths,
  redactPatterns,
  redactUnreadable,
  maxOpenCalls,
}: typeof catalogTools.$inferSelect): Omit<Upstream, "kind" | "url" | "secret"> => ({
  auth,
  forwardHeaders,
  domeContext,
  contextHeaders,
  redaction: { redactPaths, redactPatterns, redactUnreadable },
  maxOpenCalls,
});
