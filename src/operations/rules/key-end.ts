/**
 * Decides when a new key ends. Every key has an end, so that a lost and forgotten key expires by itself. The tier
 * bounds the life of a key, a successor lives as long as its predecessor unless the request says otherwise, and a
 * developer cannot give an agent a longer-lived key than it has had.
 */
import type { Operator } from "../../access/operator.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { TierLife } from "../../tiers/key-life.ts";
import type { AgentDescription } from "../owners/agent-owner.ts";
import { memberRefusal, type Refusal } from "../answer/refusal.ts";

const DAY_MS = 86_400_000;

type KnownKey = AgentDescription["keys"][number];

/**
 * The end of an agent's first key.
 * @param asked RFC 3339; null for the latest end that the tier allows.
 * @returns milliseconds since the epoch.
 */
export const firstKeyEnd = (
  asked: string | null | undefined,
  tier: TierLife,
  now: number,
): Result<number, Refusal> => endWithin("key_expires_at", asked, tier, tier.days * DAY_MS, now);

/**
 * The end of a further key.
 * @param agent `keys`: every key that the agent has had; `replaced`: the key to replace.
 * @param asked RFC 3339; null for the default.
 * @returns milliseconds since the epoch.
 */
export function nextKeyEnd(
  operator: Operator,
  agent: { readonly tier: TierLife; readonly keys: readonly KnownKey[]; readonly replaced: KnownKey | null },
  asked: string | null | undefined,
  now: number,
): Result<number, Refusal> {
  const most = agent.tier.days * DAY_MS;
  const longest = Math.min(most, Math.max(0, ...agent.keys.map(lifeOf)));
  const inherited = agent.replaced === null ? most : Math.min(most, lifeOf(agent.replaced));
  const byDefault = operator.role === "developer" ? Math.min(inherited, longest) : inherited;
  const end = endWithin("expires_at", asked, agent.tier, byDefault, now);
  if (!end.ok || operator.role !== "developer" || end.value <= now + longest) return end;
  return err({
    code: "forbidden",
    detail: `Until now no key of the agent was valid for more than ${daysOf(longest)} days. A longer life needs the role operator.`,
    errors: [{ member: "expires_at", detail: "is later than a developer may set" }],
  });
}

/** The life of a key, in milliseconds; infinite for a key from before keys had an end. */
const lifeOf = ({ createdAt, expiresAt }: KnownKey): number =>
  expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt - createdAt;

const daysOf = (ms: number): string => String(Math.round((ms / DAY_MS) * 100) / 100);

function endWithin(
  member: string,
  asked: string | null | undefined,
  { name: tier, days }: TierLife,
  byDefault: number,
  now: number,
): Result<number, Refusal> {
  if (asked == null) return ok(now + byDefault);
  const end = Date.parse(asked);
  const refuse = (detail: string) => err(memberRefusal("invalid_request", member, detail));
  if (end <= now) return refuse("The end date is in the past.");
  if (end > now + days * DAY_MS) {
    return refuse(
      `In the tier ${tier}, a key expires within ${days} days. Choose an earlier end date, and rotate the key before it.`,
    );
  }
  return ok(end);
}
