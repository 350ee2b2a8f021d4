/**
 * Adds, lists and removes the secrets with which Dome authenticates to the server behind a tool. No list has their values.
 * The newest one is sent. To rotate a secret, an operator adds the new one, and then removes the old one.
 */
import {
  MOST_TOOL_SECRETS,
  toolSecret,
  toolSecretRemoved,
  type ToolSecret,
  type ToolSecretCreate,
  type ToolSecretList,
  type ToolSecretRemoved,
} from "../contract/upstream.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import {
  destinationOf,
  sealSecret,
  secretsOf,
  secretView,
  type ToolSecretChange,
  type ToolSecretRow,
} from "../registry/tool-secrets.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import type { catalogTools } from "../storage/tables/catalog.ts";
import { afterOf, pageBehind } from "./answer/page.ts";
import { memberRefusal, notFound, type Refusal } from "./answer/refusal.ts";
import { answerOf, change, changedWorkspace, type Plan } from "./change/change.ts";
import { currentEntry } from "./change/current-entry.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { entryFor, workspaceFor } from "./request/resolve.ts";
import { TOOLS } from "./rules/catalog-kinds.ts";

interface ToolTarget {
  readonly tool: string;
  readonly workspace: string | undefined;
}

type ToolRow = typeof catalogTools.$inferSelect;

/** A repeat is answered like the first request, and adds nothing (P12). */
export async function addToolSecret(
  ports: OperationPorts,
  request: OperatorRequest,
  target: ToolTarget,
  { value }: ToolSecretCreate,
): Promise<Result<ToolSecret, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const owner = changedWorkspace(ports, home.value.id);
  const added = await change(ports, request, owner, toolSecret, async () => {
    const found = await currentEntry(ports, TOOLS, home.value.id, target.tool);
    if (!found.ok) return found;
    const { row, basedOn } = found.value;
    if (row.auth.type === "none") return err(NEEDS_NONE);
    if (row.secrets >= MOST_TOOL_SECRETS) return err(TOO_MANY);
    const of = { id: ports.ids.next("sec"), toolId: row.id };
    const secret: ToolSecretRow = {
      ...of,
      workspaceId: home.value.id,
      sealed: await sealSecret(ports.derived, value, of, destinationOf(row), ports.random),
      createdAt: ports.clock.now(),
      createdBy: request.operator.subject,
    };
    const answer = secretView(secret, row.name, true);
    return ok(planOf(ports, home.value, row, basedOn, answer, { act: "add", row: secret }));
  });
  return answerOf(added);
}

/** Newest first: the first one is sent. */
export async function listToolSecrets(
  { db }: OperationPorts,
  request: OperatorRequest,
  target: ToolTarget,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Result<ToolSecretList, Refusal>> {
  const found = await entryFor(db, request.operator, TOOLS, { ...target, name: target.tool });
  if (!found.ok) return found;
  const tool = found.value;
  const after = afterOf(cursor);
  if (!after.ok) return after;
  const rows = await secretsOf(db, tool.id);
  const views = rows.map((secret, at) =>
    secretView(secret, tool.name, at === 0 && tool.auth.type !== "none"),
  );
  return pageBehind(views, { after: after.value, limit }, ({ id }) => id);
}

/** From then on the next newest is sent; without one every call fails (`upstream_credential_missing`). */
export async function removeToolSecret(
  ports: OperationPorts,
  request: OperatorRequest,
  target: ToolTarget & { readonly secret: string },
): Promise<Result<ToolSecretRemoved, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const owner = changedWorkspace(ports, home.value.id);
  const removed = await change(ports, request, owner, toolSecretRemoved, async () => {
    const found = await currentEntry(ports, TOOLS, home.value.id, target.tool);
    if (!found.ok) return found;
    const { row, basedOn } = found.value;
    const { secret: id } = target;
    const has = isId("sec", id) && (await secretsOf(ports.db, row.id)).some((each) => each.id === id);
    if (!has) return err(notFound("secret", id));
    const answer = { id, tool: row.name, removed: true as const };
    return ok(planOf(ports, home.value, row, basedOn, answer, { act: "remove", tool: row.id, id }));
  });
  return answerOf(removed);
}

const HAPPENED = { add: "added", remove: "removed" } as const;

const planOf = <Answer extends { readonly id: string }>(
  { owners }: OperationPorts,
  { id: workspace }: WorkspaceRow,
  { id: tool, name }: ToolRow,
  basedOn: number,
  answer: Answer,
  secret: ToolSecretChange,
): Plan<Answer> => ({
  answer,
  change: {
    audit: [
      {
        workspace,
        kind: `catalog.tool_secret_${HAPPENED[secret.act]}`,
        target: { type: "tool", id: name },
        data: { tool, secret: answer.id },
      },
    ],
    send: (command) =>
      owners
        .workspace(workspace)
        .configure({ ...command, basedOn, content: { kind: "tool_secret", secret } }),
  },
});

const NEEDS_NONE = memberRefusal(
  "invalid_request",
  "auth",
  "The tool needs no credential. Set its auth first.",
);

const TOO_MANY = memberRefusal(
  "invalid_request",
  "value",
  `The tool has ${MOST_TOOL_SECRETS} credentials already. Remove one that is not in use first.`,
);
