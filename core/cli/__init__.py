"""The same desk from a shell: the tree of its commands."""

from core.cli.lazy import LazyGroup

_audit = LazyGroup(
    "audit",
    {
        "verify": ("core.cli.audit:verify", "Check every event against chain, key and checkpoints."),
        "export": ("core.cli.audit_export:export", "Write events, or a package of evidence, to a file."),
        "checkpoint": ("core.cli.audit:checkpoint", "Sign the present head outside the database."),
        "checkpoints": ("core.cli.audit:list_checkpoints", "What was signed, and the fingerprint of the key."),
    },
    text="The audit log: verify it, export it, sign it.",
)

_records = LazyGroup(
    "records",
    {
        "export": ("core.cli.records:export_requests", "Write the requests to a file."),
        "dispose": ("core.cli.records:dispose", "Let go what was kept long enough; --dry-run shows it first."),
    },
    text="What is kept about requests: as a file, and until when.",
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

_hold = LazyGroup(
    "hold",
    {
        "place": ("core.cli.holds:place", "Keep somebody's data, or a category, from being erased."),
        "review": ("core.cli.holds:review", "Keep a hold, until it is looked at again."),
        "release": ("core.cli.holds:release", "End a hold; what it held back is listed."),
        "erase": ("core.cli.holds:erase", "Go on with requests whose holds are gone."),
        "list": ("core.cli.holds:list_holds", "The holds, and what each holds back."),
    },
    default="list",
    text="Legal holds: what must not be erased, and for how long.",
)

_ledger = LazyGroup(
    "ledger",
    {"check": ("core.cli.ledger:check", "Who of a list was erased; exit code 1 if anybody was.")},
    text="The ledger of everyone erased, kept as keyed hashes.",
)

_clock = LazyGroup(
    "clock",
    {
        "pause": ("core.cli.clock:pause", "The person was asked something and has not answered."),
        "resume": ("core.cli.clock:resume", "The person has answered."),
        "identity": ("core.cli.clock:identity", "The day from which it is known who the person is."),
    },
    text="A request's clock, where its law lets something stop it or start it anew.",
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

_batch = LazyGroup(
    "batch",
    {
        "run": ("core.cli.batch:run", "File every request of a file (what is meant where a file is named)."),
        "list": ("core.cli.batch:list_batches", "Batches, newest first."),
        "show": ("core.cli.batch:show", "One batch, with its findings and states."),
        "pause": ("core.cli.batch:pause", "Send nothing more of a batch."),
        "resume": ("core.cli.batch:resume", "Go on sending a batch."),
        "limit": ("core.cli.batch:limit", "Change how much of a batch is sent within an hour."),
        "cancel": ("core.cli.batch:cancel", "Cancel what of a batch no vendor has."),
        "result": ("core.cli.batch:result", "What became of each row, as CSV."),
        "template": ("core.cli.batch:template", "A file to begin with."),
        "work": ("core.cli.batch:work", "Do what is to be done with batches; the worker starts it by itself."),
    },
    default="run",
    default_takes_arguments=True,
    text="Many requests from one file: `batch FILE.csv`, with the options of `batch run`.",
)

_notices = LazyGroup(
    "notices",
    {
        "list": ("core.cli.notices:list_notices", "What the desk has to tell, newest first."),
        "ack": ("core.cli.notices:ack", "Say that you have seen a notice."),
        "resend": ("core.cli.notices:resend", "Send again what the webhook did not take."),
    },
    default="list",
    text="Notices: failures, deadlines, vendors that do not answer (without a command they are listed).",
)

_people = LazyGroup(
    "people",
    {
        "list": ("core.cli.people:list_people", "Everybody who signed in, with their roles."),
        "give": ("core.cli.people:give", "Give somebody a role."),
        "take": ("core.cli.people:take", "Take a role away."),
        "suspend": ("core.cli.people:suspend", "Let somebody do nothing more."),
        "reinstate": ("core.cli.people:reinstate", "End a suspension."),
    },
    default="list",
    text="Who signs in at the desk, and what each may do (without a command they are listed).",
)

main = LazyGroup(
    "privacy-desk",
    {
        "submit": ("core.cli.privacy_requests:submit", "File a privacy request, and see it through if asked to."),
        "batch": _batch,
        "show": ("core.cli.privacy_requests:show", "One request with its vendor tasks."),
        "list": ("core.cli.privacy_requests:list_requests", "Requests, newest first."),
        "cancel": ("core.cli.privacy_requests:cancel", "Cancel a request that no vendor has yet."),
        "approve": ("core.cli.decisions:approve", "Approve what somebody else filed."),
        "deny": ("core.cli.decisions:deny", "Deny a request on a legal ground."),
        "send-now": ("core.cli.decisions:send_now", "End the grace period of a request."),
        "extend": ("core.cli.decisions:extend", "Take the extension of the deadline that the law allows."),
        "clock": _clock,
        "hold": _hold,
        "ledger": _ledger,
        "deadline": ("core.cli.deadline:deadline", "The dates a law sets, and why."),
        "metrics": ("core.cli.metrics:metrics", "Success rate, latency and deadlines of a period."),
        "purposes": _purposes,
        "audit": _audit,
        "records": _records,
        "vault": _vault,
        "connections": _connections,
        "pause": ("core.cli.kill_switch:pause", "Stop one connection, or everything."),
        "resume": ("core.cli.kill_switch:resume", "Go on with one connection, or with everything."),
        "notices": _notices,
        "people": _people,
        "backup": ("core.cli.backup:backup", "Copy the database while it is in use."),
        "worker": ("core.cli.worker:worker", "Carry requests out until told to stop."),
        "sandbox": _sandbox,
        "doctor": ("core.cli.doctor:doctor", "Check this installation."),
    },
    text="""Erase and disclose personal data inside contact-centre vendors before the legal deadline, and prove it.

    Exit code 0: done. 1: the vendor or a check said no. 2: the input is wrong.
    """,
)
