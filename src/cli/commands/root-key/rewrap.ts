/** `dome root-key rewrap`, in batches. It can be interrupted and repeated at any time. */
import type { Command } from "commander";
import type { RootKeyRewrapped } from "../../../contract/root-key.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import type { Session } from "../../session.ts";

interface RewrapOptions {
  readonly dryRun?: boolean;
}

export const rewrapCommand = (session: Session): Command =>
  verb({
    name: "rewrap",
    summary: "Encrypt again under the newest version of the root key",
    description:
      "Encrypt again, under the newest version of the root key, what an older version has encrypted. You can interrupt it " +
      "and run it again. API keys and operator tokens are not encrypted: they move to the new version at their next use.",
    examples: ["dome root-key rewrap --dry-run", "dome root-key rewrap"],
  })
    .option("--dry-run", "only show what would be done")
    .action((options: RewrapOptions) => rewrap(session, options));

async function rewrap(session: Session, { dryRun = false }: RewrapOptions): Promise<void> {
  const { rootKeys } = await session.controlPlane();
  const first = await rootKeys.rewrap({ dry_run: dryRun });
  const shown = dryRun
    ? { ...first, rewrapped: first.rewrapped + first.left, left: first.rewrapped + first.left }
    : await rest(first, () => rootKeys.rewrap());
  session.output.show({
    body: shown,
    ids: [],
    text: () =>
      dryRun
        ? `${shown.rewrapped} would be encrypted again; nothing was changed.`
        : `${shown.rewrapped} encrypted again, ${shown.left} left.`,
  });
  if (shown.unreadable.length > 0) {
    throw new CommandFailure(
      EXIT.failed,
      `no version in DOME_ROOT_KEY opens ${shown.unreadable.join(", ")}`,
      "put the version that sealed them back into DOME_ROOT_KEY; dome root-key status shows which",
    );
  }
}

/** Continues until nothing is left, or a batch changes nothing. */
async function rest(
  first: RootKeyRewrapped,
  more: () => Promise<RootKeyRewrapped>,
): Promise<RootKeyRewrapped> {
  let last = first;
  let rewrapped = first.rewrapped;
  while (last.left > 0 && last.rewrapped > 0) {
    last = await more();
    rewrapped += last.rewrapped;
  }
  return { ...last, rewrapped };
}
