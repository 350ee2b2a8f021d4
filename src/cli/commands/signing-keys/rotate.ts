/**
 * `dome signing-keys rotate`: with a key that is published ahead, with one that signs at once, or because one has
 * leaked.
 */
import { Option, type Command } from "commander";
import { defined } from "../../../kernel/defined.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import type { Session } from "../../session.ts";
import { signingKeyTable } from "./view.ts";

interface RotateOptions {
  readonly use?: "token" | "receipt";
  readonly now?: boolean;
  readonly compromised?: string;
}

export const rotateCommand = (session: Session): Command =>
  verb({
    name: "rotate",
    summary: "Rotate the signing key, or mark one as compromised",
    description:
      "Rotate the signing key. Dome publishes the next key now and signs with it in a day, so that every verifier has it " +
      "first; with --now, Dome signs with it at once. With --compromised, everything that the key has signed is " +
      "refused within seconds, and a new key signs.",
    examples: [
      "dome signing-keys rotate",
      "dome signing-keys rotate --use receipt --now",
      "dome signing-keys rotate --compromised KID",
    ],
  })
    .addOption(new Option("--use <use>", "what the key signs (default: token)").choices(["token", "receipt"]))
    .addOption(new Option("--now", "sign with the next key at once").conflicts("compromised"))
    .option("--compromised <kid>", "mark this key as compromised")
    .action((options: RotateOptions) => rotate(session, options));

async function rotate(session: Session, { use, now, compromised }: RotateOptions): Promise<void> {
  if (compromised !== undefined && use !== undefined)
    throw usage("--use cannot be used with --compromised, because the key has its own use");
  const { signingKeys } = await session.controlPlane();
  const rotated = await signingKeys.rotate(
    compromised !== undefined
      ? { mode: "compromised", kid: compromised }
      : { mode: now === true ? "now" : "scheduled", ...defined({ use }) },
  );
  const { output } = session;
  output.show({
    body: rotated,
    ids: rotated.keys.filter((key) => key.state === "signing" || key.state === "next").map((key) => key.kid),
    text: () => signingKeyTable(output.style, rotated.keys),
  });
  if (!rotated.changed) output.note("Nothing was changed: the next key is already published.");
}
