/** Why Dome has no credential for a server, for the operator who wants to reach it. */
import type { NoCredential } from "./server-credential.ts";

export function noCredentialInWords(fault: NoCredential): string {
  switch (fault.kind) {
    case "credential_missing":
      return "Dome has no credential for the server. Add one: dome tools add-secret";
    case "token_refused":
      return `The authorization server answered Dome's request for a token with ${fault.status}. Check the client, its secret, scope and resource.`;
    case "address_refused":
      return "Dome does not call the address of the authorization server. See docs/tools.md";
    case "too_large":
      return "The authorization server's answer is too large.";
    case "timed_out":
    case "aborted":
      return "The authorization server did not answer in time.";
    case "unreachable":
    case "body_silent":
    case "body_broken":
      return "The authorization server could not be reached.";
  }
}
