import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  isInstallationWide,
  mayDo,
  PERMISSIONS,
  ROLES,
  rolesWith,
  whyNot,
  type Permission,
  type Role,
} from "../../../src/operators/permissions.ts";

const ALL: Permission[] = [...PERMISSIONS];
const of = (role: Role): Permission[] => ALL.filter((permission) => mayDo(role, permission));
const READING = /:(?:read|introspect|identify)$/;

/** The roles page has this between its two marks. */
function rolesTable(): string {
  const head = ["permission", ...ROLES.map((role) => `\`${role}\``)];
  const rows = ALL.map((permission) => [
    `\`${permission}\`${isInstallationWide(permission) ? " \\*" : ""}`,
    ...ROLES.map((role) => (mayDo(role, permission) ? "yes" : "")),
  ]);
  const widths = head.map((_cell, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

describe("the permission table", () => {
  it("gives security every stop, and of what makes or widens only policies and whose users agents may act for", () => {
    const changes = of("security").filter((permission) => !READING.test(permission));
    expect(changes).toEqual([
      "workspaces:halt",
      "workspaces:resume",
      "agents:suspend",
      "agents:cascade",
      "agents:hold",
      "agents:resume",
      "agents:revoke",
      "keys:revoke",
      "idp:write",
      "idp:test",
      "decisions:explain",
      "policies:write",
      "policies:validate",
      "tokens:revoke",
      "users:stop",
      "users:resume",
      "transactions:stop",
      "operators:revoke",
      "signing-keys:rotate",
    ]);
  });

  it("lets only an administrator make operators, so that nobody gives itself another role", () => {
    expect(rolesWith("operators:create")).toEqual(["admin"]);
  });

  it("keeps a developer from starting, reviving and ending agents, and from the trail", () => {
    for (const permission of ["agents:activate", "agents:resume", "agents:revoke", "audit:read"] as const) {
      expect(mayDo("developer", permission)).toBe(false);
    }
  });

  it("keeps what concerns the whole installation from tokens that are bound to workspaces, whatever their role", () => {
    const wide = ALL.filter(isInstallationWide);
    expect(wide).toContain("operators:create");
    for (const permission of wide) {
      expect(whyNot({ role: "admin", workspaces: ["support"] }, permission)).toBe("bound");
      expect(whyNot({ role: "admin", workspaces: null }, permission)).toBeNull();
    }
    expect(whyNot({ role: "auditor", workspaces: ["support"] }, "operators:create")).toBe("role");
    expect(whyNot({ role: "operator", workspaces: ["support"] }, "agents:register")).toBeNull();
  });

  it("is what docs/operators.md says", () => {
    const page = readFileSync("docs/operators.md", "utf8");
    const [, shown = ""] = /<!-- roles: .*-->\n\n?([\s\S]*?)\n*<!-- \/roles -->/.exec(page) ?? [];
    expect(shown).toBe(rolesTable());
  });
});
