/**
 * The claims of a call token (RFC 9068; design part 7), and the rules between them. Minting and verifying use the
 * same schema, so every token signed here would also be accepted here.
 *
 * Two forms of the delegation must agree: the form that other OAuth parties read (`sub`, `act`, `client_id`) and
 * the form that Dome enforces (`dome.chain`, `dome.path`). If they differed, a call would be judged as one caller
 * and recorded as another (P6). Unknown claims are dropped, as RFC 7519 §4 requires. `cnf` is refused, because a
 * token bound to a key must not pass as a bearer token (RFC 9449 §7.2).
 */
import { z } from "zod";
import { id, name } from "./words.ts";
import type { AgentId } from "../kernel/ids.ts";
import { parseScope } from "./scope.ts";

export const TOKEN_TYPE = "at+jwt";
/** A call token lives at most this long, in seconds. */
export const MAX_LIFETIME_S = 300;
/** More than any tier allows; a bound for the parser, not a policy. */
const MAX_CHAIN = 32;
/** The most tokens in one line of descent, the token itself included: a holder may narrow its token again and again. */
export const MAX_PATH = 32;

const seconds = z.int().min(0);
const agentId = id("agt");
const userId = z.string().regex(/^usr_[0-9a-z]{26}$/, "must be usr_ and 26 characters");
const uri = z.string().min(1).max(2048);
const unique = (items: readonly string[]): boolean => new Set(items).size === items.length;

/** RFC 8693 §4.1: the outermost actor is the current one. Identity only, no `exp`, `aud` or `scope` in it. */
export interface Act {
  readonly iss: string;
  readonly sub: AgentId;
  readonly sub_profile: "ai_agent";
  readonly act?: Act;
}
export const Act: z.ZodType<Act> = z.strictObject({
  iss: uri,
  sub: agentId,
  sub_profile: z.literal("ai_agent"),
  get act() {
    return Act.exactOptional();
  },
});

const Link = z.object({ agent: agentId, epoch: z.int().min(0), key: id("key") });

const shape = z.object({
  iss: uri,
  sub: z.union([agentId, userId]),
  sub_profile: z.enum(["ai_agent", "user"]),
  aud: uri,
  exp: seconds,
  iat: seconds,
  nbf: seconds.exactOptional(),
  jti: id("tok"),
  client_id: agentId,
  scope: z.string().refine((text) => parseScope(text).ok, "must be a scope"),
  act: Act.exactOptional(),
  actor_receipts: z.array(z.string()).max(MAX_CHAIN).exactOptional(),
  actor_receipts_complete: z.boolean().exactOptional(),
  email: z.string().min(3).max(320).exactOptional(),
  groups: z.array(z.string().max(256)).max(200).exactOptional(),
  txn: id("txn").exactOptional(),
  cnf: z.never().exactOptional(),
  dome: z.object({
    workspace: id("wsp"),
    name,
    tier: name,
    chain: z.array(Link).min(1).max(MAX_CHAIN),
    halt_epoch: z.int().min(0),
    /** For a user's token: the identity provider that verified the user. */
    provider: id("idp").exactOptional(),
    /**
     * For a user's token: how often the user had been resumed when it was minted. Tokens with a lower number are
     * refused.
     */
    user_epoch: z.int().min(0).exactOptional(),
    path: z.array(id("tok")).min(1).max(MAX_PATH).refine(unique, "must not name a token twice"),
  }),
});

export const callTokenClaims = shape.check(({ value: claims, issues }) => {
  const mustHold = (holds: boolean, member: string, message: string): void => {
    if (!holds) issues.push({ code: "custom", path: [member], message, input: claims });
  };
  const actors = actorsOf(claims.act);
  const agents = claims.sub_profile === "ai_agent" ? [...actors, claims.sub] : actors;
  const receipts = claims.actor_receipts?.length ?? 0;
  const life = claims.exp - claims.iat;

  mustHold(life > 0 && life <= MAX_LIFETIME_S, "exp", `must be at most ${MAX_LIFETIME_S} s after iat`);
  mustHold(claims.sub.startsWith(PREFIX[claims.sub_profile]), "sub_profile", "must fit sub");
  mustHold(claims.client_id === agents[0], "client_id", "must be the current actor");
  mustHold(unique(agents), "act", "must not name an agent twice");
  mustHold(
    agents.length === claims.dome.chain.length &&
      agents.every((agent, index) => agent === claims.dome.chain[index]?.agent),
    "dome",
    "chain must be the actors, newest first, and the subject when it is an agent",
  );
  mustHold(claims.dome.path.at(-1) === claims.jti, "dome", "path must end with jti");
  mustHold(
    (claims.dome.provider !== undefined) === (claims.sub_profile === "user"),
    "dome",
    "provider must be there for a user, and for nobody else",
  );
  mustHold(
    receipts <= actors.length && (claims.actor_receipts_complete !== true || receipts === actors.length),
    "actor_receipts",
    "must be one per actor",
  );
});
export type CallTokenClaims = z.output<typeof callTokenClaims>;

const PREFIX = { ai_agent: "agt_", user: "usr_" } as const;

/** The actors from the current one inwards. */
export function actorsOf(act: Act | undefined): readonly string[] {
  const actors: string[] = [];
  for (let level = act; level !== undefined; level = level.act) actors.push(level.sub);
  return actors;
}
