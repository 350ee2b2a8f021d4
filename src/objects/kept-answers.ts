/**
 * Schemas of the answers that an owner object stores for repeats (P12). An older version of the object may have written
 * them, so a newer member is optional. Unknown members are kept, so that a repeat gets the same answer as the first
 * request.
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
