/** Workspaces: the tenant boundary. */
import { z } from "zod";
import { id, list, name, page, proseLine, time } from "./words.ts";

/** `org` names the organization's own ledger. */
const workspaceName = name.refine((text) => text !== "org", { message: "must not be the reserved name org" });

export const workspaceCreate = z
  .strictObject({ name: workspaceName, description: proseLine(1000).nullable().default(null) })
  .meta({ id: "WorkspaceCreate" });
export type WorkspaceCreate = z.output<typeof workspaceCreate>;

/** `PATCH /api/v1/workspaces/{workspace}`: id and name never change. */
export const workspacePatch = z
  .strictObject({ description: proseLine(1000).nullable() })
  .meta({ id: "WorkspacePatch" });
export type WorkspacePatch = z.output<typeof workspacePatch>;

export const workspace = z
  .strictObject({
    id: id("wsp"),
    name,
    description: z.string().nullable(),
    created_at: time,
    config_epoch: z.int(),
    halted: z.boolean().meta({ description: "true: no call of any of its agents is admitted" }),
  })
  .meta({ id: "Workspace" });
export type Workspace = z.output<typeof workspace>;

export const workspaceList = list(workspace).meta({ id: "WorkspaceList" });
export const workspaceQuery = z.strictObject(page);
