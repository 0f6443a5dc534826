"""The same desk from a shell: the tree of its commands."""

from core.cli.lazy import LazyGroup

_audit = LazyGroup(
    "audit",
    {
        "verify": ("core.cli.audit:verify", "Check every event against chain, key and checkpoints."),
        "checkpoint": ("core.cli.audit:checkpoint", "Sign the present head outside the database."),
    },
    text="Verify the audit log, or sign a checkpoint of it.",
)

_connections = LazyGroup(
    "connections",
    {
        "list": ("core.cli.connections:list_connections", "How each connection stands."),
        "test": ("core.cli.connections:test", "Ask the vendor for a token, now."),
        "pause": ("core.cli.connections:pause", "Send nothing through a connection."),
        "resume": ("core.cli.connections:resume", "Go on sending through a connection."),
    },
    default="list",
    text="Each vendor: how it stands (without a command), test, pause, resume.",
)

_sandbox = LazyGroup(
    "sandbox",
    {
        "run": ("core.cli.sandbox:run", "Run the vendors on 127.0.0.1 until told to stop."),
        "fill": ("core.cli.sample:fill", "Fill the desk with sample history."),
        "faults": ("core.cli.sample:faults", "Show, set or switch off what a simulated vendor does wrong."),
    },
    default="run",
    text="The simulated vendors; without a command they run, with the options of `sandbox run`.",
)

_vault = LazyGroup(
    "vault",
    {
        "list": ("core.cli.vault:list_deliveries", "Deliveries, newest first."),
        "resend": ("core.cli.vault:resend", "Put a dead letter back into the outbox."),
    },
    default="list",
    text="Proofs of completed requests on their way to the vault.",
)

_purposes = LazyGroup(
    "purposes",
    {
        "list": ("core.cli.purposes:list_purposes", "Every purpose, declared and at the vendor."),
        "plan": ("core.cli.purposes:plan", "What differs; exit code 1 if anything does."),
        "apply": ("core.cli.purposes:apply", "Make the vendor have what is declared."),
        "import": ("core.cli.purposes:import_purposes", "Put the purposes of a file on record."),
        "record": ("core.cli.purposes:record", "Write the record of processing, Art. 30(1)."),
    },
    text="Retention purposes: declared against what the vendor is set to.",
)

main = LazyGroup(
    "privacy-desk",
    {
        "submit": ("core.cli.privacy_requests:submit", "File a privacy request, and see it through if asked to."),
        "show": ("core.cli.privacy_requests:show", "One request with its vendor tasks."),
        "list": ("core.cli.privacy_requests:list_requests", "Requests, newest first."),
        "cancel": ("core.cli.privacy_requests:cancel", "Cancel a request that no vendor has yet."),
        "deadline": ("core.cli.deadline:deadline", "The dates a law sets, and why."),
        "metrics": ("core.cli.metrics:metrics", "Success rate and latency of a period."),
        "purposes": _purposes,
        "audit": _audit,
        "vault": _vault,
        "connections": _connections,
        "backup": ("core.cli.backup:backup", "Copy the database while it is in use."),
        "worker": ("core.cli.worker:worker", "Carry requests out until told to stop."),
        "sandbox": _sandbox,
        "doctor": ("core.cli.doctor:doctor", "Check this installation."),
    },
    text="""Erase and disclose personal data inside contact-centre vendors before the legal deadline, and prove it.

    Exit code 0: done. 1: the vendor or a check said no. 2: the input is wrong.
    """,
)
