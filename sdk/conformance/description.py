import dome

client = dome.DomeClient(dome.DomeConfig(
    base_url="https://api.dome.example.com",
    token="dome_at_...",   # agent API key
))
client.start()

client.check(
    tool="zendesk/create_ticket",
    on_allow=lambda d: ...,
    on_deny=lambda req, reason: ...,
)
