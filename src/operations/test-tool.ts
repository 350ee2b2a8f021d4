/**
 * Tries what calls of a tool need: the address, the credential, the server, and the definitions of its operations. It
 * changes nothing, is recorded, and says in words who failed. Nothing of a secret is in its answer.
 */
import type { ToolTest } from "../contract/tool-operation.ts";
import { OPENAPI_GIVEN } from "../contract/upstream.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { pinChanges } from "../mcp/pins.ts";
import { operationsOf } from "../registry/tool-operations.ts";
import { secretsOf } from "../registry/tool-secrets.ts";
import type { catalogTools } from "../storage/tables/catalog.ts";
import { unusableOf } from "./answer/listed-operations.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";
import { recordReading, type ReadingPorts } from "./note-reading.ts";
import { listedFor, type ListedAt, type RefreshPorts } from "./refresh-tool.ts";
import type { EgressOperationPorts, OperatorRequest } from "./request/ports.ts";
import { entryFor } from "./request/resolve.ts";
import { wrongAddress } from "./rules/addresses.ts";
import { TOOLS } from "./rules/catalog-kinds.ts";

export interface TestToolPorts extends RefreshPorts, EgressOperationPorts, ReadingPorts {
  /** @returns the status that the server behind an HTTP tool answers, or who failed. */
  probeServer(
    server: ListedAt,
  ): Promise<
    Result<number, Pick<Step, "detail"> & { readonly what: Step["what"]; readonly who: "dome" | "upstream" }>
  >;
}

type ToolRow = typeof catalogTools.$inferSelect;
type Step = ToolTest["steps"][number];

const good = (what: Step["what"], detail: string): Step => ({ what, ok: true, who: null, detail });
const bad = (what: Step["what"], who: NonNullable<Step["who"]>, detail: string): Step => ({
  what,
  ok: false,
  who,
  detail,
});

export async function testTool(
  ports: TestToolPorts,
  request: OperatorRequest,
  target: { readonly tool: string; readonly workspace: string | undefined },
): Promise<Result<ToolTest, Refusal>> {
  const found = await entryFor(ports.db, request.operator, TOOLS, { ...target, name: target.tool });
  if (!found.ok) return found;
  const row = found.value;
  if (row.kind === "local" || row.url === null) return err(NO_SERVER);
  const steps = await stepsOf(ports, row, row.url);
  const isGood = steps.every((step) => step.ok);
  const noted = await recordReading(ports, request, {
    workspace: row.workspaceId,
    kind: "catalog.tool_tested",
    target: { type: "tool", id: row.name },
    data: { tool: row.id, ok: isGood, failed: steps.flatMap((step) => (step.ok ? [] : [step.what])) },
  });
  return noted.ok ? ok({ name: row.name, ok: isGood, steps }) : noted;
}

/** Each step needs the one before it. */
async function stepsOf(ports: TestToolPorts, row: ToolRow, url: string): Promise<Step[]> {
  const fault = ports.egress.addressFault(url);
  if (fault !== null) return [bad("address", "dome", wrongAddress(fault, "The URL", "docs/tools.md"))];
  const steps = [good("address", `Dome may call ${url}.`)];
  const [secret = null] = await secretsOf(ports.db, row.id);
  if (row.auth.type !== "none" && secret === null)
    return [...steps, bad("credential", "dome", "Dome has no credential for the server.")];
  steps.push(good("credential", row.auth.type === "none" ? "The server needs none." : "Dome has one."));
  if (row.kind === "http") {
    const answered = await ports.probeServer({ tool: row.id, url, auth: row.auth, secret });
    if (!answered.ok) {
      const { what, who, detail } = answered.error;
      return [...steps.filter((step) => step.what !== what), bad(what, who, detail)];
    }
    steps.push(good("server", `The server answered with ${answered.value}.`));
    if (row.openapi === null || row.openapi === OPENAPI_GIVEN) return [...steps, await kept(ports, row)];
  }
  const compare = await compared(ports, row);
  // A credential that Dome has may still be refused.
  return [...steps.filter(({ what }) => compare.every((step) => step.what !== what)), ...compare];
}

/** What the server says now, beside what is pinned. */
async function compared(ports: TestToolPorts, row: ToolRow): Promise<Step[]> {
  const listed = await listedFor(ports, row, undefined);
  if (!listed.ok) {
    const { code, detail, call } = listed.error;
    const isOfCredential = code === "upstream_refused" || code === "upstream_credential_missing";
    const what = row.kind === "http" ? "operations" : isOfCredential ? "credential" : "server";
    // A refusal before the server was asked is Dome's.
    return [bad(what, call?.who === "upstream" ? "upstream" : "dome", detail)];
  }
  const { era, tools } = listed.value;
  const unusable = unusableOf(row, listed.value);
  const server = era === null ? [] : [good("server", `The server speaks the ${era} protocol.`)];
  const changes = pinChanges(await operationsOf(ports.db, row.id), tools);
  const other = changes.filter(({ act }) => act === "quarantine").length;
  const said = `It lists ${tools.length} operations, of which ${unusable.length} cannot be called`;
  return [
    ...server,
    other === 0
      ? good("operations", `${said}.`)
      : bad("operations", "upstream", `${said}; ${other} differ from what was approved. Refresh the tool.`),
  ];
}

async function kept(ports: TestToolPorts, row: ToolRow): Promise<Step> {
  if (row.openapi === null) return good("operations", "No document describes them.");
  const pins = await operationsOf(ports.db, row.id);
  return pins.length === 0
    ? bad("operations", "dome", "No document was given yet, so every call is denied.")
    : good("operations", `${pins.length} are pinned from the document that an operator gave.`);
}

const NO_SERVER = memberRefusal("invalid_request", "name", "A local tool has no server that Dome could try.");
