/**
 * The receipt of one hop (draft-mcguinness-oauth-actor-receipts; design part 8). It states that at `iat`, `act`
 * became the current actor for `sub`, with this scope at this target, on this basis. A receipt is evidence, never
 * authority: it has no `exp` and no `aud`, its `typ` and key are not those of tokens, and no door accepts it.
 */
import { z } from "zod";
import { parseScope } from "./scope.ts";
import { id } from "./words.ts";

export const ACTOR_RECEIPT_TYPE = "actor-receipt+jwt";

const uri = z.string().min(1).max(2048);
const agentId = id("agt");

/**
 * `prh`: base64url of SHA-256 over the ASCII of the next-older receipt as it was sent; left out on the oldest.
 * `origin_jti`: the token that was issued with this receipt. `basis`: what allowed the hop, `delegates_to`, `parent`,
 * or `idp:` and the id of the identity provider whose audience is bound to the agent.
 */
export const actorReceipt = z.object({
  iss: uri,
  sub: z.string().regex(/^(?:agt|usr)_[0-9a-z]{26}$/, "must be the id of an agent or a user"),
  act: z.strictObject({ iss: uri, sub: agentId, sub_profile: z.literal("ai_agent") }),
  iat: z.int().min(0),
  jti: id("rct"),
  origin_jti: id("tok"),
  prh: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .exactOptional(),
  txn: id("txn"),
  scope: z.string().refine((text) => parseScope(text).ok, "must be a scope"),
  target: uri,
  basis: z.string().regex(/^(?:delegates_to|parent|idp:idp_[0-9a-z]{26})$/, "must be a basis"),
});
export type ActorReceipt = z.output<typeof actorReceipt>;
