/** Where a list over workspaces looks. */
import type { WorkspaceId } from "../kernel/ids.ts";

/** One workspace, or all that the reader sees (null: all there are). */
export type ListScope = { readonly workspace: WorkspaceId } | { readonly visible: readonly string[] | null };
