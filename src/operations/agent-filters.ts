/**
 * Refuses a filter of the list of agents whose value does not exist: an empty list would read as "no agent matches".
 * The filters are checked only when a list is empty, each by itself, and only among what the reader may see (P11).
 */
import { whyNot } from "../operators/permissions.ts";
import { hasOperator } from "../operators/token-reads.ts";
import { hasAgent, type AgentFilter } from "../registry/agent-list.ts";
import { offersTool } from "../registry/catalog.ts";
import type { ListScope } from "../storage/list-scope.ts";
import { namesNothing, type Refusal } from "./answer/refusal.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";

/**
 * @param within narrows the check to what the reader may see: a developer sees only the agents it is the steward of.
 */
export async function unknownAgentFilter(
  ports: OperationPorts,
  { operator }: OperatorRequest,
  place: ListScope,
  filter: AgentFilter,
  within: AgentFilter,
): Promise<Refusal | null> {
  const { db } = ports;
  const { owner, steward, tier, tool, label = [] } = filter;
  const some = (alone: AgentFilter): Promise<boolean> => hasAgent(db, place, { ...within, ...alone });
  const isSomebody = async (subject: string): Promise<boolean> =>
    (await some({ owner: subject })) ||
    (await some({ steward: subject })) ||
    (whyNot(operator, "operators:read") === null && (await hasOperator(db, subject)));

  if (tier !== undefined && !(await ports.tiers()).has(tier))
    return namesNothing("tier", "The tier does not exist.");
  if (owner !== undefined && !(await isSomebody(owner))) return namesNothing("owner", NOBODY);
  if (steward !== undefined && !(await isSomebody(steward))) return namesNothing("steward", NOBODY);
  if (tool !== undefined && "workspace" in place && !(await some({ tool }))) {
    if (!(await offersTool(db, place.workspace, tool)))
      return namesNothing("tool", "The catalog has no tool with this name, and no agent declares one.");
  }
  for (const each of label)
    if (!(await some({ label: [each] }))) return namesNothing("label", `No agent has the label ${each}.`);
  return null;
}

const NOBODY =
  "No agent that you can see has this owner or steward. Search all workspaces, or check the spelling.";
