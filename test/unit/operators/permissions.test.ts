import { expect, it, test } from "vitest";
import { mayDo, ROLES, rolesWith, type Permission, type Role } from "../../../src/operators/permissions.ts";

/** Design part 11, a row per permission. */
const EXPECTED: Readonly<Record<Permission, readonly Role[]>> = {
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
  "decisions:explain": ["admin", "security", "operator", "auditor"],
  "policies:write": ["admin", "security"],
  "policies:validate": ["admin", "security", "operator"],
  "policies:read": ["admin", "security", "operator", "auditor"],
  "tiers:write": ["admin"],
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
};

test.each(Object.entries(EXPECTED) as [Permission, readonly Role[]][])(
  "%s is for %j and nobody else",
  (permission, roles) => {
    expect(ROLES.filter((role) => mayDo(role, permission))).toEqual(roles);
    expect(rolesWith(permission)).toEqual(roles);
  },
);

it("gives an admin everything, and an auditor nothing that changes anything", () => {
  const permissions = Object.keys(EXPECTED) as Permission[];
  expect(permissions.every((permission) => mayDo("admin", permission))).toBe(true);
  expect(
    permissions.filter(
      (permission) =>
        mayDo("auditor", permission) && !/:(?:read|introspect|identify|explain)$/.test(permission),
    ),
  ).toEqual([]);
});
