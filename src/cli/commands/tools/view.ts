/** The text forms of tools of the catalog. */
import type { Tool } from "../../../contract/catalog.ts";
import { OPENAPI_GIVEN, type CredentialState } from "../../../contract/upstream.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { inWorkspace } from "../../option-values.ts";
import { several } from "../../output.ts";
import type { Kind } from "../catalog/read.ts";
import { authText } from "./upstream.ts";

const CREDENTIAL: Readonly<Record<CredentialState, string>> = {
  not_needed: "not needed",
  missing: "missing: calls fail until one is added",
  kept: "kept, encrypted",
};

const contextText = ({ dome_context, url }: Tool): string =>
  dome_context === null ? "not sent" : `sent, for ${dome_context.audience ?? url ?? ""}`;

const headerText = ({ name, required }: Tool["context_headers"][number]): string =>
  `${name}${required ? " (required)" : ""}`;

const redactionText = ({ redact_paths, redact_patterns, redact_unreadable }: Tool): string => {
  const redacted = [...redact_paths, ...redact_patterns];
  if (redacted.length === 0) return "nothing";
  return `${several(redacted)}; what cannot be redacted ${redact_unreadable === "pass" ? "passes" : "is refused"}`;
};

const quarantineText = ({ quarantined }: Tool): string =>
  quarantined === 0 ? "no operation" : `${quarantined}: calls of them are denied until you approve them`;

export const TOOLS: Kind<Tool> = {
  noun: "tools",
  one: "a tool",
  example: "zendesk",
  of: (service) => service.tools,
  members: (tool) => [
    ["name", tool.name],
    ["kind", tool.kind],
    ["operations", tool.operations === null ? "any" : several(tool.operations)],
    ["arguments", tool.clear_arguments ? "recorded in clear" : "recorded as a digest"],
    ["schemas", tool.argument_schemas === null ? "none" : several(Object.keys(tool.argument_schemas))],
    ["description", tool.description],
    ["id", tool.id],
  ],
  advise: ({ output }, { name, quarantined }, workspace) => {
    if (quarantined > 0) output.next(`dome tools operations ${shellWord(name)}${inWorkspace(workspace)}`);
  },
  details: (tool) =>
    tool.kind === "local"
      ? []
      : [
          ["server", tool.url],
          ["auth", authText(tool.auth)],
          ["credential", CREDENTIAL[tool.credential]],
          ["forwards", several(tool.forward_headers)],
          ["Dome-Context", contextText(tool)],
          ["decides on", several(tool.context_headers.map(headerText))],
          ["redacts", redactionText(tool)],
          ["open calls", `at most ${tool.max_open_calls} in an isolate`],
          ["quarantined", quarantineText(tool)],
          ...(tool.kind === "http"
            ? ([
                ["document", tool.openapi === OPENAPI_GIVEN ? "given by an operator" : tool.openapi],
                ["other query", tool.additional_query ? "passes" : "refused, where a document declares it"],
              ] as const)
            : []),
        ],
};
