/** Lists of agents: their filters, search and order. */
import { z } from "zod";
import { idPattern } from "../kernel/ids.ts";
import { agent, agentStateSeen } from "./agent.ts";
import { toolReference } from "./resource.ts";
import { allWorkspaces, labelFilter, list, name, page, principal } from "./words.ts";

export const agentList = list(agent).meta({ id: "AgentList" });

/** The most agents that a request may name by id: more than any chain has. */
const MOST_IDS = 50;
const AGENT_ID = idPattern("agt").source.slice(1, -1);
const AGENT_IDS = new RegExp(`^${AGENT_ID}(?:,${AGENT_ID}){0,${MOST_IDS - 1}}$`);

/** The orders of a list of agents. */
export const AGENT_SORTS = [
  "name",
  "-name",
  "created",
  "-created",
  "last_activity",
  "-last_activity",
] as const;
export type AgentSort = (typeof AGENT_SORTS)[number];

/** The most words in a search. */
const MOST_WORDS = 4;
const WORD = "[a-z0-9][a-z0-9-]*";
const SEARCH = new RegExp(`^${WORD}(?: ${WORD}){0,${MOST_WORDS - 1}}$`);

export const agentQuery = z.strictObject({
  ...page,
  sort: z
    .enum(AGENT_SORTS)
    .default("name")
    .meta({ description: "the order of the list; `-` before it reverses the order" }),
  search: z
    .string()
    .toLowerCase()
    .max(63)
    .regex(
      SEARCH,
      `must be up to ${MOST_WORDS} beginnings of words, of letters, digits and hyphens, with a space between`,
    )
    .optional()
    .meta({ description: "beginnings of words of the name: `triage` and `eu` find `support-triage-eu`" }),
  workspace: name.optional(),
  all_workspaces: allWorkspaces,
  ids: z
    .string()
    .regex(AGENT_IDS, `must be ids of agents with commas between, ${MOST_IDS} at most`)
    .transform((text) => text.split(","))
    .optional()
    .meta({ description: "only these agents, by id, with commas between" }),
  state: agentStateSeen.optional(),
  owner: principal.optional(),
  steward: principal.optional(),
  tier: name.optional(),
  tool: toolReference
    .optional()
    .meta({ description: "agents that declare this tool or one of its operations" }),
  label: z
    .array(labelFilter)
    .max(32)
    .optional()
    .meta({ description: "key=value; repeated: agents with all of these labels" }),
});
