/** What the catalog of the workspace denies, whatever the arguments of a call are. */
import type { Resource } from "../contract/resource.ts";
import type { QuarantineReason } from "../contract/tool-operation.ts";
import { typedCommand } from "../contract/typed-command.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { Catalog } from "../registry/catalog.ts";
import { nearMatch } from "../kernel/near-match.ts";
import { unusableIn } from "../registry/unusable-operation.ts";
import { deny, workspaceOf, type Verdict } from "./verdict.ts";

interface CatalogFacts {
  readonly catalog: Catalog;
  readonly agents: readonly RegisteredAgent[];
}

export function deniedByCatalog({ catalog, agents }: CatalogFacts, asked: Resource): Verdict | undefined {
  const { kind, name, part } = asked;
  const names = { tool: catalog.tools, pool: catalog.pools, integration: catalog.integrations }[kind];
  if (!names.has(name)) {
    const near = nearMatch(name, names.keys());
    const add = typedCommand(workspaceOf(agents), [`${kind}s`, "add", name]);
    return deny("catalog_missing", `The catalog of the workspace has no ${kind} ${name}.`, {
      detail: `Ask an operator to add ${kind} ${name} to the workspace's catalog.`,
      command: near === null ? add : `${add}   # or is ${near} meant?`,
      role: "operator",
    });
  }
  const offered = kind === "tool" ? catalog.tools.get(name)?.operations : catalog.pools.get(name)?.models;
  if (kind === "tool" && part !== null) {
    const why = catalog.tools.get(name)?.quarantined.get(part);
    if (why !== undefined) return quarantined(agents, name, part, why);
  }
  if (part === null || offered == null || offered.includes(part)) return undefined;
  const word = kind === "tool" ? "operation" : "model";
  return deny("catalog_operation_missing", `The ${kind} ${name} has no ${word} ${part}.`, {
    detail: `Use one of the ${word}s of ${name}: ${offered.slice(0, 10).join(", ") || "it has none"}.`,
    command: null,
    role: null,
  });
}

const QUARANTINED: Readonly<Record<QuarantineReason, string>> = {
  new: "nobody has approved it",
  changed: "its server does not define it as it was approved",
  gone: "its server no longer lists it",
  moved: "the tool has another address since it was approved",
};

function quarantined(
  agents: CatalogFacts["agents"],
  name: string,
  part: string,
  why: QuarantineReason | null,
): Verdict {
  const isGone = why === "gone";
  return deny(
    "operation_quarantined",
    `The operation ${part} of ${name} is quarantined: ${QUARANTINED[why ?? "changed"]}.`,
    {
      detail: isGone
        ? "Use another operation. If the server lists this one again, an operator refreshes the tool."
        : "Ask an operator to review the differences, and to approve the operation if they are acceptable.",
      command: typedCommand(
        workspaceOf(agents),
        isGone ? ["tools", "refresh", name] : ["tools", "diff", name, part],
      ),
      role: "operator",
    },
  );
}

/** Nobody who calls can mend it, so it is not said of the arguments. */
export function deniedBySchema(
  { catalog, agents }: CatalogFacts,
  { kind, name, part }: Resource,
): Verdict | undefined {
  const entry = kind === "tool" && part !== null ? catalog.tools.get(name) : undefined;
  const unusable = entry === undefined || part === null ? null : unusableIn(entry, part);
  if (unusable === null) return undefined;
  const { why, isMendable } = unusable;
  return deny("schema_unusable", `No call of ${name}/${part} can be checked: the operation ${why}.`, {
    detail: isMendable
      ? "Ask an operator to give the operation a schema that Dome can check. Other arguments do not help."
      : "Use another operation. Other arguments do not help.",
    command: isMendable
      ? typedCommand(workspaceOf(agents), ["tools", "update", name, "--schema", `${part}=FILE`])
      : null,
    role: isMendable ? "operator" : null,
  });
}
