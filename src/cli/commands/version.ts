/** `dome version` */
import type { Command } from "commander";
import { verb, type Title } from "../command.ts";
import type { Session } from "../session.ts";

export const versionCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    examples: ["dome version"],
  }).action(() => {
    const { version } = session.io;
    session.output.show({
      body: { version },
      ids: [version],
      text: () => `dome ${version}`,
    });
  });
