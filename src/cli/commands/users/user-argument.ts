/** The user that `dome users` names: ISSUER SUBJECT, as at the identity provider, or the id that Dome derived. */
import type { ControlPlane } from "../../../client/control-plane.ts";
import { defined } from "../../../kernel/defined.ts";
import { usage } from "../../exit.ts";

export interface WhichUser {
  readonly issuer?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly user?: string;
}

/** The user of a command that changes something; `user` is an id or an e-mail address. */
export function whichUser(
  command: "stop" | "resume",
  first: string,
  subject: string | undefined,
  tenant: string | undefined,
): WhichUser {
  const help = `dome users ${command} --help`;
  if (subject !== undefined) return { issuer: first, subject, ...defined({ tenant }) };
  if (!isUser(first))
    throw usage("name the user by ISSUER and SUBJECT, by an id usr_…, or by an e-mail address", help);
  if (tenant !== undefined)
    throw usage(
      "--tenant goes with ISSUER and SUBJECT; an id or an e-mail address names the user without it",
      help,
    );
  return { user: first };
}

/**
 * The same user by its id, because an e-mail address may be another user's tomorrow. The service refuses an address that
 * nobody has, and one that several have, with their ids.
 */
export async function withoutAddress(
  service: Pick<ControlPlane, "users">,
  workspace: string,
  who: WhichUser,
): Promise<WhichUser> {
  if (who.user === undefined || isUserId(who.user)) return who;
  const { items } = await service.users.list({ user: who.user, workspace }).take(1);
  return { user: items[0]?.id ?? who.user };
}

const isUserId = (word: string): boolean => word.startsWith("usr_");

const isUser = (word: string): boolean => isUserId(word) || (word.includes("@") && !word.includes("://"));

/** The filter for one user: by id or e-mail address, or by its identity at the provider. */
export function userFilter([first, subject, tenant, ...more]: readonly string[]): WhichUser {
  if (first === undefined) return {};
  if (more.length > 0)
    throw usage("a user is an id, an e-mail address, or ISSUER SUBJECT [TENANT]: three words at most");
  if (subject !== undefined) return { issuer: first, subject, ...defined({ tenant }) };
  if (isUser(first)) return { user: first };
  throw usage(
    `"${first}" does not name a user: give an id usr_…, an e-mail address, or ISSUER SUBJECT`,
    "dome users list -A",
  );
}
