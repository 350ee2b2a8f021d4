/** `dome idp list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";
import { audiencesOf, issuerOf } from "./view.ts";

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List the identity providers of a workspace",
      examples: ["dome idp list"],
    }),
    "providers",
  )
    .addOption(workspaceOption())
    .action(async ({ workspace, ...paging }: Paging & { workspace?: string }, command: Command) => {
      const { identityProviders } = await session.controlPlane();
      const taken = await takePage(identityProviders.list({ workspace }), paging);
      const page = shownPage(session, command, taken, {
        id: (provider) => provider.id,
        text: (style, providers) =>
          table(
            style,
            ["NAME", "ISSUER", "AUDIENCES", "MAX AGE", "ID"],
            providers.map((provider) => [
              provider.name,
              issuerOf(provider),
              audiencesOf(provider),
              `${provider.max_age_seconds} s`,
              provider.id,
            ]),
          ),
      });
      showOnce(session, page);
    });
