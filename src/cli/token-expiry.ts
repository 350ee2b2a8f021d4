/** Warns before an operator token expires, while there is time to rotate it. */
import { clean } from "./output.ts";
import type { Session } from "./session.ts";

const DAY_MS = 86_400_000;
/** How many days before the expiry the warning begins. */
const WARN_DAYS = 14;

/** @param expiresAt RFC 3339; null for never. */
export function warnOfExpiry(session: Session, token: string, expiresAt: string | null): void {
  if (expiresAt === null) return;
  const left = Date.parse(expiresAt) - session.io.clock.now();
  if (left > WARN_DAYS * DAY_MS) return;
  const days = Math.floor(left / DAY_MS);
  const when = days < 1 ? "in less than a day" : days === 1 ? "in 1 day" : `in ${days} days`;
  session.output.warn(`warning: this token expires ${when}, at ${session.output.style.clock(expiresAt)}.`);
  session.output.warn(`  next: ask an admin to run dome operators rotate ${clean(token)} --overlap 24h`);
}
