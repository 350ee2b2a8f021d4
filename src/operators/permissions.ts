/**
 * The permissions of each role, in one table (design part 11). A route names the permission it needs; nothing else
 * decides. Two rules come on top. A token that is bound to workspaces reaches nothing outside them. A `developer`
 * reaches only agents it is the steward of, and may only narrow those that were activated
 * (`registry/narrowing.ts`).
 */
import { ROLES, type Role } from "../contract/roles.ts";

export { ROLES, type Role };

const TABLE = {
  "workspaces:create": ["admin"],
  "workspaces:read": ["admin", "security", "operator", "developer", "auditor"],
  "workspaces:update": ["admin"],
  "workspaces:halt": ["admin", "security"],
  "workspaces:resume": ["admin", "security"],
  "agents:register": ["admin", "operator", "developer"],
  "agents:read": ["admin", "security", "operator", "developer", "auditor"],
  "agents:update": ["admin", "operator", "developer"],
  "agents:transfer": ["admin", "operator"],
  "agents:activate": ["admin", "operator"],
  "agents:suspend": ["admin", "security", "operator", "developer"],
  "agents:cascade": ["admin", "security", "operator"],
  "agents:hold": ["admin", "security"],
  "agents:resume": ["admin", "security", "operator"],
  "agents:revoke": ["admin", "security", "operator"],
  "keys:issue": ["admin", "operator", "developer"],
  "keys:revoke": ["admin", "security", "operator", "developer"],
  "keys:read": ["admin", "security", "operator", "developer", "auditor"],
  "keys:identify": ["admin", "security", "operator", "developer", "auditor"],
  "catalog:write": ["admin", "operator"],
  "catalog:read": ["admin", "security", "operator", "developer", "auditor"],
  "idp:write": ["admin", "security"],
  "idp:read": ["admin", "security", "operator", "developer", "auditor"],
  "idp:test": ["admin", "security"],
  "tiers:write": ["admin"],
  "decisions:explain": ["admin", "security", "operator", "auditor"],
  "policies:write": ["admin", "security"],
  "policies:validate": ["admin", "security", "operator"],
  "policies:read": ["admin", "security", "operator", "auditor"],
  "tiers:read": ["admin", "security", "operator", "developer", "auditor"],
  "tokens:introspect": ["admin", "security", "operator", "developer", "auditor"],
  "tokens:revoke": ["admin", "security", "operator", "developer"],
  "users:read": ["admin", "security", "operator", "auditor"],
  "users:stop": ["admin", "security"],
  "users:resume": ["admin", "security"],
  "transactions:stop": ["admin", "security"],
  "operators:create": ["admin"],
  "operators:read": ["admin", "security", "auditor"],
  "operators:revoke": ["admin", "security"],
  "signing-keys:read": ["admin", "security", "operator", "auditor"],
  "signing-keys:rotate": ["admin", "security"],
  "root-keys:read": ["admin", "security"],
  "root-keys:rewrap": ["admin"],
  "status:read": ["admin", "security", "operator", "auditor"],
  "audit:read": ["admin", "security", "operator", "auditor"],
  "audit:replay": ["admin", "operator"],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof TABLE;

/**
 * Permissions that concern the whole installation: not for tokens that are bound to workspaces, whatever their
 * role.
 */
const WHOLE_INSTALLATION: ReadonlySet<Permission> = new Set<Permission>([
  "workspaces:create",
  "tiers:write",
  "operators:create",
  "operators:read",
  "operators:revoke",
  "signing-keys:read",
  "signing-keys:rotate",
  "root-keys:read",
  "root-keys:rewrap",
  "audit:replay",
]);

export const PERMISSIONS = Object.keys(TABLE) as readonly Permission[];

export const mayDo = (role: Role, permission: Permission): boolean =>
  (TABLE[permission] as readonly Role[]).includes(role);

/** The roles that have a permission, for a refusal that names them. */
export const rolesWith = (permission: Permission): readonly Role[] => TABLE[permission];

/** True when the permission concerns the whole installation and not one workspace. */
export const isInstallationWide = (permission: Permission): boolean => WHOLE_INSTALLATION.has(permission);

/** Why an operator may not do something in any workspace; null: it may, within the workspaces that it sees. */
export function whyNot(
  operator: { readonly role: Role; readonly workspaces: readonly string[] | null },
  permission: Permission,
): "role" | "bound" | null {
  if (!mayDo(operator.role, permission)) return "role";
  return operator.workspaces !== null && isInstallationWide(permission) ? "bound" : null;
}
