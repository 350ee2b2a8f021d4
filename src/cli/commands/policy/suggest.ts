/** `dome policy suggest` */
import type { Command } from "commander";
import type { PolicySuggestion } from "../../../contract/suggestion.ts";
import { verb } from "../../command.ts";
import { pointInTime, workspaceOption } from "../../option-values.ts";
import { clean, fields, several, type Style } from "../../output.ts";
import type { Session } from "../../session.ts";

interface SuggestOptions {
  readonly agent: string;
  readonly since?: string;
  readonly workspace?: string;
}

export function suggestCommand(session: Session): Command {
  const command = verb({
    name: "suggest",
    summary: "Suggest to narrow an agent to what it uses",
    description:
      "Suggest a narrower surface, and policies, without what an agent has declared and not used. Nothing is changed. It stands on " +
      "the days of the last uses, which are known from the declaration on, or since Dome keeps them.",
    examples: ["dome policy suggest --agent support-triage --since 30d"],
  });
  return command
    .requiredOption("--agent <agent>", "name or id")
    .option(
      "--since <time>",
      "what was not used since counts as unused: a date, or a duration back from now (default: 30d)",
      pointInTime(() => session.io.clock.now(), "back"),
    )
    .addOption(workspaceOption())
    .action(async ({ agent, since, workspace }: SuggestOptions) => {
      const { agents } = await session.controlPlane();
      const suggested = await agents.suggestion({ agent, workspace }, since);
      const { output } = session;
      output.show({
        body: suggested,
        ids: suggested.unused.map(({ kind, name }) => `${kind}:${name}`),
        text: () => suggestionText(output.style, suggested),
      });
      if (suggested.command !== null) output.next(suggested.command);
    });
}

const named = (items: PolicySuggestion["unused"]): string | null =>
  several(
    items.map(
      ({ kind, name, last_used_on }) =>
        `${kind} ${name} (${last_used_on === null ? "never used" : `used ${last_used_on}`})`,
    ),
  );

const suggestionText = (
  style: Style,
  { name, since, known_from, unused, young, surface, policy, would_deny }: PolicySuggestion,
): string =>
  [
    fields(style, [
      ["agent", name],
      ["since", since],
      ["uses known", known_from === null ? "of nothing that it declares" : `from ${known_from} on`],
      ["unused", named(unused)],
      ["too young", named(young)],
      ["tools", several(surface.tools)],
      ["pools", several(surface.pools)],
      ["integrations", several(surface.integrations)],
      ["would deny", would_deny.length === 0 ? "no call since then" : named(would_deny)],
    ]),
    ...(policy === null
      ? []
      : [`\nAs policies, for dome policy push FILE --agent ${clean(name)}:\n\n${policy.trimEnd()}`]),
  ].join("\n");
