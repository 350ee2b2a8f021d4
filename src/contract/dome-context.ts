/**
 * The claims of `Dome-Context`: who calls a tool's server through Dome, for whom, through whom, and what was decided.
 * It is a statement, and never a credential: its `typ` is its own, its audience is the server alone, and no door of
 * Dome accepts it (RFC 8725 §3.11). Nothing in it is a secret.
 */
import { z } from "zod";
import { Act, actorsOf } from "./call-token.ts";
import { action } from "./check.ts";
import { id, name } from "./words.ts";

export const CONTEXT_TYPE = "dome-context+jwt";
export const CONTEXT_HEADER = "dome-context";
/** It is made for one call, and lives at most this long, in seconds. */
export const MAX_CONTEXT_LIFETIME_S = 60;

const agentId = id("agt");
const uri = z.string().min(1).max(2048);
const text = z.string().nullable();

export const domeContextClaims = z
  .object({
    iss: uri,
    aud: uri,
    sub: z.string(),
    sub_profile: z.enum(["ai_agent", "user"]),
    /** The chain, outermost and current actor first (RFC 8693 §4.1); absent where the agent acts for itself. */
    act: Act.exactOptional(),
    txn: id("txn"),
    iat: z.int().min(0),
    exp: z.int().min(0),
    jti: id("ctx"),
    dome: z.strictObject({
      workspace: z.strictObject({ id: id("wsp"), name }),
      decision_id: id("dec"),
      request_id: z.string(),
      action,
      tool: name,
      /** Null: of the whole tool. */
      operation: text,
      /** The current actor, as registered. */
      agent: z.strictObject({ id: agentId, name, owner: z.string(), tier: name }),
      /** Every agent that takes part, newest first, the subject included when it is an agent. */
      chain: z.array(z.strictObject({ agent: agentId, name, tier: name })).min(1),
      /** The end user, as verified. `issuer` and `subject` only where the provider's own token came with the call. */
      user: z
        .strictObject({
          id: z.string(),
          /** Null: the workspace does not trust the provider any more. */
          provider: name.nullable(),
          issuer: z.string().exactOptional(),
          subject: z.string().exactOptional(),
          email: z.string().exactOptional(),
          groups: z.array(z.string()).exactOptional(),
          /** The user has groups that are not listed: too many, or unknown to Dome. */
          groups_overage: z.literal(true).exactOptional(),
        })
        .nullable(),
      request: z.strictObject({
        method: text,
        ip: text,
        country: text,
        user_agent: text,
        /** Those that the tool's entry names, by name in lower case. */
        headers: z.record(z.string(), z.string()),
      }),
      policies: z.array(z.string()),
      bundle_version: z.string(),
    }),
  })
  .check(({ value: claims, issues }) => {
    const mustHold = (holds: boolean, member: string, message: string): void => {
      if (!holds) issues.push({ code: "custom", path: [member], message, input: claims });
    };
    const { user, agent, chain } = claims.dome;
    const actors = actorsOf(claims.act);
    const agents = user === null ? [...actors, claims.sub] : actors;
    const life = claims.exp - claims.iat;
    mustHold(life > 0 && life <= MAX_CONTEXT_LIFETIME_S, "exp", "must be within the life of a context");
    mustHold(user === null || claims.sub === user.id, "sub", "must be the user");
    mustHold((user === null) === (claims.sub_profile === "ai_agent"), "sub_profile", "must fit sub");
    mustHold(agents[0] === agent.id, "act", "must begin with the current actor");
    mustHold(
      agents.length === chain.length && agents.every((each, at) => each === chain[at]?.agent),
      "act",
      "must be the chain",
    );
  });
export type DomeContextClaims = z.output<typeof domeContextClaims>;
