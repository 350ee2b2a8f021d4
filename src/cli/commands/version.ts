/** `dome version` */
import type { Command } from "commander";
import { verb } from "../command.ts";
import type { Session } from "../session.ts";

export const versionCommand = (session: Session): Command =>
  verb({
    name: "version",
    summary: "Show the version of this program",
    examples: ["dome version"],
  }).action(() => {
    const { version } = session.io;
    session.output.show({
      body: { version },
      ids: [version],
      text: () => `dome ${version}`,
    });
  });
