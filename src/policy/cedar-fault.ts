/** What Cedar says of a policy, as a fault of the bundle: at its place in the file, and in a sentence. */
import type { CedarError } from "./cedar.ts";
import { offsetOfByte, placeIn, Places, type Place } from "./places.ts";
import type { PolicyFault } from "./shape.ts";

/** Cedar names the policy by the name that it was given, and itself as what failed. */
const PREFIX =
  /^(?:for policy `[^`]*`, |failed to parse (?:policy|template)(?: with id `[^`]*`)? from string: )/;

/** @param policy its id and its text, and where in the file the text begins. */
export function faultOfCedar(
  policy: Place & { readonly id: string | null; readonly text: string },
  error: CedarError,
): PolicyFault {
  const start = error.sourceLocations?.[0]?.start ?? 0;
  const within = new Places(policy.text).at(offsetOfByte(policy.text, start));
  return {
    ...placeIn(policy, within),
    policy: policy.id,
    message: sentence(error.message),
    hint: error.help === null ? null : sentence(error.help),
  };
}

function sentence(text: string): string {
  const said = text.replace(PREFIX, "");
  const ended = /[.?!]$/.test(said) ? said : `${said}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
