/** The text forms of policy bundles and their versions. */
import type { PolicyBundle, PolicyFault, PolicyVersion } from "../../../contract/policy.ts";
import type { PolicyFault as Fault } from "../../../policy/shape.ts";
import { clean, type Cell, type Style } from "../../output.ts";
import { bundleName } from "./scope.ts";

export const bundleMembers = (style: Style, bundle: PolicyBundle): readonly (readonly [string, Cell])[] => [
  ["bundle", bundleName(bundle)],
  ["workspace", bundle.workspace],
  ["active", bundle.active],
  ["before", bundle.previous],
  ["newest", bundle.latest],
  ["shadow", bundle.shadow],
  ["activated", style.ago(bundle.activated_at)],
  ["by", bundle.activated_by],
];

export const versionMembers = (
  style: Style,
  version: PolicyVersion,
): readonly (readonly [string, Cell])[] => [
  ["version", version.version],
  ["active", version.active ? "yes" : "no"],
  ["policies", version.policies],
  ["pushed", style.ago(version.pushed_at)],
  ["by", version.pushed_by],
  ["message", version.message],
];

/** A fault that was found here, as the service says it. */
export const shownFault = ({ line, column, policy, message, hint }: Fault): PolicyFault => ({
  line,
  column,
  policy,
  detail: message,
  hint,
});

/** `triage.cedar:3:5: …` */
export const faultText = (file: string, { line, column, policy, detail, hint }: PolicyFault): string =>
  [
    `${file}:${line}:${column}: ${policy === null ? "" : `${clean(policy)}: `}${clean(detail)}`,
    ...(hint === null ? [] : [`  ${clean(hint)}`]),
  ].join("\n");

export const policiesText = (count: number): string => (count === 1 ? "1 policy" : `${count} policies`);
