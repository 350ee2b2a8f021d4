/** The user that `dome users` names: ISSUER SUBJECT, as at the identity provider, or the id that Dome derived. */
import { defined } from "../../../kernel/defined.ts";
import { usage } from "../../exit.ts";

export interface WhichUser {
  readonly issuer?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly user?: string;
}

export function whichUser(
  command: "stop" | "resume",
  first: string,
  subject: string | undefined,
  tenant: string | undefined,
): WhichUser {
  const help = `dome users ${command} --help`;
  if (subject !== undefined) return { issuer: first, subject, ...defined({ tenant }) };
  if (!first.startsWith("usr_")) throw usage("name the user by ISSUER and SUBJECT, or by an id usr_…", help);
  if (tenant !== undefined)
    throw usage("--tenant goes with ISSUER and SUBJECT; the id already includes it", help);
  return { user: first };
}

/** The filter for one user: by id or e-mail address, or by its identity at the provider. */
export function userFilter([first, subject, tenant, ...more]: readonly string[]): WhichUser {
  if (first === undefined) return {};
  if (more.length > 0)
    throw usage("a user is an id, an e-mail address, or ISSUER SUBJECT [TENANT]: three words at most");
  if (subject !== undefined) return { issuer: first, subject, ...defined({ tenant }) };
  if (first.startsWith("usr_") || (first.includes("@") && !first.includes("://"))) return { user: first };
  throw usage(
    `"${first}" does not name a user: give an id usr_…, an e-mail address, or ISSUER SUBJECT`,
    "dome users list",
  );
}
