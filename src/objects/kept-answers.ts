/**
 * The answers that an owner object keeps for repeats, as they are read back (P12). The object wrote them itself, perhaps in
 * an older version: a member that is new here is optional.
 */
import { z } from "zod";
import { agentState } from "../contract/agent.ts";
import { id } from "../contract/words.ts";

const halt = id("hlt").nullable();
const drain = z.object({ deadline: z.number(), end: z.enum(["suspended", "revoked"]), halt: id("hlt") });

export const transitioned = z.object({
  state: agentState,
  changed: z.boolean(),
  halt,
  draining: drain.nullable().exactOptional(),
  held: z.boolean().exactOptional(),
});

export const keyRevoked = z.object({ changed: z.boolean(), halt });

export const workspaceTransitioned = z.object({ halted: z.boolean(), changed: z.boolean(), halt });

export const stopped = z.object({ stopped: z.boolean(), changed: z.boolean(), halt });
