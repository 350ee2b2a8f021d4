"""A worker of an agent. Its orders are lines: `begin NAME` begins a job, `finish NAME` lets the job end."""

import os
import sys
import threading

import dome

client = dome.DomeClient(dome.DomeConfig(base_url=os.environ["DOME_URL"], token=os.environ["DOME_AGENT_KEY"]))
finish: dict[str, threading.Event] = {}


def say(line: str) -> None:
    print(line, flush=True)


@client.guard("zendesk/create_ticket")
def create_ticket(subject: str) -> None:
    """Run until its `finish`; `cancelled` is set when the agent is stopped."""
    say(f"{subject}: begun")
    call = dome.current_call()
    while call and not call.cancelled.is_set() and not finish[subject].wait(0.02):
        pass  # a step of the job


def work(subject: str) -> None:
    try:
        create_ticket(subject)
    except dome.DomeError as error:
        local = ", said by the SDK" if isinstance(error, dome.DeniedError) and error.decision.local else ""
        say(f"{subject}: {type(error).__name__} ({error.code}{local})")
    else:
        client.audit.emit("ticket_created", {"subject": subject})
        say(f"{subject}: finished")


def say_when_drained(event: dome.AgentEvent) -> None:
    def wait() -> None:
        client.drained()
        say("drained: nothing runs, nothing begins")

    threading.Thread(target=wait).start()


client.events.on("*", lambda event: say(f"heard {event.type}"))
client.events.on("agent.draining", say_when_drained)
client.start()

for line in sys.stdin:
    order, subject = line.split()
    if order == "begin":
        finish[subject] = threading.Event()
        threading.Thread(target=work, args=(subject,)).start()
    else:
        finish[subject].set()
client.close()
