/**
 * The answers that an owner object keeps for repeats, as they are read back (P12). The object wrote them itself, perhaps in
 * an older version: a member that is new here is optional. A member that is not named here stays, because a repeat hears the
 * same as the first.
 */
import { z } from "zod";
import { agentState } from "../contract/agent.ts";
import { id } from "../contract/words.ts";

const halt = id("hlt").nullable();
const drain = z.looseObject({
  deadline: z.number(),
  end: z.enum(["suspended", "revoked"]),
  halt: id("hlt"),
  hold: z.boolean().exactOptional(),
});

export const transitioned = z.looseObject({
  state: agentState,
  changed: z.boolean(),
  halt,
  draining: drain.nullable().exactOptional(),
  held: z.boolean().exactOptional(),
});

export const keyRevoked = z.looseObject({ changed: z.boolean(), halt });

export const workspaceTransitioned = z.looseObject({ halted: z.boolean(), changed: z.boolean(), halt });

export const stopped = z.looseObject({ stopped: z.boolean(), changed: z.boolean(), halt });
