/**
 * What each role may do: one table (design part 11). A route names the permission it needs; nothing else decides.
 */
export const ROLES = ["admin", "security", "operator", "developer", "auditor"] as const;
export type Role = (typeof ROLES)[number];

const TABLE = {
  "workspaces:create": ["admin"],
  "workspaces:update": ["admin"],
  "workspaces:halt": ["admin", "security"],
  "workspaces:resume": ["admin", "security"],
  "workspaces:read": ["admin", "security", "operator", "developer", "auditor"],
  "agents:register": ["admin", "operator", "developer"],
  "agents:read": ["admin", "security", "operator", "developer", "auditor"],
  "agents:update": ["admin", "operator", "developer"],
  "agents:activate": ["admin", "operator"],
  "agents:suspend": ["admin", "security", "operator", "developer"],
  "agents:cascade": ["admin", "security", "operator"],
  "agents:resume": ["admin", "security", "operator"],
  "agents:revoke": ["admin", "security", "operator"],
  "keys:issue": ["admin", "operator", "developer"],
  "keys:revoke": ["admin", "security", "operator", "developer"],
  "keys:read": ["admin", "security", "operator", "developer", "auditor"],
  "catalog:write": ["admin", "operator"],
  "catalog:read": ["admin", "security", "operator", "developer", "auditor"],
  "tiers:read": ["admin", "security", "operator", "developer", "auditor"],
  "status:read": ["admin", "security", "operator", "auditor"],
  "audit:read": ["admin", "security", "operator", "auditor"],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof TABLE;

export const mayDo = (role: Role, permission: Permission): boolean =>
  (TABLE[permission] as readonly Role[]).includes(role);

/** The roles that have a permission, for a refusal that says who could help. */
export const rolesWith = (permission: Permission): readonly Role[] => TABLE[permission];
