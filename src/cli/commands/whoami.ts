/** `dome whoami` */
import type { Command } from "commander";
import { verb, type Title } from "../command.ts";
import { fields } from "../output.ts";
import type { Session } from "../session.ts";
import { warnOfExpiry } from "../token-expiry.ts";

export const whoamiCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    examples: ["dome whoami"],
  }).action(async () => {
    const { url, context } = await session.connection();
    const workspace = await session.defaultWorkspace();
    const self = await (await session.controlPlane()).whoami();
    const { output } = session;
    output.show({
      body: self,
      ids: [self.subject],
      text: () =>
        fields(output.style, [
          ["subject", self.subject],
          ["role", self.role],
          ["workspaces", self.workspaces === null ? "all" : self.workspaces.join(", ")],
          ["token", self.token],
          ["expires", output.style.at(self.expires_at) ?? "never"],
          ["service", url],
          ["context", context ?? "from DOME_URL and DOME_TOKEN"],
          ...(workspace === null ? [] : [["workspace", `${workspace}, when a command names none`] as const]),
        ]),
    });
    warnOfExpiry(session, self.token, self.expires_at);
  });
