/** `dome explain --agent`: what would be decided now, step by step. */
import type { WhatIf, WhatIfRequest } from "../../contract/check.ts";
import { defined } from "../../kernel/defined.ts";
import { changeText } from "../change-text.ts";
import { usage } from "../exit.ts";
import { fields, several, type Output } from "../output.ts";
import type { Session } from "../session.ts";

export interface AfreshOptions {
  readonly workspace?: string;
  readonly agent?: string;
  readonly tool?: string;
  readonly model?: string;
  readonly integration?: string;
  readonly args?: Record<string, unknown>;
  readonly asUser?: string;
  readonly provider?: string;
  readonly group?: readonly string[];
}

export async function afresh(
  session: Session,
  id: string | undefined,
  agent: string,
  options: AfreshOptions,
): Promise<void> {
  if (id !== undefined) throw usage("A decision that was made has its agent: leave out --agent");
  const { workspace, tool, model, integration, args } = options;
  const service = await session.controlPlane();
  const found = await service.decideAfresh({
    agent,
    ...defined({ workspace, tool, model, integration, arguments: args, user: userOf(options) }),
  });
  const { output } = session;
  output.show({ body: found, ids: [], text: () => text(output, found) });
}

function userOf({ asUser, provider, group }: AfreshOptions): WhatIfRequest["user"] {
  if (asUser === undefined && group === undefined && provider === undefined) return undefined;
  if (provider === undefined)
    throw usage("A user needs the identity provider that verifies it", "--provider NAME; see dome idp list");
  return { provider, ...defined({ email: asUser, groups: group && [...group] }) };
}

function text(output: Output, found: WhatIf): string {
  const { decision, reason, layer, detail, change, policies, bundle_version, action, resource } = found;
  const head = fields(output.style, [
    ["would be", decision],
    ["action", action],
    ["resource", resource],
    ["reason", reason],
    ["layer", layer],
    ["detail", detail],
    ["policies", several(policies)],
    ["bundle", bundle_version],
  ]);
  const steps = found.steps.map(({ step, outcome }) => `  ${step.padEnd(10)} ${outcome.replace("_", " ")}`);
  return [
    head,
    "",
    "Decided afresh; nothing is recorded as a decision, and nothing was called.",
    ...steps,
    ...changeText(output, change),
  ].join("\n");
}
