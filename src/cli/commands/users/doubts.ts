/**
 * Checks whether a workspace knows a user. A stop of an unknown user is accepted, because it may come before the first
 * call; but a misspelt name stops nobody, and the operator would not notice.
 */
import type { ControlPlane } from "../../../client/control-plane.ts";
import { ApiError, DomeError } from "../../../../sdk/typescript/src/errors.ts";
import type { WhichUser } from "./user-argument.ts";

/** The part of the client that is needed. */
type Service = Pick<ControlPlane, "identityProviders" | "users">;

/**
 * @returns sentences without a full stop; empty when the user is known, or when the check fails, because a stop does
 * not wait for it.
 */
export async function doubtsAbout(service: Service, workspace: string, who: WhichUser): Promise<string[]> {
  const [issuer, seen] = await Promise.all([
    unlessItFails(isTrusted(service, workspace, who)),
    unlessItFails(wasSeen(service, workspace, who)),
  ]);
  const doubts: string[] = [];
  if (!issuer) doubts.push(`no identity provider of the workspace ${workspace} has the issuer ${who.issuer}`);
  if (!seen) doubts.push(`agents have not acted for this user in the workspace ${workspace}`);
  return doubts;
}

async function isTrusted(
  service: Service,
  workspace: string,
  { issuer, tenant }: WhichUser,
): Promise<boolean> {
  if (issuer === undefined) return true;
  const { items } = await service.identityProviders.list({ workspace }).take();
  return items.some(
    (provider) =>
      provider.issuer === issuer || provider.issuer.replace("{tenantid}", tenant ?? "") === issuer,
  );
}

async function wasSeen(service: Service, workspace: string, who: WhichUser): Promise<boolean> {
  try {
    const { items } = await service.users.list({ ...who, workspace }).take(1);
    return items.some(({ first_seen }) => first_seen !== null); // a stopped user may never have been seen
  } catch (fault) {
    if (fault instanceof ApiError && fault.code === "unknown_reference") return false;
    throw fault;
  }
}

async function unlessItFails(asked: Promise<boolean>): Promise<boolean> {
  try {
    return await asked;
  } catch (fault) {
    if (fault instanceof DomeError) return true;
    throw fault;
  }
}
