/** An incident: a family of agents is stopped together, after it was let finish; then a whole workspace is halted. */
import type { Halt, Transition } from "../../src/contract/halt.ts";
import { expect, heading, pause, say, type Stage } from "./stage.ts";

const TOOL = "zendesk/create_ticket";

/** A parent, a child and a grandchild, all running. */
export async function stopFamily(stage: Stage): Promise<void> {
  const { run, ask } = stage;
  heading("7. Let an agent finish, then stop its whole family");
  const start = async (name: string, more = ""): Promise<string> => {
    const keyFile = `${stage.folder}/${name}.key`;
    await run(`dome agents register --name ${name} --tool zendesk${more} --key-file ${keyFile} --quiet`);
    await run(`dome agents activate ${name} --quiet`);
    return keyFile;
  };
  const lead = await start("lead");
  await start("writer", " --parent lead");
  const reader = await start("reader", " --parent writer");

  say("lead is to stop in ten minutes, with all that stand below it. From now on it takes no new work:");
  const draining = await ask<Transition>(
    'dome agents suspend lead --drain 10m --cascade --reason "incident 7" --yes',
    true,
  );
  expect(draining.draining !== null, "the agent is not draining");
  await run(`dome check ${TOOL} --key-file ${lead}`, 1);
  say("Its children still work, and could finish. A stop without a drain ends that, and takes them all:");
  await run(`dome check ${TOOL} --key-file ${reader} --quiet`);
  await run('dome agents suspend lead --cascade --reason "incident 7 grows" --yes --quiet');
  const receipt = await effective(stage, "lead");
  expect(receipt.cascade?.complete === true, "the cascade is not complete");
  expect(receipt.cascade.effective === 3, `the receipt has ${receipt.cascade.effective} of 3 agents`);
  await run("dome agents halts lead");
  await run(`dome check ${TOOL} --key-file ${reader}`, 4);
  say("One receipt for the three of them. Resuming is for each by itself: nothing starts again by surprise.");
}

export async function haltWorkspace({ run, ask, folder }: Stage): Promise<void> {
  heading("8. Halt everything of a workspace");
  const keyFile = `${folder}/night-shift.key`;
  const check = `dome check ${TOOL} --key-file ${keyFile}`;
  const { access_token: token } = await ask<{ access_token: string }>(
    `dome token issue --key-file ${keyFile}`,
  );
  await run(`${check} --quiet`);
  await run('dome workspaces halt default --reason "incident 8" --wait --yes --context local-admin');
  await run(check, 4);
  await run("dome workspaces resume default --context local-admin");
  await run(`${check} --quiet`);
  say("The workspace goes on with its keys. A token from before the halt stays dead:");
  await run(`dome check ${TOOL}   # DOME_AGENT_KEY: the token from before`, 4, { DOME_AGENT_KEY: token });
}

/** The newest halt of an agent, once it is effective. */
async function effective({ ask }: Stage, agent: string): Promise<Halt> {
  for (let round = 0; round < 60; round += 1) {
    const [newest] = await ask<Halt[]>(`dome agents halts ${agent}`);
    if (newest?.effective_at != null) return ask<Halt>(`dome agents halts ${agent} ${newest.id}`);
    await pause(200);
  }
  throw new Error(`the stop of ${agent} was not effective within twelve seconds`);
}
