/** The text form of signing keys. */
import type { SigningKeyView } from "../../../contract/signing-key.ts";
import { type Style } from "../../output.ts";
import { table } from "../../table.ts";

export const signingKeyTable = (style: Style, keys: readonly SigningKeyView[]): string =>
  table(
    style,
    ["KID", "USE", "STATE", "SIGNS FROM", "SIGNS UNTIL", "PUBLISHED UNTIL", "ROOT KEY"],
    keys.map((key) => [
      key.kid,
      key.use,
      key.state,
      style.ago(key.signs_from),
      style.ago(key.signs_until),
      style.ago(key.published_until),
      key.root_key_version,
    ]),
  );
