/** The roles of operators. One table, `operators/permissions.ts`, defines what each role may do. */
export const ROLES = ["admin", "security", "operator", "developer", "auditor"] as const;
export type Role = (typeof ROLES)[number];
