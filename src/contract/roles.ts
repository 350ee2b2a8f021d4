/** The roles of operators. What each may do is said in one table, `operators/permissions.ts`. */
export const ROLES = ["admin", "security", "operator", "developer", "auditor"] as const;
export type Role = (typeof ROLES)[number];
