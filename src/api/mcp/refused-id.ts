/**
 * The id under which a refusal of a credential is answered. A body is not read for nobody: only a credential that Dome
 * made, whatever became of it since, has its request's id read, and of that request no more than 64 KB.
 */
import { bearerOf, type AuthenticationPorts } from "../../access/authenticate.ts";
import { checkKeyForm } from "../../credentials/key-format.ts";
import type { RequestId } from "../../mcp/json-members.ts";
import { parseMessage } from "../../mcp/message.ts";
import { verifyCallToken } from "../../tokens/verify.ts";
import { checkEncoding, readBytes } from "../body.ts";

/** The most of a body that is read for its id, in bytes. */
const MOST_READ = 65_536;

type FormPorts = Pick<
  AuthenticationPorts,
  "derived" | "retiredForms" | "keySet" | "issuer" | "clock" | "tokenCache"
>;

/** @returns null when the body is not read, or has no id. */
export async function refusedId(ports: FormPorts, http: Request): Promise<RequestId | null> {
  const credential = bearerOf(http.headers.get("authorization"));
  if (credential === null || !(await isOurs(ports, credential)) || !checkEncoding(http).ok) return null;
  return idOfBody(http);
}

/** Of a body that its sender may not have read for more: the id of its request. */
export async function idOfBody(http: Request): Promise<RequestId | null> {
  const body = await readBytes(http, MOST_READ);
  if (!body.ok) return null;
  const message = parseMessage(body.value, "client");
  if (!message.ok) return message.error.id;
  return message.value.kind === "request" ? message.value.id : null;
}

/** Whether Dome made this text: the form of a key, without a look-up; the signature of a token. */
async function isOurs(ports: FormPorts, credential: string): Promise<boolean> {
  if (credential.startsWith("dome_")) {
    const forms = [...ports.derived.map(({ formKey }) => formKey), ...ports.retiredForms];
    return checkKeyForm("agent", credential, forms);
  }
  const keySet = await ports.keySet();
  if (!keySet.ok) return false;
  const { issuer, clock, tokenCache } = ports;
  const now = clock.now();
  const token = await verifyCallToken(credential, {
    issuer,
    audiences: "any",
    keySet: keySet.value,
    now,
    cache: tokenCache,
  });
  return token.ok || token.error.kind === "expired" || token.error.kind === "not_yet_valid";
}
