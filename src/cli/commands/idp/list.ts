/** `dome idp list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import { takePage, tellMore, withPaging, type Paging } from "../../paging.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
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
      const { items } = taken;
      const { output } = session;
      output.show({
        body: items,
        ids: items.map((provider) => provider.id),
        text: () =>
          table(
            output.style,
            ["NAME", "ISSUER", "AUDIENCES", "MAX AGE", "ID"],
            items.map((provider) => [
              provider.name,
              issuerOf(provider),
              audiencesOf(provider),
              `${provider.max_age_seconds} s`,
              provider.id,
            ]),
          ),
      });
      tellMore(session, command, taken);
    });
