/** `dome keys issue` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { issue, withNewKeyOptions, type NewKeyOptions } from "./new-key.ts";

export const issueCommand = (session: Session): Command =>
  withNewKeyOptions(
    session,
    verb({
      name: "issue",
      summary: "Issue another API key; the existing keys stay",
      examples: ["dome keys issue support-triage --key-file ./support-triage.key --expires 90d"],
    }).argument("<agent>", "name or id"),
  ).action((agent: string, options: NewKeyOptions) =>
    issue(session, agent, options, () => Promise.resolve({})),
  );
