/** Lists the keys of an agent from the registry; the agent's object says whether each is live. */
import type { ApiKey } from "../contract/key.ts";
import { listKeys } from "../credentials/key-reads.ts";
import { ok, type Result } from "../kernel/result.ts";
import { agentFor } from "./request/resolve.ts";
import { keyView } from "./answer/key-view.ts";
import { pageOf, type Page } from "./answer/page.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import type { Refusal } from "./answer/refusal.ts";

export async function listAgentKeys(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined },
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<Result<Page<ApiKey>, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const { id } = found.value;
  const [rows, live] = await Promise.all([
    listKeys(ports.db, id, page.after, page.limit + 1),
    ports.owners.agent(id).describe(),
  ]);
  const now = ports.clock.now();
  return ok(
    pageOf(
      rows.map((row) =>
        keyView(
          row,
          live?.keys.find((key) => key.id === row.id),
          now,
        ),
      ),
      page.limit,
      (key) => key.id,
    ),
  );
}
