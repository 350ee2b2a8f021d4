/** `dome tools secrets`, `add-secret` and `remove-secret`: the credentials for the server behind a tool. */
import type { Command } from "commander";
import type { ToolSecret } from "../../../contract/upstream.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import { fields, type Style } from "../../output.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import { readSecret, withSecretOptions, type SecretOptions } from "../../secret-value.ts";
import type { Session } from "../../session.ts";
import { table } from "../../table.ts";
import { showOnce } from "../../watch.ts";

interface InWorkspace {
  readonly workspace?: string;
}

export const addSecretCommand = (session: Session): Command =>
  withSecretOptions(
    verb({
      name: "add-secret",
      summary: "Add a credential for the server behind a tool",
      description:
        "Add a credential for the server behind a tool. Dome keeps it encrypted and never shows it. Dome sends the newest credential: " +
        "to rotate, add the new one, then remove the old one.",
      examples: [
        "dome tools add-secret zendesk --secret-env ZENDESK_TOKEN",
        "dome tools add-secret zendesk --secret-file -",
      ],
    })
      .argument("<name>", "its name")
      .addOption(workspaceOption()),
  ).action(async (name: string, options: InWorkspace & SecretOptions) => {
    const value = await readSecret(session.io, options);
    if (value === undefined) {
      throw usage(
        "say where the credential is",
        `dome tools add-secret ${shellWord(name)}${inWorkspace(options.workspace)} --secret-env VARIABLE`,
      );
    }
    const service = await session.controlPlane();
    const added = await service.toolSecrets.add(name, { value }, options.workspace);
    session.output.show({
      body: added,
      ids: [added.id],
      text: () =>
        fields(session.output.style, [
          ["tool", added.tool],
          ["id", added.id],
          ["added by", added.created_by],
        ]),
    });
  });

export const secretsCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "secrets",
      summary: "List the credentials for the server behind a tool, without their values",
      examples: ["dome tools secrets zendesk"],
    }).argument("<name>", "its name"),
    "credentials",
  )
    .addOption(workspaceOption())
    .action(async (name: string, { workspace, ...paging }: InWorkspace & Paging, command: Command) => {
      const { toolSecrets } = await session.controlPlane();
      const taken = await takePage(toolSecrets.list(name, workspace), paging);
      showOnce(session, shownPage(session, command, taken, { id: ({ id }) => id, text: secretTable }));
    });

const secretTable = (style: Style, secrets: readonly ToolSecret[]): string =>
  table(
    style,
    ["ID", "ADDED", "BY", "IN USE"],
    secrets.map((secret) => [
      secret.id,
      style.ago(secret.created_at),
      secret.created_by,
      secret.in_use ? "yes" : "no",
    ]),
  );

export const removeSecretCommand = (session: Session): Command =>
  verb({
    name: "remove-secret",
    summary: "Remove a credential for the server behind a tool",
    examples: ["dome tools remove-secret zendesk sec_01k9v3m8q2x7n5r4t6w0y1z2a3"],
  })
    .argument("<name>", "its name")
    .argument("<secret>", "the id of the credential; see dome tools secrets")
    .addOption(workspaceOption())
    .action(async (name: string, secret: string, { workspace }: InWorkspace) => {
      const removed = await (await session.controlPlane()).toolSecrets.remove(name, secret, workspace);
      session.output.show({
        body: removed,
        ids: [removed.id],
        text: () => `Removed ${removed.id} of ${removed.tool}.`,
      });
    });
