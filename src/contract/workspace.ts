/** Workspaces: the tenant boundary. */
import { z } from "zod";
import { id, line, list, name, page, time } from "./words.ts";

export const workspaceCreate = z
  .strictObject({ name, description: line(1000).nullable().default(null) })
  .meta({ id: "WorkspaceCreate" });
export type WorkspaceCreate = z.output<typeof workspaceCreate>;

export const workspace = z
  .strictObject({
    id: id("wsp"),
    name,
    description: z.string().nullable(),
    created_at: time,
    config_epoch: z.int(),
  })
  .meta({ id: "Workspace" });
export type Workspace = z.output<typeof workspace>;

export const workspaceList = list(workspace).meta({ id: "WorkspaceList" });
export const workspaceQuery = z.strictObject(page);
