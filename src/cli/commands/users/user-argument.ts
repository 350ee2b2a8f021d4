/** Whom `dome users` is about: ISSUER SUBJECT, as the identity provider says it, or the one id that Dome gave. */
import { usage } from "../../exit.ts";

interface WhichUser {
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
  if (subject !== undefined) return { issuer: first, subject, ...(tenant === undefined ? {} : { tenant }) };
  if (!first.startsWith("usr_")) throw usage("name the user by ISSUER and SUBJECT, or by an id usr_…", help);
  if (tenant !== undefined) throw usage("--tenant goes with ISSUER and SUBJECT; the id says it all", help);
  return { user: first };
}
