import type { AuditDraft } from "../contract/audit.ts";

/** The user of a decision as the records after it name it: the groups stand with the decision alone. */
export function withoutGroups(user: AuditDraft["user"]): AuditDraft["user"] {
  if (user?.groups === undefined) return user;
  const { groups: _groups, ...named } = user;
  return named;
}
