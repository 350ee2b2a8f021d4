/** `dome operators create` */
import { Option, type Command } from "commander";
import { ROLES, type Role } from "../../../contract/roles.ts";
import { verb } from "../../command.ts";
import { collect } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { issue, withNewTokenOptions, type NewTokenOptions } from "./new-token.ts";

interface CreateOptions extends NewTokenOptions {
  readonly role: Role;
  readonly description?: string;
  readonly workspace?: readonly string[];
}

export const createCommand = (session: Session): Command =>
  withNewTokenOptions(
    session,
    verb({
      name: "create",
      summary: "Issue a token for a person or a job",
      description:
        "Issue a token for a person or a job. The ledger records its subject, and a developer's agents belong to its subject. " +
        "Without --workspace the token is for all workspaces and for the organization.",
      examples: [
        "dome operators create ada@example.com --role security --token-file ./ada.token",
        "dome operators create ci-deploy --role operator --workspace support --expires 30d",
      ],
    })
      .argument("<subject>", "who it is for, for instance an e-mail address")
      .addOption(new Option("--role <role>", "what it may do").choices(ROLES).makeOptionMandatory())
      .option("--workspace <name>", "only this workspace; may be given several times", collect)
      .option("--description <text>", "what it is for"),
  ).action((subject: string, options: CreateOptions) =>
    issue(
      session,
      options,
      {
        subject,
        role: options.role,
        description: options.description ?? null,
        workspaces: options.workspace === undefined ? null : [...options.workspace],
      },
      ({ operator }) => `Issued a token for ${clean(operator.subject)} with the role ${operator.role}.`,
    ),
  );
