/** Who acts for whom, as other systems read it (RFC 8693 §4.1). */
import type { Caller } from "../../access/caller.ts";
import type { Act } from "../../contract/call-token.ts";
import { defined } from "../../kernel/defined.ts";
import type { AgentId } from "../../kernel/ids.ts";

interface Acting {
  readonly sub: string;
  readonly sub_profile: "ai_agent" | "user";
  readonly act?: Act;
}

/** The subject is the user, or the agent where the chain begins; every other agent is an actor. */
export function actingFor({ agents, user }: Pick<Caller, "agents" | "user">, issuer: string): Acting {
  const chain = agents.map(({ id }) => id);
  const first = chain.at(-1);
  if (first === undefined) throw new Error("a caller has no agent");
  const actors = user === null ? chain.slice(0, -1) : chain;
  return {
    sub: user === null ? first : user.id,
    sub_profile: user === null ? "ai_agent" : "user",
    ...defined({ act: actOf(actors, issuer) }),
  };
}

/** @param actors newest first: the newest is the outermost. */
const actOf = (actors: readonly AgentId[], issuer: string): Act | undefined =>
  actors.reduceRight<Act | undefined>(
    (act, sub) => ({ iss: issuer, sub, sub_profile: "ai_agent", ...defined({ act }) }),
    undefined,
  );
