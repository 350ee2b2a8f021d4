/** `dome token issue`: exchanges the agent's key for a call token. Only the token goes to stdout. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { agentKeyFileOption } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";

interface IssueOptions {
  readonly scope?: string;
  readonly resource?: string;
  readonly keyFile?: string;
}

export const issueCommand = (session: Session): Command =>
  verb({
    name: "issue",
    summary: "Exchange an agent's API key for a short-lived call token",
    description:
      "Exchange an agent's API key for a short-lived call token. The key is read from DOME_AGENT_KEY or --key-file. " +
      "Only the token goes to stdout; its scope goes to stderr.",
    examples: [
      "dome token issue --key-file ./support-triage.key",
      "TOKEN=$(dome token issue --scope tool:zendesk/create_ticket)",
    ],
  })
    .option(
      "--scope <scope>",
      "a scope narrower than the surface: tool:<tool>, pool:<pool>, integration:<name>; separate several with spaces",
    )
    .option("--resource <url>", "for one door only")
    .addOption(agentKeyFileOption())
    .action(async ({ keyFile, ...wish }: IssueOptions) => {
      const token = await (await session.agentDoor(keyFile)).token(wish);
      session.output.show({
        body: token,
        ids: [token.access_token],
        text: () => clean(token.access_token),
      });
      if (session.output.mode === "text") {
        session.output.note(`valid for ${token.expires_in} s, scope: ${clean(token.scope)}`);
      }
    });
