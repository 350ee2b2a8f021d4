import { expect, it, test } from "vitest";
import { mayDo, ROLES, rolesWith, type Permission, type Role } from "../../../src/operators/permissions.ts";

/** Design part 11, a row per permission. */
const EXPECTED: Readonly<Partial<Record<Permission, readonly Role[]>>> = {
  "workspaces:create": ["admin"],
  "workspaces:read": ["admin", "security", "operator", "developer", "auditor"],
  "agents:register": ["admin", "operator", "developer"],
  "agents:read": ["admin", "security", "operator", "developer", "auditor"],
  "agents:update": ["admin", "operator", "developer"],
  "agents:activate": ["admin", "operator"],
  "agents:suspend": ["admin", "security", "operator", "developer"],
  "agents:resume": ["admin", "security", "operator"],
  "agents:revoke": ["admin", "security", "operator"],
  "keys:issue": ["admin", "operator", "developer"],
  "keys:revoke": ["admin", "security", "operator", "developer"],
  "keys:read": ["admin", "security", "operator", "developer", "auditor"],
  "catalog:write": ["admin", "operator"],
  "catalog:read": ["admin", "security", "operator", "developer", "auditor"],
  "tiers:read": ["admin", "security", "operator", "developer", "auditor"],
  "audit:read": ["admin", "security", "operator", "auditor"],
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
    permissions.filter((permission) => mayDo("auditor", permission) && !permission.endsWith(":read")),
  ).toEqual([]);
});
