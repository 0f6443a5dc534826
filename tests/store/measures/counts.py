"""What the tables of counts hold, to compare one way of counting with another."""

from sqlite_utils import Database


def contents(db: Database) -> dict[str, set[tuple[object, ...]]]:
    """The counts, with the names of their slices instead of the numbers."""
    tasks = "SELECT s.connection, s.type, s.law, s.state, s.error, s.category, c.* FROM task_slices s JOIN"
    found = {
        "task_counts": f"{tasks} task_counts c ON c.slice = s.id",
        "task_latencies": f"{tasks} task_latencies c ON c.slice = s.id",
        "task_latencies_by_month": f"{tasks} task_latencies_by_month c ON c.slice = s.id",
        "ended_tasks": "SELECT latency_ms, task, day FROM ended_tasks",
        "request_counts": "SELECT s.type, s.law, s.state, s.connection, s.category, c.what, c.day, c.n "
        "FROM request_slices s JOIN request_counts c ON c.slice = s.id",
        "answer_counts": "SELECT * FROM answer_counts",
    }
    return {name: set(map(tuple, db.execute(query))) for name, query in found.items()}
