/**
 * Resolves the target of a stop or a receipt. Normally the registry resolves a name or an id and says which workspace
 * it belongs to. When the registry does not answer, the organization's admin can still reach an object by its id,
 * because a stop must not wait for a database (design part 4, "Emergency stop without D1").
 */
import { inTime } from "../../kernel/clock.ts";
import { isId, type AgentId, type WorkspaceId } from "../../kernel/ids.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { agentFor, workspaceFor } from "./resolve.ts";
import type { OperationPorts, OperatorRequest } from "./ports.ts";
import type { Refusal } from "../answer/refusal.ts";

/** The time that the registry gets before an emergency continues without it, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Nothing was decided, and the caller may repeat the request (503). */
class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  readonly retryable = true;
  constructor() {
    super("the registry does not answer");
  }
}

export interface AgentTarget {
  readonly agent: string;
  readonly workspace: string | undefined;
}

interface ReachedAgent {
  readonly id: AgentId;
  readonly workspaceId: WorkspaceId;
}

export async function reachAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  target: AgentTarget,
): Promise<Result<ReachedAgent, Refusal>> {
  const id = target.agent;
  const find = async (): Promise<Result<ReachedAgent, Refusal>> =>
    agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!isEmergency(request) || !isId("agt", id)) return find();
  return orByObject(ports, find, async () => {
    const known = await ports.owners.agent(id).describe();
    return known === null ? null : { id, workspaceId: known.workspaceId };
  });
}

/** @param target name or id of the workspace. */
export async function reachWorkspace(
  ports: OperationPorts,
  request: OperatorRequest,
  target: string,
): Promise<Result<{ readonly id: WorkspaceId }, Refusal>> {
  const find = async (): Promise<Result<{ readonly id: WorkspaceId }, Refusal>> =>
    workspaceFor(ports.db, request.operator, target);
  if (!isEmergency(request) || !isId("wsp", target)) return find();
  return orByObject(ports, find, async () => {
    const known = await ports.owners.workspace(target).describe();
    return known === null ? null : { id: target };
  });
}

/** `DOME_ADMIN_TOKEN` is the only credential that is verified without the registry, and it may see everything. */
const isEmergency = (request: OperatorRequest): boolean => request.operator.token === "admin";

async function orByObject<T>(
  ports: OperationPorts,
  find: () => Promise<Result<T, Refusal>>,
  ask: () => Promise<T | null>,
): Promise<Result<T, Refusal>> {
  const asked = find().catch((fault: unknown) => ({ fault }));
  const found = await inTime(ports.timers, PATIENCE_MS, asked, { fault: new NoAnswer() });
  if (!("fault" in found)) return found;
  const known = await ask();
  if (known === null) throw found.fault;
  return ok(known);
}
