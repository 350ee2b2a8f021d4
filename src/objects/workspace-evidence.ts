/**
 * How a workspace's object handles the level of its ledger: it carries the level in its lease, and while the level is
 * not `ok` it asks again by itself, because a ledger that could not store that it is full forgets this on a restart.
 */
import type { EvidenceReport, WorkspaceContent } from "../operations/owners/workspace-owner.ts";
import type { WorkspaceParts } from "./workspace-halting.ts";

const ASK_AGAIN_MS = 30_000;

/** Stores a report, inside one transaction of the object. */
export function noteEvidence({ evidence, timerTable, deps }: WorkspaceParts, report: EvidenceReport): void {
  evidence.note(report);
  if (evidence.level() === "ok") timerTable.cancel("evidence", "");
  else timerTable.ensure("evidence", "", deps.clock.now() + ASK_AGAIN_MS);
}

/**
 * Timer `evidence`.
 * @returns when to ask again (milliseconds since the epoch); undefined when the level is `ok`.
 */
export async function askEvidence(parts: WorkspaceParts, ledger: string): Promise<number | undefined> {
  const { evidence, deps } = parts;
  evidence.note(await deps.ledgers.evidence(ledger));
  return evidence.level() === "ok" ? undefined : deps.clock.now() + ASK_AGAIN_MS;
}

/**
 * True for a change that is made even when it cannot be recorded yet: it ends a credential, or keeps Dome signing. Its
 * record waits in the outbox until the ledger has free space.
 */
export const outranksEvidence = (content: WorkspaceContent): boolean =>
  content.kind === "signing_keys" ||
  content.kind === "first_signing_keys" ||
  (content.kind === "tool_secret" && content.secret.act === "remove") ||
  (content.kind === "operator_token" && content.token.kind === "revoke");
