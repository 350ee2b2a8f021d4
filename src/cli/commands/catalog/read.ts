/** `list` and `show` of a catalog noun: tools, pools and integrations differ only in their columns. */
import type { Command } from "commander";
import type { Catalog } from "../../../client/catalog.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { verb } from "../../command.ts";
import { fields, type Cell } from "../../output.ts";
import { memberTable } from "../../table.ts";
import { workspaceOption } from "../../option-values.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";

export interface Kind<Entry> {
  /** The noun, in the plural: `tools`. */
  readonly noun: string;
  readonly one: string;
  /** A name for examples. */
  readonly example: string;
  readonly of: (service: ControlPlane) => Pick<Catalog<never, Entry>, "list" | "show" | "remove">;
  readonly members: (entry: Entry) => readonly (readonly [string, Cell])[];
  /** Members for which a list has no room. */
  readonly details?: (entry: Entry) => readonly (readonly [string, Cell])[];
  /** Says what is to be done about the entry. */
  readonly advise?: (session: Session, entry: Entry, workspace: string | undefined) => void;
}

export interface CatalogEntry {
  readonly id: string;
  readonly name: string;
}

export const listCommand = <Entry extends CatalogEntry>(session: Session, kind: Kind<Entry>): Command =>
  withPaging(
    verb({
      name: "list",
      summary: `List the ${kind.noun} of a workspace's catalog`,
      examples: [`dome ${kind.noun} list`],
    }),
    kind.noun,
  )
    .addOption(workspaceOption())
    .action(async ({ workspace, ...paging }: Paging & { workspace?: string }, command: Command) => {
      const catalog = kind.of(await session.controlPlane());
      const taken = await takePage(catalog.list({ workspace }), paging);
      const page = shownPage(session, command, taken, {
        id: (entry) => entry.id,
        text: (style, entries) => memberTable(style, entries, kind.members),
      });
      showOnce(session, page);
    });

export const showCommand = <Entry extends CatalogEntry>(session: Session, kind: Kind<Entry>): Command =>
  verb({
    name: "show",
    summary: `Show ${kind.one} of the catalog`,
    examples: [`dome ${kind.noun} show ${kind.example}`],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .action(async (name: string, options: { workspace?: string }) => {
      const entry = await kind.of(await session.controlPlane()).show(name, options.workspace);
      tellEntry(session, kind, entry);
      kind.advise?.(session, entry, options.workspace);
    });

export function tellEntry<Entry extends CatalogEntry>(
  session: Session,
  kind: Kind<Entry>,
  entry: Entry,
): void {
  const { output } = session;
  output.show({
    body: entry,
    ids: [entry.id],
    text: () => fields(output.style, [...kind.members(entry), ...(kind.details?.(entry) ?? [])]),
  });
}
