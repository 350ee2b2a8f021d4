/** `dome policy versions` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import { memberTable } from "../../table.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";
import { scopeOf, withScope, type ScopeOptions } from "./scope.ts";
import { versionMembers } from "./view.ts";

export const versionsCommand = (session: Session): Command =>
  withPaging(
    withScope(
      verb({
        name: "versions",
        summary: "List the versions of a bundle of policies, the newest first",
        examples: ["dome policy versions", "dome policy versions --organization --limit 5"],
      }),
    ),
    "versions",
  ).action(async (options: ScopeOptions & Paging, command: Command) => {
    const { policies } = await session.controlPlane();
    const taken = await takePage(policies.versions(scopeOf(options)), options);
    showOnce(
      session,
      shownPage(session, command, taken, {
        id: ({ version }) => String(version),
        text: (style, versions) => memberTable(style, versions, (each) => versionMembers(style, each)),
      }),
    );
  });
